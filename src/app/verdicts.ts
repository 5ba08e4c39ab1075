/** Verdicts of people on decisions: what is taken back, settled as a signal of its own, and read again with the decision. */
import { type Instant, toRfc3339 } from '../model/clock.ts';
import { AppError } from '../model/errors.ts';
import { type DecisionId, type IdentityId, isId } from '../model/ids.ts';
import type { SubjectClaim } from '../model/subject.ts';
import { type DismissalScope, type Verdict, verdictType } from '../model/verdict.ts';
import { type Dismissal, dismissalOf, isSameOccurrence, type Occurrence, occurrenceOf, parseEvidence } from '../risk/index.ts';
import { type Caller, type Item, seesPeople } from '../server/index.ts';
import { arriveVerdict, toItem } from '../signals/index.ts';
import { type EntryText, readDecisionEntry } from '../store/list-records.ts';
import { listEvents, readEvidence, verdictsOn } from '../store/verdict-rows.ts';
import type { Core } from './core.ts';
import { disclose } from './targets.ts';

export interface VerdictRequest {
  readonly verdict: Verdict;
  readonly scope: DismissalScope;
  readonly reason: string;
}

interface DecidedCore {
  readonly type: string;
  readonly state: string;
  readonly identityId: IdentityId | null;
  readonly bundleHash: string;
}

/** Events that an answer names at most. */
const namedEvents = 200;
/** The ten minutes of an occurrence. */
const stretchMs = 600_000;
const nothing: Dismissal = { marks: [], reaches: [] };

/** What a `false` would dismiss now, for whoever is about to say it. Undefined as with `giveVerdict`. */
export async function previewDismissal(core: Core, id: string, scope: DismissalScope, caller: Caller): Promise<Item | undefined> {
  const judged = await openForVerdict(core, id, caller);
  if (judged === undefined) return undefined;
  const { reaches } = judged.dismissal(scope, core.clock.now());
  return { id, ...(await describe(reaches, judged.identityIds, core)) };
}

/** Undefined where there is no such decision, or what it was made of has been erased. */
export async function giveVerdict(core: Core, id: string, request: VerdictRequest, caller: Caller): Promise<Item | undefined> {
  const judged = await openForVerdict(core, id, caller);
  if (judged === undefined) return undefined;
  const { verdict, scope, reason } = request;
  const receivedAt = core.clock.now();
  const { marks, reaches } = verdict === 'false' ? judged.dismissal(scope, receivedAt) : nothing;
  const given = { decisionId: id as DecisionId, verdict, ...(verdict === 'false' ? { scope } : {}), reason, by: caller.name };
  const arrival = arriveVerdict(given, { claim: judged.claim, marks, receivedAt }, core.random);
  const [settled] = await core.batcher.submit([toItem(arrival, core.ids)]);
  if (settled === undefined) throw new AppError('internal', 'a settled verdict has no answer');
  const { signalId, decisionIds } = settled;
  // Without a decision the verdict is stored and will be settled again: nothing is dismissed yet.
  const taken = decisionIds.length === 0 ? [] : reaches;
  return { id: signalId, decisionIds, verdict, ...(await describe(taken, judged.identityIds, core)) };
}

/** The decision, whom it is about, and what a dismissal of it takes. */
async function openForVerdict(core: Core, id: string, caller: Caller) {
  const entry = isId(id) ? await readDecisionEntry(core.store, id) : undefined;
  const opened = entry && (await openJudged(entry, core));
  if (entry === undefined || opened === undefined) return undefined;
  const decided = JSON.parse(entry.core) as DecidedCore;
  refuseUnfit(decided, caller, core);
  const { situation, left } = opened;
  const person = decided.identityId === null ? undefined : await readEvidence(core.store, decided.identityId);
  const claim: SubjectClaim =
    person === undefined ? situation.signal.claim : { kind: 'person', person: [{ format: 'alias', value: person.id }] };
  return {
    claim,
    identityIds: [decided.identityId, person?.id ?? null].filter((each) => each !== null),
    // Read without a lock: what arrives meanwhile was not seen by whoever judges, and is not dismissed.
    dismissal: (scope: DismissalScope, at: Instant): Dismissal =>
      person === undefined || left === undefined ? nothing : dismissalOf(scope, left, parseEvidence(person.evidence), at),
  };
}

function refuseUnfit(decided: DecidedCore, caller: Caller, { judging }: Core): void {
  if (caller.types && !caller.types.includes(verdictType))
    throw new AppError('auth.forbidden', 'The credential may not send this signal type.');
  if (decided.type === verdictType) throw new AppError('conflict', 'This is a verdict itself; judge the decision that it is about.');
  if (decided.state !== 'decided') throw new AppError('conflict', 'Nothing was decided on anybody here, so there is nothing to judge.');
  if (!judging.state().bundle.risk.types.has(verdictType))
    throw new AppError('conflict', `The active risk.yaml has no signal type ${verdictType}: add it, with standalone 0.`);
}

/** What was decided on, and what it left as evidence in the words of the bundle that it was judged by. */
async function openJudged(entry: EntryText, { store, keyring, judging }: Core) {
  const disclosed = await disclose(store, entry as never, keyring);
  if (disclosed === undefined) return undefined;
  const { situation } = disclosed.snapshot;
  const bundle = await judging.bundle((JSON.parse(entry.core) as DecidedCore).bundleHash);
  return { situation, left: bundle && occurrenceOf(situation, bundle.risk) };
}

/** Dismissed occurrences with the signals behind them: events that share their ten minutes go together. */
async function describe(reaches: readonly Occurrence[], identityIds: readonly IdentityId[], core: Core) {
  const [first] = reaches;
  if (first === undefined) return { dismissed: [], events: [], moreEvents: false };
  const dismissed = reaches.map(({ family, at }) => ({
    signalType: family.type,
    severity: family.band,
    source: family.source,
    until: toRfc3339(at),
  }));
  const times = reaches.map(({ at }) => at);
  const span = { from: Math.min(...times) - stretchMs, to: Math.max(...times) };
  const rows = await listEvents(core.store, { identityIds, type: first.family.type, ...span }, namedEvents + 1);
  const events: { signalId: string; decisionId: string; at: string }[] = [];
  for (const row of rows.slice(0, namedEvents)) {
    const left = (await openJudged(row, core))?.left;
    if (left === undefined || !reaches.some((reached) => left.at <= reached.at && isSameOccurrence(left, reached))) continue;
    events.push({ signalId: row.signalId, decisionId: row.id, at: toRfc3339(left.at) });
  }
  return { dismissed, events, moreEvents: rows.length > namedEvents };
}

/** What people said of a decision; by whom and why only for those who see people. */
export async function verdictViews(core: Core, decisionId: string, caller: Caller) {
  const views = [];
  for (const row of await verdictsOn(core.store, decisionId)) {
    const { decidedAt } = JSON.parse(row.core) as { decidedAt: string };
    const disclosed = seesPeople(caller) ? await disclose(core.store, row as never, core.keyring) : undefined;
    const { scope, reason, by } = disclosed?.snapshot.situation.signal.facts ?? {};
    views.push({ id: row.signalId, decisionId: row.id, verdict: row.verdict, at: decidedAt, ...(disclosed ? { scope, by, reason } : {}) });
  }
  return views;
}
