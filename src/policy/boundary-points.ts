/** One combination of values: whether it can be, and what conditions see in it. */
import type { CatalogueType, FactType, SignalCatalogue } from '../model/catalogue.ts';
import { type Level, levels } from '../model/risk.ts';
import { personalKinds, type SubjectKind } from '../model/subject.ts';
import type { Comparisons } from './comparisons.ts';
import type { Values } from './values.ts';
import { vocabularyFor } from './vocabulary.ts';

/** What of the scoring model bounds a situation. */
export interface BoundaryModel extends SignalCatalogue {
  readonly types: ReadonlyMap<string, CatalogueType & { readonly factValues: Readonly<Record<string, readonly string[]>> }>;
  /** With `statistical`, by index. */
  readonly groups: readonly string[];
  readonly statistical: readonly boolean[];
  readonly statisticalNats: number;
  readonly levels: Readonly<Record<Exclude<Level, 'none'>, { readonly enter: number }>>;
}

/** What a policy lets in before its conditions are asked. */
export interface Admitted {
  readonly signals: readonly string[];
  readonly kinds: readonly SubjectKind[];
  readonly minConfidence: number;
  /** Paths that are known. */
  readonly needs: readonly string[];
  readonly facts: Readonly<Record<string, FactType>>;
}

/** Values by path; beside paths `group NAME`, `member NAME`, `list ID` and `recent TYPE`. */
export type Point = Readonly<Record<string, unknown>>;

/** Scores are rounded to four decimals: this is the next one. */
export const scoreStep = 0.0001;
const now = Date.UTC(2026, 4, 4, 10);

/** Whether it can all be true together. */
export function isPossible(point: Point, model: BoundaryModel): boolean {
  const type = model.types.get(point['signal.type'] as string);
  const score = point['risk.score'] as number | undefined;
  const active = activeOf(point);
  const counted = point['risk.groupsActive'] as bigint | undefined;
  if (!personalKinds.includes(point['subject.kind'] as SubjectKind)) {
    // No person, no score.
    const scored = [score, point['risk.base']].some((value) => value !== undefined && value !== 0);
    if (scored || active.length > 0 || (counted ?? 0n) > 0n || point['risk.statisticalOnly'] === true) return false;
    if ((point['risk.heldLevel'] ?? 'none') !== 'none') return false;
  }
  const sure = point['signal.severity'] !== 'low' && ((point['signal.confidence'] as number | undefined) ?? 1) >= 0.9;
  if (point['signal.proof'] === true && !(type?.proof && sure)) return false;
  if (
    point['risk.heldLevel'] !== undefined &&
    levels.indexOf(point['risk.heldLevel'] as Level) < levels.indexOf(levelAt(score ?? 0, model))
  )
    return false;
  if (point['risk.statisticalOnly'] === true) {
    const cap = 100 * (1 - Math.exp(-model.statisticalNats)) + scoreStep;
    if (Math.max(score ?? 0, (point['risk.base'] as number | undefined) ?? 0) > cap) return false;
    if (active.some((group) => !isStatistical(group, model)) || (counted ?? 0n) > 1n) return false;
  }
  // Place and habit count as one.
  const fewest =
    active.filter((group) => !isStatistical(group, model)).length + Number(active.some((group) => isStatistical(group, model)));
  return counted === undefined || counted >= BigInt(fewest);
}

function isStatistical(group: string, model: BoundaryModel): boolean {
  return model.statistical[model.groups.indexOf(group)] === true;
}

function activeOf(point: Point): readonly string[] {
  return namesWith('group ', point);
}

function namesWith(prefix: string, point: Point): readonly string[] {
  return Object.keys(point).flatMap((name) => (name.startsWith(prefix) && point[name] === true ? [name.slice(prefix.length)] : []));
}

function levelAt(score: number, model: BoundaryModel): Level {
  return levels.findLast((level) => level === 'none' || score >= model.levels[level].enter) as Level;
}

/** The situation as conditions read it. */
export function valuesAt(point: Point, admitted: Admitted, model: BoundaryModel, { recent }: Comparisons): Values {
  const type = point['signal.type'] as string;
  const personal = personalKinds.includes(point['subject.kind'] as SubjectKind);
  const active = activeOf(point);
  const counted = (point['risk.groupsActive'] as bigint | undefined) ?? BigInt(active.length);
  const others = Array.from({ length: Math.max(0, Number(counted) - active.length) }, (_, n) => `another-${n}`);
  const tier = personal ? (point['subject.tier'] ?? 'none') : 'unknown';
  const score = (point['risk.score'] as number | undefined) ?? 0;
  const complete: Record<string, unknown> = {
    ...defaultValues(admitted.facts),
    ...point,
    'subject.tier': tier,
    'subject.privileged': tier === 'standing' || tier === 'tier0',
    'signal.group': model.types.get(type)?.group ?? 'none',
    'risk.score': score,
    'risk.level': levelAt(score, model),
    'risk.groups': [...active, ...others],
    'risk.groupsActive': counted,
    now: new Date(now),
  };
  const hits = new Set(namesWith('list ', point));
  const lists = Object.keys(point).filter((name) => name.startsWith('list '));
  return {
    variables: nest(complete),
    evidence: {
      v: 1,
      families: [...recent.keys()].map((name) => ({
        type: name,
        band: 'medium',
        source: '',
        tag: '',
        seen: Array.from({ length: Number(point[`recent ${name}`]) }, (_, n) => [String(n), now] as const),
      })),
      marks: { classes: [], targets: [], occurrences: [] },
    },
    activeGroups: [...active, ...others],
    directoryGroups: personal ? namesWith('member ', point) : undefined,
    lists: new Map(
      lists.map((name) => [
        name.slice(5),
        {
          hasAddress: (address) => (address === 'unknown' ? undefined : hits.has(name.slice(5))),
          hasText: () => hits.has(name.slice(5)),
          texts: () => [],
          names: () => false,
          isEmpty: () => false,
        },
      ]),
    ),
    now,
  };
}

/** Any value serves for what no condition reads; what nobody knows is absent. */
function defaultValues(facts: Readonly<Record<string, FactType>>): Record<string, unknown> {
  const ordinary = { string: 'another value', int: undefined, double: 1, bool: false, strings: [], instant: undefined } as const;
  return Object.fromEntries(
    [...vocabularyFor(facts)].map(([path, { type, whenUnknown }]) => [
      path,
      whenUnknown === 'never' && type === 'int' ? 0n : ordinary[type],
    ]),
  );
}

function nest(flat: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const root: Record<string, unknown> = {};
  for (const [path, value] of Object.entries(flat)) {
    if (path.includes(' ')) continue;
    const names = path.split('.');
    let parent = root;
    for (const name of names.slice(0, -1)) {
      parent[name] ??= {};
      parent = parent[name] as Record<string, unknown>;
    }
    parent[names.at(-1) as string] = value;
  }
  return root;
}
