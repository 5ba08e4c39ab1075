/** Held plans looked at again, under the locks: who may speak for each, what is lacking, and what its decision comes to as things stand now. */
import {
  admit,
  createTally,
  type HeldPlan,
  type HoldTerms,
  holdsMet,
  type Review,
  type ReviewedAction,
  type Speaker,
} from '../guard/index.ts';
import { reservedTypes } from '../model/catalogue.ts';
import type { Instant } from '../model/clock.ts';
import type { CounterUse } from '../model/decision.ts';
import type { IdentityId, PlanId } from '../model/ids.ts';
import type { Situation } from '../model/situation.ts';
import { readPerson } from '../store/action-read.ts';
import { approvalsOf } from '../store/approval-rows.ts';
import type { Tx } from '../store/db.ts';
import { calledFalse, type LockedPlan, lockPeopleOf, lockPlans } from '../store/held-plan-write.ts';
import { readDecisionEntries } from '../store/list-records.ts';
import { createSettleSession } from '../store/settle-session.ts';
import { runIn } from '../store/statement-group.ts';
import { type DecidedCore, type HoldParts, termsOf } from './held-plans.ts';
import { type JudgedAgain, judgeAgain, type Known, readStanding } from './judged-again.ts';
import { operatorsBehind } from './operators.ts';
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
  readonly now?: JudgedAgain['now'];
}

interface Found {
  readonly row: LockedPlan;
  readonly decision: DecidedCore;
  readonly plan: Omit<HeldPlan, 'terms' | 'people' | 'dismissed' | 'actions'>;
  readonly terms: HoldTerms;
  /** Absent where it cannot be judged again. */
  readonly known?: Known;
}

/** `by`: who speaks, where somebody does. In the order of ids; of ids that no plan has nothing comes back. */
export async function lookAgain(
  parts: HoldParts,
  tx: Tx,
  ids: readonly PlanId[],
  at: Instant,
  by?: Speaker,
): Promise<readonly HeldAgain[]> {
  if (ids.length === 0) return [];
  const found = await findPlans(parts, tx, ids);
  const names = found.flatMap(({ plan }) => [...plan.authors, ...plan.given.map((one) => one.by)]);
  const people = await operatorsBehind(parts.settings, tx, [...new Set([...names, ...(by === undefined ? [] : [by.name])])]);
  const wrong = await calledFalse(
    tx,
    found.map(({ row }) => row.decisionId),
  );
  const looked = found.map(({ plan, known, ...rest }) => {
    const standing = { ...plan, terms: rest.terms, people };
    return { ...rest, plan: standing, again: known && judgeAgain(parts, known, holdsMet(standing, by), at) };
  });
  const counted = await count(
    tx,
    looked.flatMap(({ again }) => again?.actions ?? []),
    at,
  );
  const tally = createTally(counted, at);
  return looked.map(({ row, decision, terms, plan, again }): HeldAgain => {
    const actions = again?.actions ?? [];
    const known = actions.filter((action) => action !== undefined);
    const review = again?.review;
    const final = review && known.length === actions.length ? settleOn(review, known, tally.readingsFor(askedOf(known))) : undefined;
    const uses = (final?.uses ?? []).map((use) => ({ ...use, lane: row.lane }));
    if (final?.actions.every(({ fate }) => fate === 'released')) tally.add(uses);
    return {
      row,
      decision,
      terms,
      plan: { ...plan, dismissed: again?.dismissed === true || wrong.has(row.decisionId), actions: final?.actions ?? actions },
      uses,
      direct: known.some(({ wanted }) => wanted.direct),
      ...(again === undefined ? {} : { now: again.now }),
    };
  });
}

async function findPlans(parts: HoldParts, tx: Tx, ids: readonly PlanId[]): Promise<readonly Found[]> {
  const people = await lockPeopleOf(tx, ids);
  const rows = await lockPlans(tx, ids);
  const entries = await readDecisionEntries(tx, [...new Set(rows.map(({ decisionId }) => decisionId))]);
  const said = await approvalsOf(tx, ids);
  const standing = await readStanding(tx);
  const found: Found[] = [];
  for (const row of rows) {
    const entry = entries.find(({ id }) => id === row.decisionId);
    if (entry === undefined) continue;
    const decision = JSON.parse(entry.core) as DecidedCore;
    const snapshot = row.state === 'held' ? (await disclose(tx, entry as never, parts.keyring))?.snapshot : undefined;
    const person = row.identityId === null ? undefined : people.get(row.identityId as IdentityId);
    const identity = person && (await readPerson(tx, person.id));
    const bundle = await parts.judging.bundle(decision.bundleHash).catch(() => undefined);
    const isKnown = snapshot !== undefined && bundle !== undefined && (row.identityId === null || identity !== undefined);
    found.push({
      row,
      decision,
      terms: await termsOf(parts, row, decision),
      plan: {
        groups: parts.settings.operators.groups ?? {},
        subject: person?.id ?? null,
        authors: snapshot === undefined ? [] : authorsOf(snapshot.situation),
        state: row.state,
        heldFor: row.heldFor,
        heldUntil: row.heldUntil,
        begun: row.begun,
        given: said.filter(({ planId }) => planId === row.id),
      },
      ...(isKnown ? { known: { row, decision, snapshot, bundle, person, identity, standing } } : {}),
    });
  }
  return found;
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
