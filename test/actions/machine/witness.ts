/**
 * Somebody who sees everything as it happens and knows the rules: what must not happen in any world. They keep their own books and ask
 * nobody whom they watch.
 */
import type { PlanEnd, PlanRef, PlanView } from '../../../src/actions/index.ts';
import { barredFrom } from '../../../src/guard/index.ts';
import type { Entry } from '../../../src/model/entry.ts';
import type { PlanId } from '../../../src/model/ids.ts';
import { isEnd, movesBetween, type PlanState } from '../../../src/model/plan-state.ts';
import type { MemoryPlans, PlanRecord } from './memory-plans.ts';
import { approver, standingOf } from './people.ts';
import type { Watch } from './process.ts';
import type { Provider } from './provider.ts';
import type { Scenario } from './scenario.ts';

export class Violation extends Error {}

export interface Witness extends Watch {
  /** Before each step. */
  look(): void;
  /** After it: every plan went a way that the table knows. */
  compare(): void;
  /** Nothing is under way any more: every plan has ended, or waits for somebody who can end it. */
  rest(): void;
  /** A request is on its way though who sent it is gone. */
  onOrphan(key: string): void;
  /** What they remember that a later judgement depends on. */
  memory(nameOf: (number: number) => unknown): unknown;
}

export function createWitness(scenario: Scenario, plans: MemoryPlans, provider: Provider, alive: (number: number) => boolean): Witness {
  let before = new Map<PlanId, { state: PlanState; claimedBy: number | null }>();
  /** Numbers whose claims may end in this step. */
  const givingUp = new Set<number>();
  const leaves = new Set<string>();
  /** Calls whose outcome stands nowhere yet, with the number of who made them. */
  const calledBy = new Map<string, number>();
  /** Calls of which nobody knows whether they took effect, and that nobody has looked for since. */
  const unread = new Set<string>();
  const lost = new Map<string, number>();
  const orphans = new Set<string>();
  const finished = new Map<string, number>();

  /** Kept as well, since the code that is watched catches what its calls throw. */
  let found: Violation | undefined;
  const refuse = (what: string): never => {
    found ??= new Violation(what);
    throw found;
  };
  const rowOf = (key: string): PlanRecord => {
    for (const row of plans.rows.values()) if (row.records.some(({ idempotencyKey }) => idempotencyKey === key)) return row;
    return refuse('a call without an intention');
  };
  const lose = (key: string) => {
    unread.add(key);
    lost.set(key, (lost.get(key) ?? 0) + 1);
  };
  const loseCalls = (row: PlanRecord | undefined) => {
    for (const { idempotencyKey: key } of row?.records ?? []) if (calledBy.delete(key)) lose(key);
  };

  return {
    look() {
      before = new Map([...plans.rows].map(([id, { state, claimedBy }]) => [id, { state, claimedBy }]));
      givingUp.clear();
    },
    compare() {
      if (found !== undefined) throw found;
      for (const [id, { state, claimedBy, records }] of plans.rows) {
        const was = before.get(id);
        if (was?.state !== state && movesBetween(was?.state, state).length === 0) refuse(`${id} went from ${was?.state} to ${state}`);
        if (claimedBy !== null && state !== 'released') refuse(`${id} is ${state}, and claimed`);
        if (was !== undefined && was.claimedBy !== null && was.claimedBy !== claimedBy && !givingUp.has(was.claimedBy))
          refuse(`${id} was taken from a process that lives`);
        if (isEnd(state) && records.some((record) => record.state === 'intended' || record.finishedAt === null))
          refuse(`${id} is ${state}, and an action of it is open`);
      }
    },
    onStore(process, name, asked, answer) {
      const holder = asked[0] as { planId: PlanId; processId: number };
      const row = plans.rows.get(holder.planId);
      if (name === 'claim' && answer !== undefined && row !== undefined && plans.isPaused(row) && (answer as PlanView).records.length === 0)
        refuse(`${row.plan.id} was begun during a pause`);
      if (name === 'claim' && answer !== undefined)
        for (const { plan, state, claimedBy } of plans.rows.values())
          if (
            plan.lane === row?.plan.lane &&
            state === 'released' &&
            (plan.id < holder.planId || (plan.id !== holder.planId && claimedBy !== null))
          )
            refuse(`${holder.planId} was claimed before ${plan.id} of its lane had ended`);
      if ((name === 'mayCall' || name === 'recordAttempt') && answer === 'yes') {
        if (row === undefined || plans.isPaused(row)) refuse(`${holder.planId}: leave to call was given during a pause`);
        if (row?.state !== 'released' || row.claimedBy !== holder.processId)
          refuse(`${holder.planId}: leave was given to who has no claim`);
        leaves.add(`${process.name} ${holder.planId}`);
      }
      if (name === 'takeBack')
        for (const { id } of answer as readonly PlanRef[]) {
          const number = before.get(id)?.claimedBy;
          if (number != null && (number === process.number || !alive(number))) givingUp.add(number);
          loseCalls(plans.rows.get(id));
        }
      if (name === 'end' && (answer as { kept: boolean }).kept) {
        if (before.get(holder.planId)?.claimedBy !== holder.processId) refuse(`${holder.planId} was ended by who has no claim`);
        givingUp.add(holder.processId);
        for (const { idempotencyKey } of row?.records ?? []) calledBy.delete(idempotencyKey);
        for (const { type, core } of (asked[0] as PlanEnd).entries as readonly Entry<'action.finished'>[])
          if (type === 'action.finished') finished.set(core.actionId, (finished.get(core.actionId) ?? 0) + 1);
        if ([...finished.values()].some((times) => times > 1)) refuse('the log says twice that an action has ended');
      }
    },
    onCall(process, { idempotencyKey: key, type }) {
      const row = rowOf(key);
      if (!leaves.delete(`${process.name} ${row.plan.id}`)) refuse(`${type} of ${row.plan.id} was called without leave`);
      if (unread.has(key) && scenario.readBack) refuse(`${type} of ${row.plan.id} was called again, and nobody had looked`);
      calledBy.set(key, process.number);
    },
    onArrival({ idempotencyKey: key, type }) {
      const effects = provider.effects.get(key) ?? 0;
      const allowed = scenario.readBack ? 1 : 1 + (lost.get(key) ?? 0);
      if (!scenario.keys && effects + 1 > allowed) refuse(`${type} took effect ${effects + 1} times`);
    },
    onCallAnswered(process, { idempotencyKey: key }, { outcome }) {
      if (outcome === 'unknown' && calledBy.get(key) === process.number) lose(key);
    },
    onRead: ({ idempotencyKey: key }) => void unread.delete(key),
    onOrphan: (key) => void orphans.add(key),
    rest() {
      for (const [id, row] of plans.rows) {
        if (row.state === 'held') {
          if (barredFrom(standingOf(), approver) !== undefined) refuse(`${id} is held, and nobody may end it`);
          continue;
        }
        if (!isEnd(row.state)) refuse(`${id} is stuck: ${row.state}, ${row.claimedBy === null ? 'nobody has it' : 'claimed'}`);
        for (const { id: actionId, type, accountId } of row.plan.actions) {
          const record = row.records.find((each) => each.id === actionId);
          if (record === undefined) continue;
          const isReversible = provider.manifest.actions[type]?.inverse !== 'none';
          const isInForce = provider.inForce.get(`${type} ${accountId}`) === record.idempotencyKey;
          if (isReversible && isInForce && !orphans.has(record.idempotencyKey) && !plans.undos.has(actionId))
            refuse(`${type} of ${id} is in force, the plan is ${row.state}, and nothing will end it`);
          if (record.attempts > 0 && finished.get(actionId) !== 1 && row.state !== 'refused' && row.state !== 'expired')
            refuse(`${type} of ${id} has ended, and the log does not say so`);
        }
      }
      for (const undo of plans.undos.values()) {
        const by = [...plans.rows.values()].find(({ plan }) => plan.decisionId === undo.undoDecisionId);
        if (by?.state === 'done' && undo.endedBy === null) refuse(`${undo.actionId} was undone, and counts as in force`);
      }
    },
    memory: (nameOf) => [
      [...leaves].sort(),
      [...calledBy].map(([key, number]) => [key, nameOf(number)]).sort(),
      [...unread].sort(),
      [...lost].sort(),
      [...orphans].sort(),
      [...finished].sort(),
    ],
  };
}
