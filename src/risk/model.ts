/** The scoring model as the score reads it: `risk.yaml` compiled once, so that judging looks nothing up twice. */
import type { CatalogueType, SignalCatalogue } from '../model/catalogue.ts';
import { type DocumentResult, readDocument, sortFaults } from '../model/document.ts';
import type { Level } from '../model/risk.ts';
import type { MarkClass, Severity, SourceKind } from '../model/signal.ts';
import type { Surroundings } from '../model/situation.ts';
import type { Tier } from '../model/subject.ts';
import { bandNames, checkRiskDocument, type RiskDocument, riskModelSchema } from './schema.ts';
import { compareText } from './text-order.ts';

export type HrStatus = NonNullable<Surroundings['hr']>['status'];

export interface SignalType extends CatalogueType {
  readonly name: string;
  /** Index of the group in `RiskModel.groups`; -1 for `none`. */
  readonly groupIndex: number;
  /** The texts that a fact may hold, where they are listed. */
  readonly factValues: Readonly<Record<string, readonly string[]>>;
  /** True where the severity is part of the name: evidence is kept as medium. */
  readonly severityIgnored: boolean;
  readonly evidenceNats: Readonly<Record<Severity, number>>;
  /** Null: it never fades. */
  readonly halfLifeMs: number | null;
}

export interface Tag {
  readonly name: string;
  readonly factor: number;
  /** By group index. */
  readonly applies: readonly boolean[];
  readonly when: RiskDocument['tags'][string]['when'];
}

export interface MultiplierRow {
  readonly tier: readonly Tier[] | undefined;
  readonly executive: boolean | undefined;
  readonly hr: readonly HrStatus[] | undefined;
  /** By group index; 1 where the row does not apply. */
  readonly factors: readonly number[];
}

interface ConfidenceRule {
  readonly sources: ReadonlySet<string> | undefined;
  readonly kinds: ReadonlySet<SourceKind> | undefined;
  readonly types: ReadonlySet<string> | undefined;
  readonly confidence: number;
}

/** Immutable; holds nothing but what the text said. */
export interface RiskModel extends SignalCatalogue {
  readonly id: string;
  readonly version: number;
  readonly owner: string;
  readonly reviewBy: string;
  /** Sorted by name: the order of all sums. */
  readonly groups: readonly string[];
  readonly statistical: readonly boolean[];
  readonly voidsChallenges: readonly boolean[];
  readonly types: ReadonlyMap<string, SignalType>;
  readonly statisticalNats: number;
  readonly activeNats: number;
  readonly confidence: {
    readonly default: number;
    readonly rules: readonly ConfidenceRule[];
    readonly newTransmitter: { readonly forMs: number; readonly atMost: number };
  };
  readonly multipliers: { readonly min: number; readonly max: number; readonly rows: readonly MultiplierRow[] };
  /** In the order of choice: smallest factor first, then name. */
  readonly tags: readonly Tag[];
  readonly tagFactors: ReadonlyMap<string, number>;
  readonly quietMs: number;
  /** What remains of evidence under a mark of the class, by group index. */
  readonly remains: Readonly<Partial<Record<MarkClass, readonly number[]>>>;
  /** Age above which no evidence that fades is left, whatever its type. */
  readonly longestMs: number;
  readonly levels: Readonly<Record<Exclude<Level, 'none'>, { readonly enter: number; readonly leave: number }>>;
}

/** Half-lives after which evidence counts as gone. */
export const livesKept = 10;

/** Parses and compiles a RiskModel document; all faults at once, with line and column. */
export function parseRiskModel(text: string, file: string): DocumentResult<RiskModel> {
  const read = readDocument(riskModelSchema, text, file);
  if (!read.ok) return read;
  const faults = checkRiskDocument(read.value, file, read.locate);
  if (faults.length > 0) return { ok: false, faults: sortFaults(faults) };
  return { ok: true, value: compileRiskModel(read.value), locate: read.locate };
}

