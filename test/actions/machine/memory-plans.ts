/**
 * What PostgreSQL keeps of plans, in memory and without waiting: each request happens at once and as a whole. `same-meaning.test.ts`
 * holds it against the real one.
 */
import type { ActionRecord, PlanEnd, PlanRef, PlanStore, PlanView } from '../../../src/actions/index.ts';
import type { Plan } from '../../../src/model/decision.ts';
import type { DecisionId, IdentityId, PlanId } from '../../../src/model/ids.ts';
import type { PauseScope } from '../../../src/model/pause.ts';
import { movesBetween, type PlanState } from '../../../src/model/plan-state.ts';
import type { Cause } from '../../../src/model/signal.ts';
import type { Reversible } from '../../../src/model/undo.ts';
import type { PlanChange } from '../../../src/store/held-plan-write.ts';

export interface PlanRecord {
  readonly plan: Omit<Plan, 'state' | 'heldFor'>;
  readonly cause: Cause;
  readonly source: string;
  readonly policyId: string | null;
  state: PlanState;
  heldFor: string | null;
  heldUntil: number | null;
  deadlineAt: number;
  nextAt: number | null;
  claimedBy: number | null;
  claimedAt: number;
  records: readonly ActionRecord[];
}

export interface UndoRecord extends Reversible {
  readonly planId: PlanId;
  undoDecisionId: DecisionId | null;
  endedBy: 'undone' | 'superseded' | null;
}

/** Conditions that a planted fault leaves out. */
export type Omission =
  | 'claim: pause'
  | 'claim: lane'
  | 'claim: nobody else'
  | 'call: pause'
  | 'call: ours'
  | 'attempt: pause'
  | 'end: ours'
  | 'takeBack: gone'
  | 'change: from'
  | 'end: undo rows';

type Answer<M extends keyof PlanStore> = Awaited<ReturnType<PlanStore[M]>>;
/** The port without its promises. */
export type AtOnce = { readonly [M in keyof PlanStore]: (...asked: Parameters<PlanStore[M]>) => Answer<M> };

export interface MemoryPlans extends AtOnce {
  readonly rows: Map<PlanId, PlanRecord>;
  readonly undos: Map<string, UndoRecord>;
  readonly pauses: Map<string, PauseScope>;
  readonly protectedPeople: Set<IdentityId>;
  /** Rises with each change. */
  readonly changes: number;
  /** Whether a running pause covers the plan; asked by the statements, and by whoever checks them. */
  isPaused(row: PlanRecord): boolean;
  /** As people's words do: with the end of a plan its open actions end. */
  change(changes: readonly PlanChange[], at: number): void;
  /** As `closeUndone` and the rest of a run's end do. */
  markUndoDecided(actionId: string, decisionId: DecisionId): void;
}

export interface MemoryParts {
  /** Whether the process of a number is alive. */
  alive(processId: number): boolean;
  /** What is known of whom a plan is about. */
  known(row: PlanRecord, isProtected: boolean): Pick<PlanView, 'accounts' | 'identity' | 'owners'>;
  /** Takes the jobs of a run's end, in its transaction. */
  send(jobs: PlanEnd['jobs']): void;
  readonly without?: ReadonlySet<Omission>;
}

