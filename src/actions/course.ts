/**
 * The course of one action through a run: called, looked at, verified, ended. What a lost answer left is read back before anything
 * is called again, and a call is repeated only under the same key.
 */
import type { ActionOrder, Adapter, ReadBack, Receipt } from '../adapters/contract.ts';
import type { Clock, Instant } from '../model/clock.ts';
import type { PlannedAction } from '../model/decision.ts';
import { AppError } from '../model/errors.ts';
import type { IdMaker, RandomBytes } from '../model/ids.ts';
import { type Backoff, delayAfter } from './backoff.ts';
import { callInTime } from './deadline.ts';
import { intendedEntry } from './intention.ts';
import type { Limiter } from './limiter.ts';
import type { ActionRecord, ClaimHolder, Leave, PlanStore, PlanView } from './ports.ts';

/** `call`: to be called. `check`: it may have been called, so read back first. `verify`: accepted, to be seen in force. */
export type Phase = 'call' | 'check' | 'verify' | 'ended';

export interface Course {
  readonly action: PlannedAction;
  record: ActionRecord;
  phase: Phase;
  dueAt: Instant;
  /** Reads since the last call. */
  reads: number;
  /** Whether this run began with the action ended, so that nothing of it is written again. */
  readonly endedBefore: boolean;
  /** The record counts a call that was not made yet. */
  uncalled: boolean;
}

export interface CourseSettings {
  /** Cuts a single call. */
  readonly callTimeoutMs: number;
  /** How long after acceptance an action may take to be seen in force. */
  readonly verifyWithinMs: number;
  readonly callBackoff: Backoff;
  readonly readBackoff: Backoff;
}

/** What the steps of one run share. */
export interface RunContext {
  readonly view: PlanView;
  readonly holder: ClaimHolder;
  readonly adapter: Adapter;
  readonly limiter: Limiter;
  readonly plans: Pick<PlanStore, 'mayCall' | 'recordAttempt'>;
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly ids: IdMaker;
  readonly settings: CourseSettings;
  /** After it nothing failed is called again. */
  readonly retryUntil: Instant;
  readonly stop: AbortSignal;
  /** Why an action is not to be called, by the checks beneath policy. */
  bar(action: PlannedAction): string | undefined;
}

/** `paused` and `lost`: no call was made and none may be made. */
export type StepResult = 'went' | 'paused' | 'lost';

/** `fresh` is true for the run that wrote the first records. */
export function beginCourse(action: PlannedAction, record: ActionRecord, fresh: boolean, now: Instant): Course {
  const ended = record.finishedAt !== null && record.state !== 'intended';
  return { action, record, phase: phaseOf(record, ended, fresh), dueAt: now, reads: 0, endedBefore: ended, uncalled: fresh };
}

function phaseOf(record: ActionRecord, ended: boolean, fresh: boolean): Phase {
  if (ended) return 'ended';
  if (record.finishedAt !== null) return 'verify';
  // A failed call is known to have had no effect; counting a further attempt turns the record to `intended` before it is made.
  return fresh || record.state === 'failed' ? 'call' : 'check';
}

/** Does the next thing for an action that is due. Afterwards `phase` and `dueAt` say what follows and when. */
export async function stepCourse(course: Course, context: RunContext): Promise<StepResult> {
  switch (course.phase) {
    case 'call':
      return callAction(course, context);
    case 'check':
      return checkAction(course, context);
    case 'verify':
      return verifyAction(course, context);
    case 'ended':
      return 'went';
    default:
      return course.phase satisfies never;
  }
}

function end(course: Course, context: RunContext, change: Partial<ActionRecord> & Pick<ActionRecord, 'state'>): StepResult {
  course.record = { ...course.record, finishedAt: context.clock.now(), ...change };
  course.phase = 'ended';
  return 'went';
}

/** Ends an action that would be called next, though a call of it may have taken effect and nobody can look: that much must be known of it. */
export function endUnseen(course: Course, context: RunContext): void {
  if (course.phase !== 'call' || course.uncalled || course.record.state === 'failed' || canRead(course, context)) return;
  end(course, context, { state: 'unknown', code: course.record.code ?? 'noReadBack' });
}

function orderOf({ action, record }: Course, { view }: RunContext, signal: AbortSignal): ActionOrder {
  return {
    idempotencyKey: record.idempotencyKey,
    type: action.type,
    account: (action.accountId && view.accounts.get(action.accountId)) ?? '',
    parameters: action.parameters['scope'] === 'one' ? { ...action.parameters, ...view.target } : action.parameters,
    intendedAt: record.intendedAt,
    signal,
  };
}

async function callAction(course: Course, context: RunContext): Promise<StepResult> {
  const bar = context.bar(course.action);
  if (bar !== undefined) return end(course, context, { state: 'refused', code: bar });
  const answer = await context.limiter.run(async () => {
    const leave = await leaveToCall(course, context);
    if (leave !== 'yes') return leave;
    return callInTime(context.clock, context.settings.callTimeoutMs, context.stop, (signal) =>
      context.adapter.act(orderOf(course, context, signal)),
    );
  });
  if (answer === 'protected') return end(course, context, { state: 'refused', code: 'protected' });
  if (answer === 'paused' || answer === 'lost') return answer;
  course.uncalled = false;
  course.reads = 0;
  return takeReceipt(course, context, receiptOf(answer));
}

