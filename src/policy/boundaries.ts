/**
 * The situations in which conditions can come out differently: every value that they compare with, a little below, at and a little above,
 * every listed value of a finite field, and nobody knowing. What cannot be true together is left out.
 */
import type { CatalogueType, FactType, SignalCatalogue } from '../model/catalogue.ts';
import { type Level, levels } from '../model/risk.ts';
import { severities } from '../model/signal.ts';
import { personalKinds, type SubjectKind } from '../model/subject.ts';
import { type Comparisons, readComparisons } from './comparisons.ts';
import type { Condition } from './condition.ts';
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

export interface Boundaries {
  readonly samples: readonly Values[];
  /** False where there are more than were made, or a condition computes with what it reads: then nothing follows from an absence. */
  readonly exhaustive: boolean;
}

type Point = Readonly<Record<string, unknown>>;

const maxSamples = 20_000;
const scoreStep = 0.0001;
const now = Date.UTC(2026, 4, 4, 10);

/** Fields whose values are few and listed; "unknown" apart. */
const finite: Readonly<Record<string, readonly unknown[]>> = {
  'subject.tier': ['none', 'standing', 'tier0'],
  'subject.executive': [false, true],
  'subject.learning': [false, true],
  'subject.hr.status': ['active', 'notice', 'leave', 'gardenLeave', 'terminated'],
  'signal.severity': severities,
  'signal.proof': [false, true],
  'signal.late': [false, true],
  'session.mfa': ['none', 'weak', 'strong'],
  'session.deviceBound': ['yes', 'no'],
  'device.compliance': ['compliant', 'nonCompliant'],
  'device.managed': ['yes', 'no'],
  'geo.egress': ['own', 'shared', 'none'],
  'geo.anonymizer': ['none', 'vpn', 'relay', 'tor', 'hosting'],
  'risk.heldLevel': levels,
  'risk.statisticalOnly': [false, true],
  'ctx.travelNotice': [false, true],
  'ctx.openIncident': [false, true],
  'env.profile': ['standard', 'small', 'sandbox'],
};

/** `also`: paths to vary although no condition reads them. */
export function exploreBoundaries(
  conditions: readonly Condition[],
  admitted: Admitted,
  model: BoundaryModel,
  also: readonly string[] = [],
): Boundaries {
  const found = readComparisons(conditions, vocabularyFor(admitted.facts));
  for (const path of also) found.reads.add(path);
  const dimensions = Object.entries(dimensionsOf(found, admitted, model));
  const size = dimensions.reduce((product, [, values]) => product * values.length, 1);
  const count = Math.min(size, maxSamples);
  // A stride that shares no factor with the size visits different points, spread over all dimensions.
  const stride = size <= maxSamples ? 1 : coprimeNear(Math.floor(size * 0.618), size);
  const samples: Values[] = [];
  for (let n = 0; n < count; n++) {
    const point = pointAt((n * stride) % size, dimensions);
    if (isPossible(point, model)) samples.push(valuesAt(point, admitted, model, found));
  }
  return { samples, exhaustive: size <= maxSamples && !found.computes };
}

function dimensionsOf(found: Comparisons, admitted: Admitted, model: BoundaryModel): Record<string, readonly unknown[]> {
  const { reads } = found;
  const dimensions: Record<string, readonly unknown[]> = {
    'subject.kind': kindsOf(found, admitted),
    'signal.type': typesOf(found, admitted, model),
  };
  const fields = vocabularyFor(admitted.facts);
  for (const path of [...reads].sort()) {
    const field = fields.get(path);
    if (field === undefined || derived.has(path)) continue;
    const unknown =
      admitted.needs.includes(path) || field.whenUnknown === 'never' ? [] : [field.whenUnknown === 'text' ? 'unknown' : undefined];
    dimensions[path] = [...valuesFor(path, field.type, found, admitted, model), ...unknown];
  }
  if (reads.has('subject.privileged')) dimensions['subject.tier'] ??= [...(finite['subject.tier'] as readonly unknown[]), 'unknown'];
  if (reads.has('risk.level') || reads.has('risk.heldLevel')) dimensions['risk.score'] ??= scores(found, model);
  for (const group of found.groups) dimensions[`group ${group}`] = [false, true];
  for (const group of found.directoryGroups) dimensions[`member ${group}`] = [false, true];
  for (const list of found.lists) dimensions[`list ${list}`] = [false, true];
  for (const [type, counts] of found.recent) dimensions[`recent ${type}`] = around(counts, 1).filter((count) => count >= 0);
  return dimensions;
}

