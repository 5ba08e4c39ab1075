/** Verdicts of people on decisions: what is taken back, settled as a signal of its own, and read again with the decision. */
import { toRfc3339 } from '../model/clock.ts';
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
const nothing: Dismissal = { marks: [], reaches: [] };

/** Undefined where there is no such decision, or what it was made of has been erased. */
export async function giveVerdict(core: Core, id: string, request: VerdictRequest, caller: Caller): Promise<Item | undefined> {
  const entry = isId(id) ? await readDecisionEntry(core.store, id) : undefined;
  const opened = entry && (await openJudged(entry, core));
  if (entry === undefined || opened === undefined) return undefined;
  const decided = JSON.parse(entry.core) as DecidedCore;
  refuseUnfit(decided, caller, core);
  const { situation, left: judged } = opened;
  const person = decided.identityId === null ? undefined : await readEvidence(core.store, decided.identityId);
  const receivedAt = core.clock.now();
  // Read without a lock: what arrives meanwhile was not seen by whoever judges, and is not dismissed.
  const dismissal =
    request.verdict !== 'false' || person === undefined || judged === undefined
      ? nothing
      : dismissalOf(request.scope, judged, parseEvidence(person.evidence), receivedAt);
  const claim: SubjectClaim =
    person === undefined ? situation.signal.claim : { kind: 'person', person: [{ format: 'alias', value: person.id }] };
  const { verdict, scope, reason } = request;
  const given = { decisionId: id as DecisionId, verdict, ...(verdict === 'false' ? { scope } : {}), reason, by: caller.name };
  const arrival = arriveVerdict(given, { claim, marks: dismissal.marks, receivedAt }, core.random);
  const [settled] = await core.batcher.submit([toItem(arrival, core.ids)]);
  if (settled === undefined) throw new AppError('internal', 'a settled verdict has no answer');
  const identityIds = [decided.identityId, person?.id ?? null].filter((each) => each !== null);
  return {
    id: settled.signalId,
    decisionIds: settled.decisionIds,
    verdict,
    dismissed: dismissal.reaches.map(({ family, at }) => ({
      signalType: family.type,
      severity: family.band,
      source: family.source,
      until: toRfc3339(at),
    })),
    ...(await eventsOf(dismissal.reaches, identityIds, core)),
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

/** The signals behind dismissed occurrences: events that share their ten minutes go together. */
async function eventsOf(reaches: readonly Occurrence[], identityIds: readonly IdentityId[], core: Core) {
  const [first] = reaches;
  if (first === undefined) return { events: [], moreEvents: false };
  const times = reaches.map(({ at }) => at);
  const span = { from: Math.min(...times) - 600_000, to: Math.max(...times) };
  const rows = await listEvents(core.store, { identityIds, type: first.family.type, ...span }, namedEvents + 1);
  const events: { signalId: string; decisionId: string; at: string }[] = [];
  for (const row of rows.slice(0, namedEvents)) {
    const left = (await openJudged(row, core))?.left;
    if (left === undefined || !reaches.some((reached) => left.at <= reached.at && isSameOccurrence(left, reached))) continue;
    events.push({ signalId: row.signalId, decisionId: row.id, at: toRfc3339(left.at) });
  }
  return { events, moreEvents: rows.length > namedEvents };
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
