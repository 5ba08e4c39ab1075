/** The factors of circumstance: how far a source is believed, who the person is, what was true of the event itself. */
import type { Instant } from '../model/clock.ts';
import type { Situation, SourceStanding, Surroundings } from '../model/situation.ts';
import type { Tier } from '../model/subject.ts';
import type { HrStatus, MultiplierRow, RiskModel, SignalType, Tag } from './model.ts';

/** What a score reads beside the evidence. */
export interface ScoreContext {
  readonly tier: Tier;
  readonly executive: boolean;
  /** Absent: unknown. */
  readonly hrStatus?: HrStatus;
  readonly sources: Readonly<Record<string, SourceStanding>>;
}

const confidenceFloor = 0.05;

/** The context of the person that the situation is about. */
export function contextOf(situation: Situation): ScoreContext {
  const { signal, identity, surroundings } = situation;
  return {
    tier: identity?.tier ?? 'unknown',
    executive: identity?.executive ?? false,
    ...(surroundings.hr === undefined ? {} : { hrStatus: surroundings.hr.status }),
    sources: { ...situation.sources, [signal.source]: { kind: signal.sourceKind, since: situation.sourceSince } },
  };
}

/** Confidence in a source's word on a type, 0.05-1, and whether the source's standing was known. */
export function confidenceIn(
  source: string,
  type: string,
  at: Instant,
  context: ScoreContext,
  model: RiskModel,
): { value: number; known: boolean } {
  const standing = Object.hasOwn(context.sources, source) ? context.sources[source] : undefined;
  const kind = standing?.kind ?? (source === 'operators' ? 'operators' : source.startsWith('api:') ? 'api' : undefined);
  let value = model.confidence.default;
  for (const rule of model.confidence.rules) {
    if (rule.sources?.has(source) === false || rule.types?.has(type) === false) continue;
    if (rule.kinds !== undefined && (kind === undefined || !rule.kinds.has(kind))) continue;
    value = rule.confidence;
    break;
  }
  const { forMs, atMost } = model.confidence.newTransmitter;
  if (kind === 'transmitters' && standing !== undefined && at - standing.since < forMs) value = Math.min(value, atMost);
  return { value: Math.max(value, confidenceFloor), known: kind !== undefined };
}

/** One factor a group, by index; what is unknown is 1. */
export function multipliersOf(context: ScoreContext, model: RiskModel): readonly number[] {
  const { rows, min, max } = model.multipliers;
  const product = new Array<number>(model.groups.length).fill(1);
  for (const row of rows) {
    if (!appliesTo(row, context)) continue;
    for (let group = 0; group < product.length; group++) product[group] = (product[group] as number) * (row.factors[group] as number);
  }
  for (let group = 0; group < product.length; group++) product[group] = Math.min(max, Math.max(min, product[group] as number));
  return product;
}

/** Whether the person is one of those whom the row is about. */
export function appliesTo(row: MultiplierRow, context: ScoreContext): boolean {
  if (row.tier?.includes(context.tier) === false) return false;
  if (row.executive !== undefined && row.executive !== context.executive) return false;
  return row.hr === undefined || (context.hrStatus !== undefined && row.hr.includes(context.hrStatus));
}

/** Paths of the person's context that are unknown and by which a group with evidence would be multiplied. */
export function multiplierGaps(context: ScoreContext, hasEvidence: (groupIndex: number) => boolean, model: RiskModel): readonly string[] {
  const gaps: string[] = [];
  for (const row of model.multipliers.rows) {
    const tierMissing = row.tier !== undefined && context.tier === 'unknown' && !gaps.includes('subject.tier');
    const hrMissing = row.hr !== undefined && context.hrStatus === undefined && !gaps.includes('subject.hr.status');
    if (!tierMissing && !hrMissing) continue;
    if (!row.factors.some((factor, group) => factor !== 1 && hasEvidence(group))) continue;
    if (tierMissing) gaps.push('subject.tier');
    if (hrMissing) gaps.push('subject.hr.status');
  }
  return gaps;
}

type TagPath = keyof Tag['when'][number];

const readers: Readonly<Record<TagPath, (surroundings: Surroundings) => string | undefined>> = {
  'geo.egress': (surroundings) => surroundings.geo?.egress,
  'session.mfa': (surroundings) => surroundings.session?.mfa,
  'session.deviceBound': (surroundings) => surroundings.session?.deviceBound,
  'device.managed': (surroundings) => surroundings.device?.managed,
  'device.compliance': (surroundings) => surroundings.device?.compliance,
};

/**
 * The tag under which a signal is kept: of those that apply to its group and are true of its own address, session and device the one with
 * the smallest factor; empty where none is. `gaps` are the values whose absence may have hidden a smaller one.
 */
export function tagOf(
  type: SignalType,
  surroundings: Surroundings,
  model: RiskModel,
): { readonly tag: string; readonly gaps: readonly string[] } {
  const gaps: string[] = [];
  for (const tag of model.tags) {
    if (tag.applies[type.groupIndex] !== true) continue;
    const unknown: string[] = [];
    for (const entry of tag.when) {
      let missing: string[] = [];
      let contradicted = false;
      for (const [path, wanted] of Object.entries(entry) as [TagPath, string][]) {
        const value = readers[path](surroundings);
        if (value === undefined) missing.push(path);
        else if (value !== wanted) contradicted = true;
      }
      if (contradicted) missing = [];
      else if (missing.length === 0) return { tag: tag.name, gaps };
      unknown.push(...missing);
    }
    gaps.push(...unknown);
  }
  return { tag: '', gaps };
}