/** Follow from others. */
const derived = new Set(['subject.kind', 'subject.privileged', 'signal.type', 'signal.group', 'risk.level', 'risk.groups', 'now']);

function kindsOf({ reads }: Comparisons, { kinds }: Admitted): readonly SubjectKind[] {
  if (reads.has('subject.kind')) return kinds;
  return [true, false].flatMap((personal) => kinds.find((kind) => personalKinds.includes(kind) === personal) ?? []);
}

/** Types that no condition names and that prove and belong alike are one. */
function typesOf({ reads, texts }: Comparisons, { signals }: Admitted, model: BoundaryModel): readonly string[] {
  const named = texts.get('signal.type');
  const seen = new Set<string>();
  return signals.filter((type) => {
    const { proof, group } = model.types.get(type) ?? {};
    const key = named?.has(type) ? type : `${reads.has('signal.proof') ? proof : ''} ${reads.has('signal.group') ? group : ''}`;
    return !seen.has(key) && seen.add(key);
  });
}

function valuesFor(
  path: string,
  type: string,
  found: Comparisons,
  { facts, signals, minConfidence }: Admitted,
  model: BoundaryModel,
): readonly unknown[] {
  const listed = finite[path] ?? (path.startsWith('facts.') ? listedFacts(path.slice(6), signals, model) : undefined);
  if (listed !== undefined) return listed;
  if (path === 'risk.score' || path === 'risk.base') return scores(found, model, path);
  const numbers = [...(found.numbers.get(path) ?? [])];
  if (path === 'signal.confidence') return within(around([...numbers, minConfidence, 0.9, 1], scoreStep), minConfidence, 1);
  if (type === 'double') return around([...numbers, 0], scoreStep);
  if (type === 'int' || facts[path.slice(6)] === 'int')
    return around([...numbers, 0], 1)
      .filter((value) => value >= 0 || path.includes('hr.'))
      .map(BigInt);
  return [...(found.texts.get(path) ?? []), 'another value'];
}

function scores({ numbers, reads }: Comparisons, model: BoundaryModel, path = 'risk.score'): readonly number[] {
  const entered = path === 'risk.score' && reads.has('risk.level') ? Object.values(model.levels).map(({ enter }) => enter) : [];
  return within([0, ...entered, ...around([...(numbers.get(path) ?? [])], scoreStep), 100], 0, 100);
}

function listedFacts(name: string, signals: readonly string[], model: BoundaryModel): readonly string[] | undefined {
  const lists = signals.map((type) => model.types.get(type)?.factValues[name]);
  return lists.every((list) => list !== undefined) ? [...new Set(lists.flat())] : undefined;
}

function around(values: readonly number[], step: number): readonly number[] {
  return [...new Set(values.flatMap((value) => [value - step, value, value + step]))].sort((a, b) => a - b);
}

function within(values: readonly number[], min: number, max: number): readonly number[] {
  return [...new Set(values)].filter((value) => value >= min && value <= max).sort((a, b) => a - b);
}

function pointAt(index: number, dimensions: readonly (readonly [string, readonly unknown[]])[]): Point {
  let rest = index;
  return Object.fromEntries(
    dimensions.map(([name, values]) => {
      const value = values[rest % values.length];
      rest = Math.floor(rest / values.length);
      return [name, value];
    }),
  );
}

function coprimeNear(start: number, size: number): number {
  const divisor = (a: number, b: number): number => (b === 0 ? a : divisor(b, a % b));
  let stride = Math.max(1, start);
  while (divisor(stride, size) !== 1) stride++;
  return stride;
}

function isPossible(point: Point, model: BoundaryModel): boolean {
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

function valuesAt(point: Point, admitted: Admitted, model: BoundaryModel, { recent }: Comparisons): Values {
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
          names: () => false,
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
