/** A person's order about somebody: settled as a signal of its own, and answered with what may become of it. */
import { actionTypeNames } from '../model/action.ts';
import { AppError } from '../model/errors.ts';
import type { IdentityId } from '../model/ids.ts';
import { type OrderedAction, orderType } from '../model/order.ts';
import { orderFault } from '../policy/index.ts';
import type { Caller, Item, OrderRequest } from '../server/index.ts';
import { arriveOrder, toItem } from '../signals/index.ts';
import { listIdentities, listPlans, readDecisionEntry } from '../store/list-records.ts';
import type { Core } from './core.ts';
import type { DecidedCore } from './held-plans.ts';

/** More plans than any order makes. */
const plansAtMost = 500;

/** Undefined where there is no such person. Throws `conflict`, with the reason, where nothing may be done. */
export async function giveOrder(core: Core, request: OrderRequest, caller: Caller): Promise<Item | undefined> {
  if (caller.types && !caller.types.includes(orderType))
    throw new AppError('auth.forbidden', 'The credential may not send this signal type.');
  const actions = request.actions.map((action, n) => readAction(core, action, n));
  const [person] = await listIdentities(core.store, { id: request.identityId }, { limit: 1, after: undefined });
  if (person === undefined) return undefined;
  if (!core.judging.state().bundle.risk.types.has(orderType))
    throw new AppError('conflict', `The active risk.yaml has no signal type ${orderType}: add it, with standalone 0.`);
  const given = { identityId: person.id as IdentityId, actions, reason: request.reason, by: caller.name };
  const [settled] = await core.batcher.submit([toItem(arriveOrder(given, core.clock.now(), core.random), core.ids)]);
  const decisionId = settled?.decisionIds[0];
  const entry = decisionId === undefined ? undefined : await readDecisionEntry(core.store, decisionId);
  if (decisionId === undefined || entry === undefined)
    throw new AppError('internal', 'The order was kept and could not be decided; it is tried again.');
  // As it was decided: what became of a plan meanwhile is the plan's to tell.
  const decided = JSON.parse(entry.core) as DecidedCore;
  const isHeld = decided.actions.some(({ state }) => state === 'held');
  if (!isHeld && !decided.actions.some(({ state }) => state === 'released')) throw new AppError('conflict', refusalOf(decided, decisionId));
  const plans = await listPlans(core.store, { decision: decisionId }, { limit: plansAtMost, after: undefined });
  const mayAct = plans.filter(({ state, heldFor }) => state !== 'refused' || heldFor === null);
  return { id: decisionId, decisionId, planIds: mayAct.map(({ id }) => id).sort(), state: isHeld ? 'held' : 'released' };
}

function readAction({ judging }: Core, { type, connection, parameters = {} }: OrderRequest['actions'][number], n: number): OrderedAction {
  const fail = (detail: string) => new AppError('request.unprocessable', `actions.${n}: ${detail}`);
  const known = actionTypeNames.find((name) => name === type);
  if (known === undefined) throw fail('there is no action of this type');
  const { bundle, settings } = judging.state();
  if (connection !== undefined && !Object.hasOwn(settings.connections, connection)) throw fail('connection: there is none of this name');
  const scope = known === 'session.revoke' || known === 'token.revoke' ? { scope: 'all' } : {};
  const spans: Readonly<Record<string, unknown>> = bundle.guards.guards.expiry;
  const span = spans[known] as { readonly default: string } | undefined;
  const whole = { ...scope, ...(span === undefined ? {} : { expires: span.default }), ...parameters };
  // One session is named by a signal, never by an order.
  if (whole.scope === 'one') throw fail('parameters.scope: an order means all');
  const action = { type: known, ...(connection === undefined ? {} : { connection }), parameters: whole };
  const fault = orderFault(action);
  if (fault !== undefined) throw fail(fault);
  return action;
}

function refusalOf({ actions, reasons }: DecidedCore, decisionId: string): string {
  const named = reasons.map(({ code, ref, detail }) => [code, ref, detail].filter(Boolean).join(' '));
  const by = actions.flatMap((action) => action.by ?? []);
  return `Refused (decision ${decisionId}): ${[...new Set(named.length > 0 ? named : by)].join(', ') || 'the person is not known any more'}`;
}
