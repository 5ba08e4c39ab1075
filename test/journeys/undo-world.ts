/** People whose accounts we hold: plans as a decision would have released them, carried out by the service, and what is left of them. */
import type { ActionType } from '../../src/model/action.ts';
import type { Plan } from '../../src/model/decision.ts';
import type { AccountId, ActionId, DecisionId, IdentityId, PlanId, SignalId } from '../../src/model/ids.ts';
import type { Cause } from '../../src/model/signal.ts';
import { insertPlans, planDeadlineMs } from '../../src/store/plan-insert.ts';
import type { PeopleProcess, PeopleWorld } from './people-world.ts';

export interface Held {
  readonly planId: PlanId;
  readonly identityId: IdentityId;
  readonly actionIds: readonly ActionId[];
}

export interface Wish {
  readonly type: ActionType;
  readonly parameters?: Readonly<Record<string, string>>;
}

export const suspension: Wish = { type: 'account.suspend', parameters: { expires: '4h' } };

/** Releases one plan a person, as an approved list would have, and carries them out. */
export async function release(
  world: Pick<PeopleWorld, 'query'>,
  { core }: Pick<PeopleProcess, 'core'>,
  who: readonly string[],
  wishes: readonly Wish[] = [suspension],
  change: { readonly cause?: Cause; readonly source?: string; readonly policyId?: string; readonly signalId?: SignalId } = {},
): Promise<readonly Held[]> {
  const at = core.clock.now();
  const accounts = await world.query(
    `select a.id as "accountId", a.identity_id as "identityId", a.connection from account a where a.external_id = any ($1)`,
    [who],
  );
  const rows = accounts.map(({ accountId, identityId, connection }) => {
    const plan: Plan = {
      id: core.ids.next<PlanId>(at),
      decisionId: core.ids.next<DecisionId>(at),
      identityId: identityId as IdentityId,
      lane: String(accountId),
      connection: String(connection),
      actions: wishes.map(({ type, parameters = {} }) => ({
        id: core.ids.next<ActionId>(at),
        type,
        accountId: accountId as AccountId,
        parameters,
      })),
      state: 'released',
      heldFor: null,
      createdAt: at,
    };
    return {
      plan,
      signalId: change.signalId ?? core.ids.next<SignalId>(at),
      accountId: accountId as AccountId,
      cause: change.cause ?? ('risk' as const),
      policyId: change.policyId ?? 'RP-004',
      source: change.source ?? 'partner',
      profile: 'sandbox',
      deadlineAt: at + planDeadlineMs,
      heldUntil: null,
    };
  });
  const statement = insertPlans(rows);
  await world.query(statement.text, [...statement.values]);
  await Promise.all(rows.map(({ plan }) => core.executor.run(plan.id)));
  return rows.map(({ plan }) => ({
    planId: plan.id,
    identityId: plan.identityId as IdentityId,
    actionIds: plan.actions.map(({ id }) => id),
  }));
}

/** Lets the plans that were released meanwhile come to their end. */
export async function carryOut(world: Pick<PeopleWorld, 'query'>, { core }: Pick<PeopleProcess, 'core'>): Promise<void> {
  for (;;) {
    const open = await world.query(`select id from plan where state = 'released'`);
    if (open.length === 0) return;
    await Promise.all(open.map(({ id }) => core.executor.run(id as PlanId)));
  }
}

/** What stands in the row of an action, as far as tests ask. */
export async function rowOf(world: PeopleWorld, actionId: string | undefined): Promise<Record<string, unknown>> {
  const [row] = await world.query(
    `select expires_at as "expiresAt", due_at as "dueAt", ended_by as "endedBy", tries, reversed, undo_decision_id as "undoDecisionId" from undo
     where action_id = $1`,
    [actionId],
  );
  if (row === undefined) throw new Error('no such action');
  return row;
}

export async function planState(world: PeopleWorld, planId: string | undefined): Promise<unknown> {
  return (await world.query('select state from plan where id = $1', [planId]))[0]?.['state'];
}

/** Types of the log's lines whose core names the id in a member. */
export async function linesOf(world: PeopleWorld, member: string, id: string | undefined): Promise<string[]> {
  const rows = await world.query(`select type from ledger_entry where core::json->>$1 = $2 order by id`, [member, id]);
  return rows.map(({ type }) => String(type));
}
