/**
 * Whether a person's word lets a held plan go, by rule and nothing else. Pure: what was read under the locks comes in, and the answer
 * says what to write.
 */
import type { Instant } from '../model/clock.ts';
import type { Role } from '../model/operator.ts';
import type { Cause } from '../model/signal.ts';
import type { GuardId } from './binding.ts';
import type { Guardrails } from './guardrails.ts';
import { asksForApproval, type HoldTerms, isForRelease } from './holds.ts';
import type { By, Fate } from './review.ts';

export interface Speaker {
  readonly name: string;
  readonly roles: readonly Role[];
}

/** Who may speak for a plan, and for whom not. */
export interface Standing {
  readonly terms: Pick<HoldTerms, 'approvers' | 'required'>;
  /** Names of operators by group; a group without an entry falls to the admins. */
  readonly groups: Readonly<Record<string, readonly string[]>>;
  /** Under which names the plan's subject might speak. */
  readonly subject: readonly string[];
  /** Who wrote the policy's version or gave the order, where that is known. */
  readonly authors: readonly string[];
}

export interface HeldPlan extends Standing {
  readonly state: string;
  readonly heldFor: string | null;
  readonly heldUntil: Instant | null;
  /** A process has it in hand, or had: calls may have been made. */
  readonly begun: boolean;
  /** What was said of it before, each person once. */
  readonly given: readonly { readonly by: string; readonly hold: string }[];
  /** The evidence behind it was called false since. */
  readonly dismissed: boolean;
  /** What the guards make of each of its actions now, with what the approval lifts taken off; absent: policy asks for it no more. */
  readonly actions: readonly ({ readonly fate: Fate; readonly by?: By } | undefined)[];
}

export type Refusal =
  | 'role'
  | 'approver'
  | 'subject'
  | 'author'
  | 'list'
  | 'state'
  | 'begun'
  | 'expired'
  | 'dismissed'
  | 'score'
  | 'pause'
  | 'guard';

export type Word =
  | { readonly kind: 'released' }
  /** It counts, and more people are needed. */
  | { readonly kind: 'counted'; readonly missing: number }
  /** Said before: nothing changes. */
  | { readonly kind: 'repeated' }
  /** It counts, and now the plan waits for something else. */
  | { readonly kind: 'heldAnew'; readonly heldFor: string }
  /** `ends`: nobody can let it go any more. */
  | { readonly kind: 'refused'; readonly why: Refusal; readonly guard?: string; readonly ends: boolean };

const deciders: readonly Role[] = ['admin', 'approver'];

/** Why this person may not decide on the plan; undefined where they may. */
export function barredFrom({ terms, groups, subject, authors }: Standing, by: Speaker): Refusal | undefined {
  if (!by.roles.some((role) => deciders.includes(role))) return 'role';
  const name = by.name.toLowerCase();
  if (subject.some((each) => each.toLowerCase() === name)) return 'subject';
  if (authors.some((each) => each.toLowerCase() === name)) return 'author';
  return terms.approvers.every((list) => list.some((approver) => isMeant(approver, by, groups))) ? undefined : 'approver';
}

function isMeant(approver: string, by: Speaker, groups: Standing['groups']): boolean {
  const [kind, named] = [approver.slice(0, approver.indexOf(':')), approver.slice(approver.indexOf(':') + 1)];
  if (kind === 'user') return named === by.name;
  return Object.hasOwn(groups, named) ? (groups[named] as readonly string[]).includes(by.name) : by.roles.includes('admin');
}

/** Why this person may not refuse the plan for good; whoever gave an order may take it back. */
export function barredFromDenying(plan: HeldPlan, by: Speaker): Refusal | undefined {
  return barredFrom({ ...plan, authors: [] }, by) ?? (plan.state === 'held' ? undefined : 'state');
}

/** Why this person may not make the plan wait. Anybody with the role may, until it is begun. */
export function barredFromHolding(plan: HeldPlan, by: Speaker): Refusal | undefined {
  const barred = barredFrom({ ...plan, terms: { approvers: [], required: 1 }, authors: [] }, by);
  if (barred !== undefined || plan.state === 'held') return barred;
  if (plan.state !== 'released') return 'state';
  return plan.begun ? 'begun' : undefined;
}

/** `sameList`: what the person saw is what stands here. */
export function approve(plan: HeldPlan, by: Speaker, sameList: boolean, now: Instant): Word {
  const refuse = (why: Refusal, ends = false, guard?: string): Word => ({
    kind: 'refused',
    why,
    ends,
    ...(guard === undefined ? {} : { guard }),
  });
  const barred = barredFrom(plan, by);
  if (barred !== undefined) return refuse(barred);
  if (!sameList) return refuse('list');
  const spoken = plan.given.some((one) => one.by === by.name);
  if (plan.state !== 'held' || plan.heldFor === null) return spoken ? { kind: 'repeated' } : refuse('state');
  if (plan.heldUntil !== null && plan.heldUntil <= now) return refuse('expired');
  if (plan.dismissed) return refuse('dismissed', true);
  if (plan.actions.length === 0 || plan.actions.includes(undefined)) return refuse('score', true);
  const actions = plan.actions as readonly { readonly fate: Fate; readonly by?: By }[];
  const barring = actions.find(({ fate }) => fate === 'refused' || fate === 'reported');
  if (barring !== undefined) return refuse('guard', true, barring.by ?? 'policy');
  if (actions.some((action) => action.by === 'killSwitch')) return refuse('pause');
  if (spoken) return { kind: 'repeated' };
  const missing = plan.terms.required - 1 - plan.given.filter(({ hold }) => hold === plan.heldFor).length;
  if (missing > 0) return { kind: 'counted', missing };
  const waiting = actions.find(({ fate }) => fate === 'held');
  return waiting === undefined ? { kind: 'released' } : { kind: 'heldAnew', heldFor: waiting.by ?? 'approval' };
}

const approvalGuards: readonly GuardId[] = ['approval', 'ownerApproval', 'executiveApproval', 'freshContext', 'quietHours'];
const limits: readonly GuardId[] = [
  'surge',
  'source',
  'people',
  'rungs',
  'policy',
  'group',
  'tier0',
  'breaker',
  'leavers',
  'operator',
  'undo',
];
const liftable: ReadonlySet<GuardId> = new Set([...approvalGuards, ...limits, 'cooldown']);

/**
 * Which guards a person's word takes off a plan that waited, or waits, for these: an approval those that ask for one, a limit those that
 * count. What machines may not repeat, a person may. The kill switch, protected people and score against rung are never among them.
 */
export function liftedBy(holds: readonly string[]): ReadonlySet<GuardId> {
  const lifted = new Set<GuardId>(['cooldown']);
  for (const hold of holds) {
    const person = hold === 'person';
    if (person || asksForApproval(hold)) for (const guard of approvalGuards) lifted.add(guard);
    if (person || (!asksForApproval(hold) && !isForRelease(hold))) for (const guard of limits) lifted.add(guard);
  }
  return lifted;
}

/** The same guards, of which some bind nobody. */
export function lifting(guards: Guardrails, lifted: ReadonlySet<GuardId>): Guardrails {
  const binds = Object.fromEntries(
    Object.entries(guards.binds).map(([id, bound]) => [id, lifted.has(id as GuardId) && liftable.has(id as GuardId) ? nobody : bound]),
  );
  return { ...guards, binds: binds as Guardrails['binds'] };
}

const nobody: ReadonlySet<Cause> = new Set<Cause>();