export function createMemoryPlans({ alive, known, send, without = new Set() }: MemoryParts): MemoryPlans {
  const rows = new Map<PlanId, PlanRecord>();
  const undos = new Map<string, UndoRecord>();
  const pauses = new Map<string, PauseScope>();
  const protectedPeople = new Set<IdentityId>();
  let changes = 0;
  const sorted = () => [...rows.values()].sort((a, b) => (a.plan.id < b.plan.id ? -1 : 1));
  const isReleased = (row: PlanRecord | undefined): row is PlanRecord => row?.state === 'released';
  const isFree = (row: PlanRecord | undefined): row is PlanRecord => isReleased(row) && row.claimedBy === null;

  const isPaused = ({ source, policyId, plan }: PlanRecord) =>
    [...pauses.values()].some(
      (scope) =>
        (scope.source ?? source) === source &&
        (scope.connection ?? plan.connection) === plan.connection &&
        (scope.policy === undefined || scope.policy === policyId) &&
        (scope.action === undefined || plan.actions.some(({ type }) => type === scope.action)),
    );
  const isBegun = (row: PlanRecord) => row.records.length > 0;
  const isProtected = ({ plan }: PlanRecord) => plan.identityId !== null && protectedPeople.has(plan.identityId);
  const isLaneBusy = ({ plan }: PlanRecord) =>
    sorted().some(
      (e) => e.plan.lane === plan.lane && isReleased(e) && e.plan.id !== plan.id && (e.plan.id < plan.id || e.claimedBy !== null),
    );
  const refOf = ({ plan: { id, connection } }: PlanRecord): PlanRef => ({ id, connection });

  const mayCall: AtOnce['mayCall'] = ({ planId, processId }) => {
    const row = rows.get(planId);
    if (!isReleased(row) || (row.claimedBy !== processId && !without.has('call: ours'))) return 'lost';
    if (isProtected(row)) return 'protected';
    return isPaused(row) && !without.has('call: pause') ? 'paused' : 'yes';
  };

  function insertReversible(row: PlanRecord, added: PlanEnd['reversible']): void {
    for (const each of added)
      if (!undos.has(each.actionId)) undos.set(each.actionId, { ...each, planId: row.plan.id, undoDecisionId: null, endedBy: null });
    for (const each of added) {
      for (const other of undos.values())
        if (
          other.actionId !== each.actionId &&
          other.accountId === each.accountId &&
          other.type === each.type &&
          other.endedBy === null &&
          other.undoDecisionId === null &&
          other.parameters['group'] === each.parameters['group'] &&
          other.parameters['role'] === each.parameters['role']
        )
          other.endedBy = 'superseded';
    }
  }

  function closeUndone(actionIds: readonly string[]): void {
    const closed = actionIds.map((id) => undos.get(id)).filter((undo) => undo?.endedBy === null) as UndoRecord[];
    for (const undo of closed) undo.endedBy = 'undone';
    for (const { planId } of closed) {
      const row = rows.get(planId);
      const left = [...undos.values()].some((undo) => undo.planId === planId && undo.endedBy === null);
      if (row && !left && (row.state === 'done' || row.state === 'partial')) row.state = 'undone';
    }
  }

  function closeOpen(row: PlanRecord, code: string, at: number): void {
    row.records = row.records.map((record) => {
      if (record.finishedAt !== null) return record;
      return record.state === 'failed' ? { ...record, finishedAt: at } : { ...record, state: 'refused', code, finishedAt: at };
    });
  }

  return {
    rows,
    undos,
    pauses,
    protectedPeople,
    isPaused,
    get changes() {
      return changes;
    },
    claim({ planId, processId }, at, intend) {
      const row = rows.get(planId);
      if (!isReleased(row) || (row.claimedBy !== null && !without.has('claim: nobody else'))) return undefined;
      if (row.nextAt !== null && row.nextAt > at) return undefined;
      if (isLaneBusy(row) && !without.has('claim: lane')) return undefined;
      if (isPaused(row) && !isBegun(row) && !without.has('claim: pause')) return undefined;
      const undoes = [...undos.values()].filter((undo) => undo.undoDecisionId === row.plan.decisionId && undo.endedBy === null);
      const view: PlanView = {
        plan: row.plan,
        cause: row.cause,
        deadlineAt: row.deadlineAt,
        nextAt: row.nextAt,
        records: row.records,
        undoes: row.cause === 'undo' ? undoes.map(({ actionId, planId: of }) => ({ actionId, planId: of })) : [],
        target: {},
        onProtected: isProtected(row),
        admins: {},
        ...known(row, isProtected(row)),
      };
      const { records } = intend(view);
      changes += 1;
      row.claimedBy = processId;
      row.claimedAt = at;
      row.records = [...row.records, ...records];
      return view;
    },
    look(planId) {
      const row = rows.get(planId);
      if (row === undefined) return undefined;
      const { state, cause, claimedBy, nextAt } = row;
      return {
        state,
        cause,
        connection: row.plan.connection,
        claimedBy,
        nextAt,
        laneBusy: isLaneBusy(row),
        paused: isPaused(row) && !isBegun(row),
      };
    },
    mayCall,
    recordAttempt(holder, { actionId, attempts }) {
      const row = rows.get(holder.planId);
      const ours = isReleased(row) && row.claimedBy === holder.processId;
      if (!ours || isProtected(row) || (isPaused(row) && !without.has('attempt: pause'))) {
        const leave = mayCall(holder);
        return leave === 'yes' ? 'paused' : leave;
      }
      row.records = row.records.map((record) => (record.id === actionId ? { ...record, attempts, state: 'intended', code: null } : record));
      return 'yes';
    },
    end({ planId, processId, state, heldFor, nextAt, records, reversible, undone, jobs }) {
      const row = rows.get(planId);
      if (row === undefined || ((!isReleased(row) || row.claimedBy !== processId) && !without.has('end: ours')))
        return { kept: false, next: null };
      changes += 1;
      Object.assign(row, { state, heldFor, nextAt, claimedBy: null });
      row.records = row.records.map((old) => {
        const now = records.find(({ id }) => id === old.id);
        return now === undefined ? old : { ...now, idempotencyKey: old.idempotencyKey, intendedAt: old.intendedAt };
      });
      if (!without.has('end: undo rows')) insertReversible(row, reversible);
      send(jobs);
      closeUndone(undone.map(({ actionId }) => actionId));
      const next = state === 'released' ? undefined : sorted().find((each) => each.plan.lane === row.plan.lane && isReleased(each));
      return { kept: true, next: isFree(next) ? refOf(next) : null };
    },
    holdPaused(planId, entries) {
      const row = rows.get(planId);
      if (!isFree(row) || !isPaused(row) || isBegun(row)) return false;
      entries(row.plan);
      changes += 1;
      Object.assign(row, { state: 'held', heldFor: 'pause', nextAt: null });
      return true;
    },
    takeBack({ processId, running, ownBefore }) {
      const isLoose = (row: PlanRecord) => {
        if (!isReleased(row) || row.claimedBy === null) return false;
        if (row.claimedBy !== processId) return !alive(row.claimedBy) || without.has('takeBack: gone');
        return row.claimedAt < ownBefore && !running.includes(row.plan.id);
      };
      const loose = sorted().filter(isLoose);
      if (loose.length > 0) changes += 1;
      for (const row of loose) row.claimedBy = null;
      return loose.map(refOf);
    },
    waiting: (before, limit) =>
      sorted()
        .filter((row) => isFree(row) && (row.nextAt ?? row.plan.createdAt) <= before)
        .slice(0, limit)
        .map(refOf),
    change(asked, at) {
      changes += 1;
      const found = asked.map((change) => [rows.get(change.id), change] as const);
      const peoples = ['letGo', 'stop', 'holdAnew', 'refuse', 'expire'];
      for (const [row, { state }] of found) {
        const begins = row?.claimedBy === null && movesBetween(row.state, state).some((move) => peoples.includes(move));
        if (!begins && !without.has('change: from')) throw new Error('a plan is not where its change begins');
      }
      for (const [row, { state, heldFor, heldUntil, deadlineAt }] of found)
        if (row !== undefined) {
          if (state === 'refused' || state === 'expired') closeOpen(row, heldFor ?? state, at);
          Object.assign(row, { state, heldFor, heldUntil: heldUntil ?? null, deadlineAt: deadlineAt ?? row.deadlineAt, nextAt: null });
        }
    },
    markUndoDecided(actionId, decisionId) {
      const undo = undos.get(actionId);
      if (undo?.endedBy === null) undo.undoDecisionId = decisionId;
    },
  };
}
