/** What people do with held plans: let them go, deny them, hold a released one. One transaction a list, its plans each by its own rules. */
import { approve, barredFromDenying, barredFromHolding, isForRelease, planListHash, type Refusal, type Word } from '../guard/index.ts';
import type { Instant } from '../model/clock.ts';
import { AppError } from '../model/errors.ts';
import { isId, type PlanId } from '../model/ids.ts';
import type { Caller } from '../server/index.ts';
import { again } from '../store/again.ts';
import type { Tx } from '../store/db.ts';
import { PersonMoved } from '../store/held-plan-write.ts';
import { type HeldAgain, lookAgain } from './held-again.ts';
import { actionsOf, type HoldParts, termsOf } from './held-plans.ts';
import { type PlanStep, type Said, takeSteps } from './plan-steps.ts';

export interface PlanAnswer {
  readonly id: string;
  readonly state: string;
  readonly heldFor: string | null;
  /** How many more people must approve, at the least. */
  readonly missing?: number;
  /** For what they must. */
  readonly lacks?: readonly string[];
  readonly repeated?: true;
  /** Why the word did not count. */
  readonly reason?: string;
}

/** An answer, and what has to be written for it. */
interface Answered {
  readonly answer: PlanAnswer;
  readonly step?: PlanStep;
}

const reasons: Readonly<Record<Refusal, string>> = {
  role: 'deciding on plans needs the role approver or admin',
  approver: 'it asks for other approvers',
  subject: 'nobody decides on a plan about themselves',
  author: 'whoever gave the order does not approve it',
  unknown: 'operators.people names somebody for you whom nobody knows',
  list: 'the list is not the one that the hash stands for; look at it again',
  state: 'it is not held',
  begun: 'it is being carried out',
  expired: 'its time is over',
  dismissed: 'the evidence behind it was called false',
  score: 'its policy does not ask for it any more',
  pause: 'a pause covers it',
  guard: 'a guard refuses it',
};

/** Lets exactly the listed plans go. Throws `conflict` where the word counts for none of them. */
export async function approvePlans(
  parts: HoldParts,
  given: { readonly planIds: readonly string[]; readonly hash: string; readonly reason: string },
  caller: Caller,
): Promise<{ readonly plans: readonly PlanAnswer[] }> {
  const said: Said = { said: 'approve', reason: given.reason, by: caller.name, listHash: given.hash };
  const plans = await decide(parts, given.planIds, caller, said, (looked, at) => {
    const hash = planListHash(looked.map(({ row }) => ({ ...row, actions: actionsOf(row) })));
    const sameList = hash === given.hash && looked.length === given.planIds.length;
    return looked.map((one) => answerOf(one, approve(one.plan, caller, sameList, at)));
  });
  if (plans.length === 0) throw new AppError('conflict', reasons.list);
  return { plans };
}

/** Lets a plan go on that a person or a pause held up. Undefined, as below, where there is no such plan. */
export async function releasePlan(parts: HoldParts, id: string, reason: string, caller: Caller): Promise<PlanAnswer | undefined> {
  return decideOne(parts, id, caller, { said: 'release', reason, by: caller.name, listHash: null }, (one, at) => {
    const { state, heldFor } = one.row;
    if (state === 'held' && heldFor !== null && !isForRelease(heldFor)) throw refused(id, `it waits for ${heldFor}; approve it`);
    return answerOf(one, approve(one.plan, caller, true, at));
  });
}

export async function denyPlan(parts: HoldParts, id: string, reason: string, caller: Caller): Promise<PlanAnswer | undefined> {
  return decideOne(parts, id, caller, { said: 'deny', reason, by: caller.name, listHash: null }, (one) => {
    refuseBarred(one, barredFromDenying(one.plan, caller));
    return { answer: { id, state: 'refused', heldFor: 'denied' }, step: { one, kind: 'refused', by: 'denied' } };
  });
}

/** Stops a released plan that nobody has begun to carry out, or gives a held one its time anew. */
export async function holdPlan(parts: HoldParts, id: string, reason: string, caller: Caller): Promise<PlanAnswer | undefined> {
  return decideOne(parts, id, caller, { said: 'hold', reason, by: caller.name, listHash: null }, (one) => {
    refuseBarred(one, barredFromHolding(one.plan, caller));
    const heldFor = one.row.state === 'held' ? (one.row.heldFor ?? 'person') : 'person';
    return { answer: { id, state: 'held', heldFor }, step: { one, kind: 'held', heldFor } };
  });
}

function answerOf(one: HeldAgain, word: Word): Answered {
  const { id, state, heldFor } = one.row;
  switch (word.kind) {
    case 'released':
      return { answer: { id, state: 'released', heldFor: null }, step: { one, kind: 'released', counts: word.meets } };
    case 'counted':
      return {
        answer: { id, state, heldFor, missing: word.missing, lacks: word.lacks },
        step: { one, kind: 'counted', counts: word.meets },
      };
    case 'repeated':
      return { answer: { id, state, heldFor, repeated: true } };
    case 'heldAnew':
      return { answer: { id, state, heldFor: word.heldFor }, step: { one, kind: 'held', heldFor: word.heldFor, counts: word.meets } };
    case 'refused': {
      const reason = word.guard === undefined ? reasons[word.why] : `${reasons[word.why]} (${word.guard})`;
      if (!word.ends) return { answer: { id, state, heldFor, reason } };
      const by = word.guard ?? word.why;
      return { answer: { id, state: 'refused', heldFor: by, reason }, step: { one, kind: 'refused', by } };
    }
    default:
      return word satisfies never;
  }
}

async function decideOne(
  parts: HoldParts,
  id: string,
  caller: Caller,
  said: Said,
  word: (one: HeldAgain, at: Instant) => Answered,
): Promise<PlanAnswer | undefined> {
  if (!isId(id)) return undefined;
  const [answer] = await decide(parts, [id], caller, said, (looked, at) => looked.map((one) => word(one, at)));
  return answer;
}

/** Locks, decides, writes; and only then says no, since what has lapsed is written too. */
async function decide(
  parts: HoldParts,
  planIds: readonly string[],
  caller: Caller,
  said: Said,
  words: (looked: readonly HeldAgain[], at: Instant) => readonly Answered[],
): Promise<readonly PlanAnswer[]> {
  const ids = [...new Set(planIds)].filter(isId) as PlanId[];
  const work = async (tx: Tx) => {
    const at = parts.clock.now();
    const answered = words(await lookAgain(parts, tx, ids, at, caller), at);
    const released = await takeSteps(
      parts,
      tx,
      answered.flatMap(({ step }) => step ?? []),
      said,
      at,
      (one, heldFor) => termsOf(parts, { ...one.row, heldFor }, one.decision),
    );
    return { answers: answered.map(({ answer }) => answer), released };
  };
  const { answers, released } = await again(
    () => parts.store.transaction(work),
    (error) => error instanceof PersonMoved,
  );
  parts.begin(released);
  const no = answers.filter(({ reason }) => reason !== undefined);
  if (answers.length > 0 && no.length === answers.length)
    throw new AppError(
      'conflict',
      no
        .map(({ id, reason }) => `${id}: ${reason}`)
        .slice(0, 10)
        .join('; '),
    );
  return answers;
}

function refuseBarred({ row: { id, state } }: HeldAgain, barred: Refusal | undefined): void {
  if (barred !== undefined) throw refused(id, barred === 'state' ? `it is ${state}` : reasons[barred]);
}

function refused(id: string, reason: string): AppError {
  return new AppError('conflict', `${id}: ${reason}`);
}
