/** What is known of a person, as a score reads it: today's knowledge read at an instant, or what was known when the last decision fell. */
import type { Instant } from '../model/clock.ts';
import type { EvidenceState, Level } from '../model/risk.ts';
import type { Tier } from '../model/subject.ts';
import { standingsOf } from '../pipeline/batch.ts';
import {
  assess,
  contextOf,
  courseOf,
  crossingsOf,
  evidenceUntil,
  heldBefore,
  parseEvidence,
  type RiskModel,
  type ScoreContext,
} from '../risk/index.ts';
import { type IdentityListRow, readDecisionEntry } from '../store/list-records.ts';
import { type LastDecision, lastDecisionOn } from '../store/person-history.ts';
import type { Core } from './core.ts';
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

/** By what is known today; what had not happened by `at` is left out. */
export function knownNow(core: Core, row: IdentityListRow, at: Instant | undefined): Known {
  const state = core.judging.state();
  const now = core.clock.now();
  const stored = parseEvidence(row.evidence);
  const evidence = at === undefined || at >= now ? stored : evidenceUntil(stored, at);
  const context = { tier: row.tier as Tier, executive: row.executive, sources: standingsOf(evidence, '', state) };
  const { risk, hash } = state.bundle;
  const course = courseOf(evidence, Math.min(at ?? now, now), context, risk);
  const held =
    at === undefined
      ? (row.heldLevel as Level)
      : at >= now
        ? crossingsOf(course, row.heldLevel as Level, now, at, risk).held
        : heldBefore(course, at, risk);
  return { evidence, context, risk, bundleHash: hash, held, decision: null };
}

/**
 * By what the last decision at or before `at` knew, under its own policies; undefined where that cannot be opened any more. `withHr`: the
 * reader may know what personnel told us; else it is left out, and the score is not shown as moved by it.
 */
export async function knownThen(core: Core, row: IdentityListRow, at: Instant, withHr: boolean): Promise<Known | undefined> {
  const { store, keyring, judging } = core;
  const last = await lastDecisionOn(store, row.id, at);
  if (last === undefined) {
    const nothing = knownNow(core, { ...row, evidence: '', heldLevel: 'none' }, at);
    return { ...nothing, held: 'none' };
  }
  const entry = await readDecisionEntry(store, last.id);
  const disclosed = entry && (await disclose(store, entry as never, keyring));
  if (entry === undefined || disclosed === undefined) return undefined;
  const { scoreE4, bundleHash, configHash } = JSON.parse(entry.core) as { scoreE4: number; bundleHash: string; configHash: string };
  const bundle = await judging.bundle(bundleHash);
  if (bundle === undefined) return undefined;
  const { situation, aside } = disclosed.snapshot;
  const assessment = aside === null ? assess(situation, bundle.risk) : undefined;
  const evidence = assessment?.evidence ?? situation.evidence;
  const { hrStatus, ...plain } = contextOf(situation);
  const withheld = hrStatus !== undefined && !withHr;
  const context = withHr && hrStatus !== undefined ? { ...plain, hrStatus } : plain;
  const course = courseOf(evidence, last.decidedAt, context, bundle.risk);
  const heldThen = withheld ? heldBefore(course, last.decidedAt, bundle.risk) : (assessment?.heldLevel ?? situation.heldLevel);
  return {
    evidence,
    context,
    risk: bundle.risk,
    bundleHash,
    held: crossingsOf(course, heldThen, last.decidedAt, at, bundle.risk).held,
    decision: { ...last, configHash, sameScore: assessment === undefined || Math.round(assessment.score * 1e4) === scoreE4 },
  };
}
