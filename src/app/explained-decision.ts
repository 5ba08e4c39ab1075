/** Why a decision fell as it did: made again from its snapshot, with every clause, candidate, counter and point on the way. */
import { type Candidate, retrace } from '../engine/replay.ts';
import { isId } from '../model/ids.ts';
import { contextOf, explain } from '../risk/index.ts';
import { type Caller, type Item, seesHr } from '../server/index.ts';
import { readConfig } from '../store/judged-by.ts';
import { readDecisionEntry } from '../store/list-records.ts';
import type { Core } from './core.ts';
import { explanationView, shownGaps, signalsBehind, withheldFrom } from './explained-identity.ts';
import { replayDecision } from './record-readers.ts';
import { disclose } from './targets.ts';
import { decisionView } from './views.ts';

/** Explains nothing where the decision does not come out as it was recorded: then `explained` is null and `differences` say why. */
export async function explainDecision(core: Core, id: string, caller: Caller): Promise<Item | undefined> {
  const { store, keyring, judging } = core;
  const replay = await replayDecision(core, id, 'stored');
  const entry = replay === undefined || !isId(id) ? undefined : await readDecisionEntry(store, id);
  const disclosed = entry && (await disclose(store, entry as never, keyring));
  if (replay === undefined || entry === undefined || disclosed === undefined) return undefined;
  const { same, engine, differences } = replay;
  const stored = decisionView(entry.core) as unknown as Stored;
  const head = { id, same, engine, differences, bundleHash: stored.bundleHash, configHash: stored.configHash, decidedAt: stored.decidedAt };
  const bundle = await judging.bundle(stored.bundleHash);
  const config = await readConfig(store, stored.configHash);
  if (!same || bundle === undefined || config === undefined) return { ...head, explained: null };

  const { snapshot } = disclosed;
  const { situation } = snapshot;
  const { judged, assessment, candidates, counters } = retrace(snapshot, bundle, config.judging);
  const withHr = seesHr(caller);
  const { hrStatus, ...plain } = contextOf(situation);
  const context = withHr && hrStatus !== undefined ? { ...plain, hrStatus } : plain;
  const risk =
    assessment === null || situation.identity === null
      ? null
      : explain(assessment.evidence, situation.now, context, bundle.risk, situation.heldLevel);
  const until = { id, decidedAt: situation.now };
  const signals = risk === null ? [] : await signalsBehind(store, situation.identity?.id as string, risk, bundle.risk, until);
  const { judgement, plans } = judged;
  return {
    ...head,
    explained: {
      signal: {
        id: situation.signal.id,
        type: situation.signal.type,
        source: situation.signal.source,
        severity: situation.signal.severity,
      },
      aside: snapshot.aside,
      outcome: judgement.outcome,
      mode: judgement.mode,
      policyId: judgement.policyId,
      reasons: judgement.reasons,
      gaps: shownGaps(assessment?.gaps ?? [], withHr),
      candidates: candidates.map((candidate) => (withHr ? candidate : withoutHr(candidate))),
      counters,
      pauses: snapshot.pauses,
      actions: judgement.actions,
      plans: plans.map(({ connection, state, heldFor, actions }) => ({
        connection,
        state,
        heldFor,
        actions: actions.map(({ type }) => type),
      })),
      risk: risk && explanationView(risk, signals, withHr),
      withheld: withheldFrom(withHr),
    },
  };
}

interface Stored {
  readonly bundleHash: string;
  readonly configHash: string;
  readonly decidedAt: string;
}

/** What a clause on personnel facts came to says what the facts are. */
function withoutHr({ clauses, ...candidate }: Candidate) {
  return {
    ...candidate,
    clauses: clauses.map((each) => (each.clause.includes('subject.hr') ? { ...each, value: 'withheld' as const } : each)),
  };
}
