/** `risk.yaml` as the second scorer reads it: the document itself, by the names that stand in it. Shares no code with the service. */
import { parse } from 'yaml';

type Severity = 'low' | 'medium' | 'high';

interface TypeEntry {
  readonly group?: string;
  readonly standalone: number | Readonly<Record<Severity, number>>;
  readonly halfLife?: string;
  readonly severity?: 'ignored';
}

/** What of the document the second scorer uses. */
export interface Written {
  readonly groups: Readonly<Record<string, { readonly statistical?: boolean; readonly voidsChallenges?: boolean }>>;
  readonly types: Readonly<Record<string, TypeEntry>>;
  readonly bands: { readonly low: { readonly factor: number }; readonly high: { readonly factor: number; readonly ceiling: number } };
  readonly caps: { readonly statisticalNats: number; readonly activeNats: number };
  readonly confidence: {
    readonly default: number;
    readonly rules: readonly {
      readonly sources?: readonly string[];
      readonly kinds?: readonly string[];
      readonly types?: readonly string[];
      readonly confidence: number;
    }[];
    readonly newTransmitter: { readonly days: number; readonly atMost: number };
  };
  readonly multipliers: {
    readonly min: number;
    readonly max: number;
    readonly rows: readonly {
      readonly when: { readonly tier?: readonly string[]; readonly executive?: boolean; readonly hr?: readonly string[] };
      readonly groups: 'all' | readonly string[];
      readonly factor: number;
    }[];
  };
  readonly tags: Readonly<
    Record<
      string,
      { readonly groups: 'all' | readonly string[]; readonly factor: number; readonly when: readonly Readonly<Record<string, string>>[] }
    >
  >;
  readonly remediation: {
    readonly quietMinutes: number;
    readonly remains: Readonly<Record<string, Readonly<Record<string, number>>>>;
  };
  readonly levels: Readonly<Record<string, { readonly enter: number }>>;
}

export const readWritten = (text: string): Written => parse(text) as Written;

export function typeOf(name: string, written: Written): TypeEntry {
  const type = written.types[name];
  if (type === undefined) throw new Error(`no type ${name}`);
  return type;
}

export const groupOf = (name: string, written: Written): string => typeOf(name, written).group ?? 'none';

/** Milliseconds; endless where it never fades. */
export function halfLifeOf(name: string, written: Written): number {
  const text = typeOf(name, written).halfLife ?? 'none';
  if (text === 'none') return Number.POSITIVE_INFINITY;
  return Number.parseInt(text, 10) * (text.endsWith('d') ? 24 : 1) * 3_600_000;
}

const natsOf = (points: number) => -Math.log(1 - points / 100);

/** Evidence of one fresh signal, without confidence and tag. */
export function evidenceNats(name: string, severity: Severity, written: Written): number {
  const type = typeOf(name, written);
  if (typeof type.standalone !== 'number') return natsOf(type.standalone[severity]);
  const medium = natsOf(type.standalone);
  if (type.severity === 'ignored' || severity === 'medium') return medium;
  if (severity === 'low') return written.bands.low.factor * medium;
  return Math.max(medium, Math.min(written.bands.high.factor * medium, natsOf(written.bands.high.ceiling)));
}

const covers = (groups: 'all' | readonly string[], group: string) => groups === 'all' || groups.includes(group);

export interface OracleContext {
  readonly tier: string;
  readonly executive: boolean;
  readonly hrStatus?: string;
  readonly sources: Readonly<Record<string, { readonly kind: string; readonly since: number }>>;
}

export function multiplierOf(group: string, context: OracleContext, written: Written): number {
  let product = 1;
  for (const { when, groups, factor } of written.multipliers.rows) {
    const isTier = when.tier === undefined || when.tier.includes(context.tier);
    const isExecutive = when.executive === undefined || when.executive === context.executive;
    const isHr = when.hr === undefined || (context.hrStatus !== undefined && when.hr.includes(context.hrStatus));
    if (isTier && isExecutive && isHr && covers(groups, group)) product *= factor;
  }
  return Math.max(written.multipliers.min, Math.min(written.multipliers.max, product));
}

export function confidenceOf(source: string, type: string, now: number, context: OracleContext, written: Written): number {
  const standing = context.sources[source];
  const kind = standing?.kind ?? (source === 'operators' ? 'operators' : source.startsWith('api:') ? 'api' : 'nobody');
  const first = written.confidence.rules.find(
    (rule) => (rule.sources?.includes(source) ?? true) && (rule.types?.includes(type) ?? true) && (rule.kinds?.includes(kind) ?? true),
  );
  const believed = first?.confidence ?? written.confidence.default;
  const { days, atMost } = written.confidence.newTransmitter;
  const isNew = kind === 'transmitters' && standing !== undefined && now - standing.since < days * 86_400_000;
  return Math.max(0.05, isNew ? Math.min(believed, atMost) : believed);
}

/** The tag under which a signal of the type is kept where its surroundings are so; empty for none. */
export function tagFor(type: string, surroundings: Readonly<Record<string, string>>, written: Written): string {
  const group = groupOf(type, written);
  const fitting = Object.entries(written.tags).filter(
    ([, tag]) =>
      covers(tag.groups, group) && tag.when.some((entry) => Object.entries(entry).every(([path, value]) => surroundings[path] === value)),
  );
  fitting.sort(([a, one], [b, other]) => one.factor - other.factor || (a < b ? -1 : 1));
  return fitting[0]?.[0] ?? '';
}
