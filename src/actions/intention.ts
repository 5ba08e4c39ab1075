/** The first records of a plan's actions, and the checks beneath policy: what is refused here is never called. */
import { createHash } from 'node:crypto';
import type { Manifest } from '../adapters/contract.ts';
import { actionTypes } from '../model/action.ts';
import { type Instant, toRfc3339 } from '../model/clock.ts';
import type { PlannedAction } from '../model/decision.ts';
import type { Core, Entry } from '../model/entry.ts';
import type { EntryId, IdMaker, PlanId } from '../model/ids.ts';
import type { CeilingEntry } from '../model/settings.ts';
import type { Cause } from '../model/signal.ts';
import type { Identity } from '../model/subject.ts';
import type { ActionRecord, Intention, Owner, PlanView } from './ports.ts';

export interface Checks {
  /** The manifest of a connection's adapter; undefined where there is no such connection. */
  manifest(connection: string): Manifest | undefined;
  /** Whether this person may never be acted on, in any cause. */
  refuses(identity: Owner): boolean;
  /** Why one administrator less at this connection would be too few; undefined for what ends none. */
  spares(action: PlannedAction, connection: string, owner: Owner, admins: PlanView['admins']): string | undefined;
  /** The mode and highest rung of the connection for this person, as the configuration says now. */
  ceiling(connection: string, identity: Identity | null): CeilingEntry;
}

/** Causes that policies decide; orders, immediate terminations, declared incidents and undo are not bound by the ceiling. */
const boundByCeiling: ReadonlySet<Cause> = new Set<Cause>(['risk', 'partner', 'leaver', 'drill']);

/** Why an action is not to be called, or undefined. */
export function barOf(action: PlannedAction, view: PlanView, checks: Checks): string | undefined {
  const { connection, identityId } = view.plan;
  const manifest = checks.manifest(connection);
  if (manifest === undefined) return 'noConnection';
  if (manifest.actions[action.type] === undefined) return 'unsupported';
  const owner = action.accountId === null ? undefined : view.owners.get(action.accountId);
  // Asked of everybody behind the plan: a fault above may have named the wrong one.
  if (view.onProtected) return 'protected';
  if ([view.identity, owner].some((person) => person && checks.refuses(person))) return 'protected';
  if (identityId !== null && view.identity === null) return 'noIdentity';
  if (owner !== undefined && checks.spares(action, connection, owner, view.admins) !== undefined) return 'adminFloor';
  if (boundByCeiling.has(view.cause)) {
    const ceiling = checks.ceiling(connection, view.identity);
    if (ceiling.mode !== 'enforce' || actionTypes[action.type].rung > ceiling.maxRung) return 'ceiling';
  }
  if (action.accountId === null || !view.accounts.has(action.accountId)) return 'noAccount';
  // What meant one session is never widened to its person because the name of the session is gone.
  const named = { ...action.parameters, ...view.target };
  if (action.parameters['scope'] === 'one' && named['sessionId'] === undefined && named['deviceId'] === undefined) return 'noTarget';
  return undefined;
}

/** Stable over retries, restarts and processes: 64 hexadecimal digits. */
export function idempotencyKeyOf(planId: PlanId, action: PlannedAction): string {
  return createHash('sha256')
    .update(`${planId}\n${action.id}\n${action.type}\n${action.accountId ?? ''}`)
    .digest('hex');
}

/** What is written with the first claim of a plan; nothing where an earlier run wrote it. */
export function firstIntention(view: PlanView, checks: Checks, ids: IdMaker, at: Instant): Intention {
  if (view.records.length > 0) return { records: [], entries: [] };
  const records = view.plan.actions.map((action): ActionRecord => {
    const bar = barOf(action, view, checks);
    return {
      id: action.id,
      state: bar === undefined ? 'intended' : 'refused',
      attempts: bar === undefined ? 1 : 0,
      code: bar ?? null,
      idempotencyKey: idempotencyKeyOf(view.plan.id, action),
      intendedAt: at,
      finishedAt: bar === undefined ? null : at,
      verifiedAt: null,
      residualAccessMs: null,
    };
  });
  const entries = records.flatMap((record, n) => {
    const action = view.plan.actions[n];
    if (action === undefined) return [];
    return [record.state === 'intended' ? intendedEntry(view, action, record, ids, at) : finishedEntry(view, action, record, ids, at)];
  });
  return { records, entries };
}

interface Named {
  readonly plan: Pick<PlanView['plan'], 'id' | 'decisionId' | 'connection'>;
}

function entry<T extends 'action.intended' | 'action.finished'>(type: T, core: Core<T>, ids: IdMaker, at: Instant): Entry<T> {
  return { id: ids.next<EntryId>(at), type, at, core, pii: null };
}

/** A call is about to be made. */
export function intendedEntry({ plan }: Named, action: PlannedAction, record: ActionRecord, ids: IdMaker, at: Instant): Entry {
  return entry(
    'action.intended',
    {
      actionId: action.id,
      planId: plan.id,
      decisionId: plan.decisionId,
      connection: plan.connection,
      type: action.type,
      idempotencyKey: record.idempotencyKey,
      attempt: record.attempts,
    },
    ids,
    at,
  );
}

/** No further call will be made. */
export function finishedEntry(
  { plan }: Named,
  action: Pick<PlannedAction, 'id' | 'type'>,
  record: ActionRecord,
  ids: IdMaker,
  at: Instant,
): Entry {
  if (record.state === 'intended') throw new Error('an open action has no finished entry');
  return entry(
    'action.finished',
    {
      actionId: action.id,
      planId: plan.id,
      decisionId: plan.decisionId,
      connection: plan.connection,
      type: action.type,
      state: record.state,
      attempts: record.attempts,
      code: record.code,
      verifiedAt: record.verifiedAt === null ? null : toRfc3339(record.verifiedAt),
      residualAccessMs: record.residualAccessMs,
    },
    ids,
    at,
  );
}

/** A released plan that a pause caught before its first call, or between two. */
export function heldEntry(plan: PlanView['plan'], ids: IdMaker, at: Instant): Entry {
  return {
    id: ids.next<EntryId>(at),
    type: 'plan.held',
    at,
    core: {
      planId: plan.id,
      decisionId: plan.decisionId,
      connection: plan.connection,
      actions: plan.actions.map((action) => action.type),
      heldFor: 'pause',
    },
    pii: null,
  };
}