/** Counts the attempt where the record does not count it yet, and asks in the same breath whether the plan may still be acted on. */
async function leaveToCall(course: Course, context: RunContext): Promise<Leave> {
  if (course.uncalled) return context.plans.mayCall(context.holder);
  const { clock, ids, view, holder } = context;
  const record: ActionRecord = { ...course.record, state: 'intended', code: null, finishedAt: null, attempts: course.record.attempts + 1 };
  const entry = intendedEntry(view, course.action, record, ids, clock.now());
  const leave = await context.plans.recordAttempt(holder, { actionId: record.id, attempts: record.attempts, entry });
  if (leave === 'yes') course.record = record;
  return leave;
}

/** A call that was cut or that threw may have reached the provider; only a fault of our own configuration surely did not. */
function receiptOf(answer: Awaited<ReturnType<typeof callInTime<Receipt>>>): Receipt {
  if (answer.kind === 'answer') return answer.value;
  if (answer.kind === 'cut') return { outcome: 'unknown', code: answer.code };
  return answer.error instanceof AppError ? { outcome: 'failed', code: answer.error.code } : { outcome: 'unknown', code: 'threw' };
}

function takeReceipt(course: Course, context: RunContext, receipt: Receipt): StepResult {
  const { clock, settings, random, retryUntil } = context;
  const now = clock.now();
  switch (receipt.outcome) {
    case 'done':
    case 'already':
      if (!canRead(course, context)) return end(course, context, { state: 'unverified', code: 'noReadBack' });
      course.record = { ...course.record, state: 'intended', code: receipt.outcome === 'already' ? 'already' : null, finishedAt: now };
      course.phase = 'verify';
      course.dueAt = now;
      return 'went';
    case 'refused':
      return end(course, context, { state: 'refused', code: receipt.code });
    case 'failed': {
      const dueAt = now + delayAfter(course.record.attempts, settings.callBackoff, random, receipt.retryAfterMs);
      if (dueAt > retryUntil) return end(course, context, { state: 'failed', code: receipt.code });
      course.record = { ...course.record, state: 'failed', code: receipt.code };
      course.dueAt = dueAt;
      return 'went';
    }
    case 'unknown':
      course.record = { ...course.record, state: 'unknown', code: receipt.code };
      course.phase = 'check';
      course.dueAt = now;
      return 'went';
    default:
      return receipt satisfies never;
  }
}

function canRead({ action }: Course, { adapter }: RunContext): boolean {
  return adapter.manifest.actions[action.type]?.readBack === true;
}

async function readBack(course: Course, context: RunContext): Promise<ReadBack> {
  course.reads += 1;
  const answer = await context.limiter.run(() =>
    callInTime(context.clock, context.settings.callTimeoutMs, context.stop, (signal) =>
      context.adapter.readBack(orderOf(course, context, signal)),
    ),
  );
  if (answer.kind === 'answer') return answer.value;
  return { inForce: null, code: answer.kind === 'cut' ? answer.code : 'threw' };
}

async function checkAction(course: Course, context: RunContext): Promise<StepResult> {
  const { clock, settings, random, retryUntil } = context;
  if (!canRead(course, context)) {
    const dueAt = clock.now() + (course.record.state === 'unknown' ? delayAfter(course.record.attempts, settings.callBackoff, random) : 0);
    if (dueAt > retryUntil) return end(course, context, { state: 'unknown', code: course.record.code ?? 'noReadBack' });
    course.phase = 'call';
    course.dueAt = dueAt;
    return 'went';
  }
  const seen = await readBack(course, context);
  const now = clock.now();
  if (seen.inForce === true) {
    return end(course, context, { state: 'done', code: null, verifiedAt: now, residualAccessMs: seen.residualAccessMs });
  }
  const tries = seen.inForce === false ? course.record.attempts : course.reads;
  // The first call of a run that only looked because an earlier process died is not made to wait.
  const delayMs =
    seen.inForce === false && course.record.state === 'intended' ? 0 : delayAfter(tries, settings.callBackoff, random, retryAfterOf(seen));
  if (now + delayMs > retryUntil) {
    return end(course, context, { state: seen.inForce === false ? 'failed' : 'unknown', code: course.record.code ?? seen.code });
  }
  if (seen.inForce === false) course.phase = 'call';
  course.dueAt = now + delayMs;
  return 'went';
}

async function verifyAction(course: Course, context: RunContext): Promise<StepResult> {
  const { clock, settings, random } = context;
  const seen = await readBack(course, context);
  const now = clock.now();
  const acceptedAt = course.record.finishedAt ?? now;
  if (seen.inForce === true) {
    const state = course.record.code === 'already' ? 'already' : 'done';
    return end(course, context, { state, code: null, finishedAt: acceptedAt, verifiedAt: now, residualAccessMs: seen.residualAccessMs });
  }
  const dueAt = now + delayAfter(course.reads, settings.readBackoff, random, retryAfterOf(seen));
  if (dueAt > acceptedAt + settings.verifyWithinMs)
    return end(course, context, { state: 'unverified', code: seen.code, finishedAt: acceptedAt });
  course.dueAt = dueAt;
  return 'went';
}

function retryAfterOf(seen: ReadBack): number | undefined {
  return seen.inForce === null ? seen.retryAfterMs : undefined;
}
