/**
 * Held plans looked at again, under the locks: what was decided on is judged once more as things stand now, without the marks that the
 * decision's own actions set, and with those guards taken off that a person's word lifts.
 */
import type { Bundle } from '../engine/bundle.ts';
import { heldActions } from '../engine/holds.ts';
import { consider, type Snapshot } from '../engine.ts';
import { admit, createTally, type HeldPlan, type HoldTerms, liftedBy, lifting, type Review, type ReviewedAction } from '../guard/index.ts';
import { reservedTypes } from '../model/catalogue.ts';
import type { Instant } from '../model/clock.ts';
import type { CounterUse } from '../model/decision.ts';
import type { IdentityId, PlanId } from '../model/ids.ts';
import type { Situation } from '../model/situation.ts';
import type { Identity } from '../model/subject.ts';
import { standingsOf } from '../pipeline/batch.ts';
import { isDismissed, occurrenceOf, parseEvidence, withoutOwn } from '../risk/index.ts';
import { readPerson } from '../store/action-read.ts';
import { type ApprovalRow, approvalsOf } from '../store/approval-rows.ts';
import type { Tx } from '../store/db.ts';
import type { LockedEvidence } from '../store/held-level.ts';
import { calledFalse, type LockedPlan, lockPeopleOf, lockPlans, namesOfPeople } from '../store/held-plan-write.ts';
import { readDecisionEntries } from '../store/list-records.ts';
import { createSettleSession } from '../store/settle-session.ts';
import { runIn } from '../store/statement-group.ts';
import { actionsOf, type DecidedCore, type HoldParts, termsOf } from './held-plans.ts';
import { disclose } from './targets.ts';

export interface HeldAgain {
  readonly row: LockedPlan;
  readonly decision: DecidedCore;
  readonly terms: HoldTerms;
  /** As the rules of approval ask. */
  readonly plan: HeldPlan;
  /** Counters that its release uses. */
  readonly uses: readonly CounterUse[];
  readonly direct: boolean;
  /** What was decided on, as it stands now; absent where it cannot be opened any more, or the plan is not held. */
  readonly now?: { readonly situation: Situation; readonly bundle: Bundle };
}

interface Looked {
  readonly row: LockedPlan;
  readonly decision: DecidedCore;
  readonly terms: HoldTerms;
  readonly given: readonly ApprovalRow[];
  readonly now: HeldAgain['now'] | undefined;
  readonly dismissed: boolean;
  readonly review: Review | undefined;
  /** Its actions as they would be judged now. */
  readonly actions: readonly (ReviewedAction | undefined)[];
}

/** In the order of ids; of ids that no plan has nothing comes back. */
export async function lookAgain(parts: HoldParts, tx: Tx, ids: readonly PlanId[], at: Instant): Promise<readonly HeldAgain[]> {
  const people = await lockPeopleOf(tx, ids);
  const rows = await lockPlans(tx, ids);
  const entries = await readDecisionEntries(tx, [...new Set(rows.map(({ decisionId }) => decisionId))]);
  const said = await approvalsOf(tx, ids);
  const wrong = await calledFalse(
    tx,
    rows.map(({ decisionId }) => decisionId),
  );
  const names = await namesOfPeople(tx, [...new Set([...people.values()].map(({ id }) => id))]);
  const looked: Looked[] = [];
  for (const row of rows) {
    const entry = entries.find(({ id }) => id === row.decisionId);
    if (entry === undefined) continue;
    const decision = JSON.parse(entry.core) as DecidedCore;
    const given = said.filter(({ planId }) => planId === row.id);
    const terms = await termsOf(parts, row, decision);
    const snapshot = row.state === 'held' ? (await disclose(tx, entry as never, parts.keyring))?.snapshot : undefined;
    const person = row.identityId === null ? undefined : people.get(row.identityId as IdentityId);
    const identity = person && (await readPerson(tx, person.id));
    const bundle = await parts.judging.bundle(decision.bundleHash).catch(() => undefined);
    const known = snapshot !== undefined && bundle !== undefined && (row.identityId === null || identity !== undefined);
    const again = known ? tryAgain(parts, { row, decision, snapshot, bundle, person, identity }, holdsMet(row, terms, given), at) : {};
    looked.push({ row, decision, terms, given, now: undefined, dismissed: false, review: undefined, actions: [], ...again });
  }
  const counted = await count(
    tx,
    looked.flatMap(({ actions }) => actions),
    at,
  );
  const tally = createTally(counted, at);
  return looked.map(({ row, decision, terms, given, now, dismissed, review, actions }): HeldAgain => {
    const known = actions.filter((action) => action !== undefined);
    const final = review && known.length === actions.length ? settleOn(review, known, tally.readingsFor(askedOf(known))) : undefined;
    const person = row.identityId === null ? undefined : people.get(row.identityId as IdentityId);
    const uses = (final?.uses ?? []).map((use) => ({ ...use, lane: row.lane }));
    if (final?.actions.every(({ fate }) => fate === 'released')) tally.add(uses);
    const plan: HeldPlan = {
      terms,
      groups: parts.settings.operators.groups ?? {},
      subject: person === undefined ? [] : (names.get(person.id) ?? []),
      authors: now === undefined ? [] : authorsOf(now.situation),
      state: row.state,
      heldFor: row.heldFor,
      heldUntil: row.heldUntil,
      begun: row.begun,
      given,
      dismissed: dismissed || wrong.has(row.decisionId),
      actions: final?.actions ?? actions,
    };
    return { row, decision, terms, plan, uses, direct: known.some(({ wanted }) => wanted.direct), ...(now ? { now } : {}) };
  });
}

