/** What is known of a person, as a score reads it: today's knowledge read at an instant, or what was known when the last decision fell. */
import type { Bundle } from '../engine/bundle.ts';
import type { Instant } from '../model/clock.ts';
import { type EvidenceState, emptyEvidence, type Level } from '../model/risk.ts';
import type { Situation } from '../model/situation.ts';
import type { Tier } from '../model/subject.ts';
import {
  assess,
  contextOf,
  courseOf,
  crossingsOf,
  evidenceUntil,
  heldBefore,
  heldLevelAt,
  lookBacks,
  mergeEvidence,
  parseEvidence,
  type RiskModel,
  type ScoreContext,
} from '../risk/index.ts';
import { type IdentityListRow, readDecisionEntry } from '../store/list-records.ts';
import { type LastDecision, lastDecisionOn } from '../store/person-history.ts';
import type { Core } from './core.ts';
import { contextOfPerson } from './held-levels.ts';
import { disclose } from './targets.ts';

export interface Known {
  readonly evidence: EvidenceState;
  readonly context: ScoreContext;
  readonly risk: RiskModel;
  readonly bundleHash: string;
  /** Held just before the instant at which it is read. */
  readonly held: Level;
  /** The decision whose snapshot it is; null for what is known now, and before the first decision. */
  readonly decision: (LastDecision & { readonly configHash: string; readonly sameScore: boolean }) | null;
}

/** By what is known today; what had not happened by `at` is left out. `from`: since when what has faded meanwhile is looked up. */
export async function knownNow(core: Core, row: IdentityListRow, at: Instant | undefined, from: Instant): Promise<Known> {
  const state = core.judging.state();
  const now = core.clock.now();
  const read = Math.min(at ?? now, now);
  const { risk, hash } = state.bundle;
  const past = at !== undefined && at < now;
  const before = lookBacks(from, read, risk);
  const all = await withFaded(core, row, parseEvidence(row.evidence), past ? before : before.slice(0, -1), risk);
  const evidence = past ? evidenceUntil(all, at) : all;
  const context = contextOfPerson({ tier: row.tier as Tier, executive: row.executive }, evidence, state);
  const course = courseOf(evidence, read, context, risk);
  const heldNow = heldLevelAt(all, row.heldLevel as Level, Math.min(row.levelDueAt ?? now, now), now, context, risk);
  const held = past ? heldBefore(course, at, risk) : crossingsOf(course, heldNow, now, at ?? now, risk).held;
  return { evidence, context, risk, bundleHash: hash, held, decision: null };
}

/**
 * By what the last decision at or before `at` knew, under its own policies; undefined where that cannot be opened any more. `withHr`: the
 * reader may know what personnel told us; else it is left out, and the score is not shown as moved by it.
 */
export async function knownThen(core: Core, row: IdentityListRow, at: Instant, from: Instant, withHr: boolean): Promise<Known | undefined> {
  const last = await lastDecisionOn(core.store, row.id, at);
  if (last === undefined) return nothingKnown(core, row);
  const snapshot = await openSnapshot(core, last.id);
  if (snapshot === undefined) return undefined;
  const { situation, bundle, scoreE4, configHash } = snapshot;
  const { risk } = bundle;
  const evidence = await withFaded(core, row, snapshot.evidence, lookBacks(from, last.decidedAt, risk).slice(0, -1), risk);
  const { hrStatus, ...plain } = contextOf(situation);
  const context = withHr && hrStatus !== undefined ? { ...plain, hrStatus } : plain;
  const course = courseOf(evidence, last.decidedAt, context, risk);
  const moved = hrStatus !== undefined && !withHr;
  const held = moved ? heldBefore(course, last.decidedAt, risk) : snapshot.heldLevel;
  return {
    evidence,
    context,
    risk,
    bundleHash: bundle.hash,
    held: crossingsOf(course, held, last.decidedAt, at, risk).held,
    decision: { ...last, configHash, sameScore: snapshot.scoreE4Again === scoreE4 },
  };
}

function nothingKnown(core: Core, row: IdentityListRow): Known {
  const { risk, hash } = core.judging.state().bundle;
  const context = { tier: row.tier as Tier, executive: row.executive, sources: {} };
  return { evidence: emptyEvidence, context, risk, bundleHash: hash, held: 'none', decision: null };
}

interface OpenedSnapshot {
  readonly situation: Situation;
  readonly bundle: Bundle;
  readonly configHash: string;
  /** As the decision left them. */
  readonly evidence: EvidenceState;
  readonly heldLevel: Level;
  readonly scoreE4: number;
  readonly scoreE4Again: number;
}

async function openSnapshot({ store, keyring, judging }: Core, decisionId: string): Promise<OpenedSnapshot | undefined> {
  const entry = await readDecisionEntry(store, decisionId);
  const disclosed = entry && (await disclose(store, entry as never, keyring));
  if (entry === undefined || disclosed === undefined) return undefined;
  const core = JSON.parse(entry.core) as { scoreE4: number; bundleHash: string; configHash: string };
  const bundle = await judging.bundle(core.bundleHash);
  if (bundle === undefined) return undefined;
  const { situation, aside } = disclosed.snapshot;
  const { configHash, scoreE4 } = core;
  if (aside !== null) {
    const { evidence, heldLevel } = situation;
    return { situation, bundle, configHash, evidence, heldLevel, scoreE4, scoreE4Again: 0 };
  }
  const { evidence, heldLevel, score } = assess(situation, bundle.risk);
  return { situation, bundle, configHash, evidence, heldLevel, scoreE4, scoreE4Again: Math.round(score * 1e4) };
}

/**
 * Evidence that fades within days is not kept, yet the past is drawn with it: what earlier decisions knew is merged in. Snapshots are so
 * far apart that nothing comes and goes between two of them; what cannot be opened any more is left out.
 */
async function withFaded(
  core: Core,
  row: IdentityListRow,
  evidence: EvidenceState,
  instants: readonly Instant[],
  risk: RiskModel,
): Promise<EvidenceState> {
  const opened = new Set<string>();
  let merged = evidence;
  for (const at of instants) {
    const last = await lastDecisionOn(core.store, row.id, at);
    if (last === undefined || opened.has(last.id)) continue;
    opened.add(last.id);
    const snapshot = await openSnapshot(core, last.id);
    if (snapshot !== undefined) merged = mergeEvidence(merged, snapshot.evidence, risk);
  }
  return merged;
}
