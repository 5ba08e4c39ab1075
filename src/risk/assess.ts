/** One signal's step: what it leaves on the person, and how the person stands with it. */
import type { Instant } from '../model/clock.ts';
import { type Assessment, type EvidenceState, emptyEvidence } from '../model/risk.ts';
import type { Signal } from '../model/signal.ts';
import type { Situation } from '../model/situation.ts';
import { personalKinds } from '../model/subject.ts';
import { bandOf, evidenceOfMarks, mergeCounting, oneOccurrence } from './evidence.ts';
import { confidenceIn, contextOf, tagOf } from './factors.ts';
import { holdLevel } from './level.ts';
import type { RiskModel, SignalType } from './model.ts';
import { type FamilyName, reliefOf } from './relief.ts';
import { score } from './score.ts';

const aheadMs = 5 * 60_000;
const lateMs = 24 * 3_600_000;

/** The time under which a signal is kept: its own, unless that lies more than five minutes ahead of its arrival. */
export function evidenceAt(signal: Pick<Signal, 'occurredAt' | 'receivedAt'>): Instant {
  return signal.occurredAt > signal.receivedAt + aheadMs ? signal.receivedAt : signal.occurredAt;
}

/** One event as evidence is kept: its family, its key, and the time under which it counts. */
export interface Occurrence {
  readonly family: FamilyName;
  readonly key: string;
  readonly at: Instant;
}

/** What a signal leaves as evidence; undefined where its type leaves none, or its subject is no person. */
export function occurrenceOf(situation: Situation, model: RiskModel): Occurrence | undefined {
  const { signal } = situation;
  const type = model.types.get(signal.type);
  if (type === undefined || type.groupIndex < 0 || !isPersonal(situation)) return undefined;
  const { tag } = tagOf(type, situation.surroundings, model);
  const family = { type: signal.type, band: bandOf(signal.type, signal.severity, model), source: signal.source, tag };
  return { family, key: situation.evidenceKey, at: evidenceAt(signal) };
}

function isPersonal(situation: Situation): boolean {
  return situation.identity !== null && personalKinds.includes(situation.subject.kind);
}

/**
 * Adds the signal and its marks to the evidence and scores the result at `situation.now`. A subject that is no person keeps its evidence
 * and has score 0. A repeat with the stamps of its first arrival changes nothing. Throws a plain Error for a type that the catalogue
 * does not name.
 */
export function assess(situation: Situation, model: RiskModel): Assessment {
  const { signal, now } = situation;
  const type = model.types.get(signal.type);
  if (type === undefined) throw new Error(`the catalogue has no signal type ${signal.type}`);
  const context = contextOf(situation);
  const at = evidenceAt(signal);
  const confidence = confidenceIn(signal.source, signal.type, now, context, model).value;
  const band = bandOf(signal.type, signal.severity, model);
  const { tag, gaps } = type.groupIndex < 0 ? noTag : tagOf(type, situation.surroundings, model);
  const family = { type: signal.type, band, source: signal.source, tag };
  const facts = { group: type.group, confidence, late: signal.receivedAt - signal.occurredAt > lateMs };
  const couldProve = type.proof && band !== 'low' && confidence >= 0.9;

  if (!isPersonal(situation)) {
    return {
      evidence: situation.evidence,
      score: 0,
      base: 0,
      level: 'none',
      heldLevel: 'none',
      groups: [],
      groupsActive: 0,
      statisticalOnly: false,
      signal: { ...facts, proof: couldProve },
      gaps: [],
    };
  }

  const added = mergeCounting(situation.evidence, contributionOf(signal, type, family, situation.evidenceKey, at, model), model);
  const after = score(added.state, now, context, model);
  // A signal without marks never lowers the score, so where nothing was held the score before it cannot matter.
  const before = situation.heldLevel === 'none' && signal.marks.length === 0 ? after : score(situation.evidence, now, context, model);
  return {
    evidence: added.state,
    score: after.score,
    base: after.base,
    level: after.level,
    heldLevel: holdLevel(holdLevel(situation.heldLevel, before.score, model), after.score, model),
    groups: after.groups,
    groupsActive: after.groupsActive,
    statisticalOnly: after.statisticalOnly,
    signal: { ...facts, proof: couldProve && !reliefOf(added.state, now, model).dismisses(family, situation.evidenceKey, at) },
    gaps: gaps.length + after.gaps.length === 0 && at === signal.occurredAt ? [] : gapsOf(after.gaps, gaps, at !== signal.occurredAt),
    ...(added.dropped > 0 ? { dropped: added.dropped } : {}),
  };
}

const noTag = { tag: '', gaps: [] as readonly string[] };

function contributionOf(
  signal: Signal,
  type: SignalType,
  family: Parameters<typeof oneOccurrence>[0],
  key: string,
  at: Instant,
  model: RiskModel,
): EvidenceState {
  const occurrence = type.groupIndex < 0 ? emptyEvidence : oneOccurrence(family, key, at);
  if (signal.marks.length === 0) return occurrence;
  return { ...occurrence, marks: evidenceOfMarks(signal.marks, signal.receivedAt, model).marks };
}

function gapsOf(score: readonly string[], tag: readonly string[], ahead: boolean): readonly string[] {
  return [...new Set([...score, ...tag, ...(ahead ? ['signal.occurredAt'] : [])])].sort();
}