/** What the plan has waited for so far, and waits for now, as far as people have said enough; this word counted. */
function holdsMet(row: LockedPlan, { required }: HoldTerms, given: readonly ApprovalRow[]): readonly string[] {
  const before = given.map(({ hold }) => hold).filter((hold) => hold !== row.heldFor);
  const now = given.filter(({ hold }) => hold === row.heldFor).length + 1;
  return [...new Set(before), ...(row.heldFor !== null && now >= required ? [row.heldFor] : [])];
}

interface Known {
  readonly row: LockedPlan;
  readonly decision: DecidedCore;
  readonly snapshot: Snapshot;
  readonly bundle: Bundle;
  readonly person: LockedEvidence | undefined;
  readonly identity: Identity | undefined;
}

type Again = Pick<Looked, 'now' | 'dismissed' | 'review' | 'actions'>;

/** What cannot be judged again lapses; it must not keep the rest of a list, or of the overdue, from its end. */
function tryAgain(parts: HoldParts, known: Known, holds: readonly string[], at: Instant): Again | Record<never, never> {
  try {
    return judgeAgain(parts, known, holds, at);
  } catch {
    return {};
  }
}

function judgeAgain({ judging }: HoldParts, known: Known, holds: readonly string[], at: Instant): Again {
  const { row, decision, snapshot, bundle, person, identity } = known;
  const state = judging.state();
  const evidence = person ? withoutOwn(row.decisionId, parseEvidence(person.evidence)) : snapshot.situation.evidence;
  const situation: Situation = {
    ...snapshot.situation,
    ...(identity === undefined || person === undefined ? {} : { identity, heldLevel: person.heldLevel }),
    evidence,
    sources: standingsOf(evidence, snapshot.situation.signal.source, state),
    population: state.population,
    now: at,
  };
  const lifted = { ...bundle, guards: lifting(bundle.guards, liftedBy(holds)) };
  const { review, assessment } = consider(situation, lifted, state.settings, state.pauses);
  const occurrence = occurrenceOf(situation, bundle.risk);
  return {
    now: { situation, bundle },
    dismissed: occurrence !== undefined && isDismissed(occurrence, assessment?.evidence ?? evidence, at, bundle.risk),
    review: review ?? undefined,
    actions: actionsOf(row).map((action) => {
      const [decided] = heldActions({ connection: row.connection, actions: [action] }, decision.actions);
      const all = review?.choices.flatMap(({ first, instead }) => [...first, ...instead.flat()]) ?? [];
      return all.find(
        ({ wanted }) =>
          wanted.type === action.type &&
          wanted.accountId === action.accountId &&
          wanted.connection === row.connection &&
          wanted.policyId === decided?.policyId &&
          wanted.step === decided.step,
      );
    }),
  };
}

export const askedOf = (actions: readonly ReviewedAction[]) => actions.flatMap(({ asked }) => asked);

/** The plan's actions alone, with their counters read: no other step is taken for one that may not go. */
function settleOn(review: Review, actions: readonly ReviewedAction[], readings: Parameters<typeof admit>[1]): Review {
  return admit({ ...review, choices: [{ policyId: '', first: actions, instead: [] }] }, readings);
}

/** Takes the locks of the guards that are asked, as settle does. */
export async function count(tx: Tx, actions: readonly (ReviewedAction | undefined)[], at: Instant) {
  const asked = askedOf(actions.filter((action) => action !== undefined));
  if (asked.length === 0) return { readings: [], present: [] };
  const questions = [...new Map(asked.map((question) => [`${question.scope} ${question.windowMs}`, question])).values()];
  return createSettleSession(runIn(tx)).count(questions, [...new Set(asked.map(({ subject }) => subject))], at);
}

/** Who gave an order; nobody else's facts say who they are. */
function authorsOf({ signal }: Situation): readonly string[] {
  const { by } = signal.facts;
  return reservedTypes.has(signal.type) && typeof by === 'string' ? [by] : [];
}