function compileRiskModel(document: RiskDocument): RiskModel {
  const groups = Object.keys(document.groups).sort(compareText);
  const byGroup = <T>(value: (group: string) => T): readonly T[] => Object.freeze(groups.map(value));
  const applies = (names: 'all' | readonly string[], group: string) => names === 'all' || names.includes(group);
  const types = new Map<string, SignalType>();
  for (const name of Object.keys(document.types).sort(compareText)) types.set(name, compileType(name, document, groups));
  const tags = Object.entries(document.tags)
    .map(
      ([name, tag]): Tag =>
        Object.freeze({ name, factor: tag.factor, applies: byGroup((group) => applies(tag.groups, group)), when: tag.when }),
    )
    .sort((a, b) => a.factor - b.factor || compareText(a.name, b.name));
  const lives = [...types.values()].map((type) => type.halfLifeMs ?? 0);
  return Object.freeze({
    ...document.metadata,
    groups: Object.freeze(groups),
    statistical: byGroup((group) => document.groups[group]?.statistical === true),
    voidsChallenges: byGroup((group) => document.groups[group]?.voidsChallenges === true),
    types,
    ...document.caps,
    confidence: Object.freeze({
      default: document.confidence.default,
      rules: Object.freeze(
        document.confidence.rules.map((rule) =>
          Object.freeze({
            sources: rule.sources && new Set(rule.sources),
            kinds: rule.kinds && new Set(rule.kinds),
            types: rule.types && new Set(rule.types),
            confidence: rule.confidence,
          }),
        ),
      ),
      newTransmitter: Object.freeze({
        forMs: document.confidence.newTransmitter.days * 86_400_000,
        atMost: document.confidence.newTransmitter.atMost,
      }),
    }),
    multipliers: Object.freeze({
      min: document.multipliers.min,
      max: document.multipliers.max,
      rows: Object.freeze(
        document.multipliers.rows.map((row) =>
          Object.freeze({
            tier: row.when.tier,
            executive: row.when.executive,
            hr: row.when.hr,
            factors: byGroup((group) => (applies(row.groups, group) ? row.factor : 1)),
          }),
        ),
      ),
    }),
    tags: Object.freeze(tags),
    tagFactors: new Map(tags.map((tag) => [tag.name, tag.factor])),
    quietMs: document.remediation.quietMinutes * 60_000,
    remains: Object.freeze(
      Object.fromEntries(
        Object.entries(document.remediation.remains).map(([markClass, row]) => [
          markClass,
          byGroup((group) => (Object.hasOwn(row, group) ? (row[group] ?? 1) : 1)),
        ]),
      ),
    ),
    longestMs: livesKept * Math.max(0, ...lives),
    levels: Object.freeze(document.levels),
  });
}

function compileType(name: string, document: RiskDocument, groups: readonly string[]): SignalType {
  const entry = document.types[name] as RiskDocument['types'][string];
  const worth = typeof entry.standalone === 'number' ? entry.standalone : entry.standalone.medium;
  const group = entry.group ?? 'none';
  const nats = (band: Severity) => {
    if (typeof entry.standalone !== 'number') return toNats(entry.standalone[band]);
    const medium = toNats(entry.standalone);
    if (band === 'medium' || entry.severity === 'ignored') return medium;
    const { low, high } = document.bands;
    return band === 'low' ? low.factor * medium : Math.max(medium, Math.min(high.factor * medium, toNats(high.ceiling)));
  };
  return Object.freeze({
    name,
    group,
    groupIndex: groups.indexOf(group),
    standalone: worth,
    proof: entry.proof ?? worth >= 75,
    facts: Object.freeze(
      Object.fromEntries(Object.entries(entry.facts).map(([fact, form]) => [fact, form === 'int' ? 'int' : 'text'] as const)),
    ),
    factValues: Object.freeze(
      Object.fromEntries(Object.entries(entry.facts).flatMap(([fact, form]) => (Array.isArray(form) ? [[fact, form]] : []))),
    ),
    severityIgnored: entry.severity === 'ignored',
    evidenceNats: Object.freeze(Object.fromEntries(bandNames.map((band) => [band, nats(band)])) as Record<Severity, number>),
    halfLifeMs: entry.halfLife ?? null,
  });
}

/** Points 0-100 as evidence: what remains of doubt, in natural logarithms. */
export function toNats(points: number): number {
  return -Math.log(1 - points / 100);
}
