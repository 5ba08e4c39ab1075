/**
 * Whether a person's word lets a held plan go, by rule and nothing else. Pure: what was read under the locks comes in, and the answer
 * says what to write.
 */
import type { Instant } from '../model/clock.ts';
import type { Role } from '../model/operator.ts';
import type { Cause } from '../model/signal.ts';
import type { GuardId } from './binding.ts';
import type { Guardrails } from './guardrails.ts';
import type { Ask, HoldTerms } from './holds.ts';
import type { By, Fate } from './review.ts';
import { asksForApproval, isForRelease, limitGuards, wordGuards } from './waiting.ts';

export interface Speaker {
  readonly name: string;
  readonly roles: readonly Role[];
}

/** Which people stand behind the names of operators, by id; `nobody` for one who is configured to be a person whom nobody knows. */
export type PeopleBehind = ReadonlyMap<string, readonly string[] | 'nobody'>;

/** Who may speak for a plan, and for whom not. */
export interface Standing {
  readonly terms: Pick<HoldTerms, 'asks'>;
  /** Names of operators by group; a group without an entry falls to the admins. */
  readonly groups: Readonly<Record<string, readonly string[]>>;
  /** The id of the person whom the plan is about. */
  readonly subject: string | null;
  /** Who wrote the policy's version or gave the order, where that is known. */
  readonly authors: readonly string[];
  /** Of everybody named here and of whoever speaks; a name that is missing stands for nobody but itself. */
  readonly people: PeopleBehind;
}

/** A yes that was said before. */
export interface Given {
  readonly by: string;
  readonly hold: string;
  /** The approvals that it counted for; null: for all that were asked then. */
  readonly meets: readonly string[] | null;
}

export interface HeldPlan extends Standing {
  readonly state: string;
  readonly heldFor: string | null;
  readonly heldUntil: Instant | null;
  /** A process has it in hand, or had: calls may have been made. */
  readonly begun: boolean;
  /** What was said of it before, each person once. */
  readonly given: readonly Given[];
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
  | 'unknown'
  | 'list'
  | 'state'
  | 'begun'
  | 'expired'
  | 'dismissed'
  | 'score'
  | 'pause'
  | 'guard';

/** `meets`: the approvals that a yes counts for. */
export type Word =
  | { readonly kind: 'released'; readonly meets: readonly string[] }
  /** It counts, and more people are needed for what is left. */
  | { readonly kind: 'counted'; readonly meets: readonly string[]; readonly missing: number; readonly lacks: readonly string[] }
  /** Said before: nothing changes. */
  | { readonly kind: 'repeated' }
  /** It counts, and now the plan waits for something else. */
  | { readonly kind: 'heldAnew'; readonly meets: readonly string[]; readonly heldFor: string }
  /** `ends`: nobody can let it go any more. */
  | { readonly kind: 'refused'; readonly why: Refusal; readonly guard?: string; readonly ends: boolean };

const deciders: readonly Role[] = ['admin', 'approver'];

/** Why this person may not decide on the plan; undefined where they may. */
export function barredFrom(plan: Standing, by: Speaker): Refusal | undefined {
  const { terms, subject, authors, people } = plan;
  if (!by.roles.some((role) => deciders.includes(role))) return 'role';
  const own = people.get(by.name) ?? [];
  // Who they are is asked for, and cannot be told: they might be anybody.
  if (own === 'nobody') return 'unknown';
  if (subject !== null && own.includes(subject)) return 'subject';
  if (authors.some((author) => isSame(author, by.name, people))) return 'author';
  const named = terms.asks.filter(({ approval }) => approval !== null);
  return named.length > 0 && meetsOf(plan, by).length === 0 ? 'approver' : undefined;
}

/** The named approvals in whose lists somebody stands. */
function meetsOf({ terms, groups }: Pick<Standing, 'terms' | 'groups'>, by: Speaker): readonly string[] {
  return terms.asks.flatMap(({ approval, approvers }) =>
    approval !== null && approvers.some((approver) => isMeant(approver, by, groups)) ? [approval] : [],
  );
}

function isMeant(approver: string, by: Speaker, groups: Standing['groups']): boolean {
  const [kind, named] = [approver.slice(0, approver.indexOf(':')), approver.slice(approver.indexOf(':') + 1)];
  if (kind === 'user') return named === by.name;
  return Object.hasOwn(groups, named) ? (groups[named] as readonly string[]).includes(by.name) : by.roles.includes('admin');
}

/** Whether two names are one person's. */
function isSame(one: string, other: string, people: PeopleBehind): boolean {
  if (one.toLowerCase() === other.toLowerCase()) return true;
  const [those, these] = [people.get(one) ?? [], people.get(other) ?? []];
  return those !== 'nobody' && these !== 'nobody' && those.some((id) => these.includes(id));
}

export interface Lacking extends Ask {
  /** How many more people it needs. */
  readonly missing: number;
}

function hasSpoken({ given, people }: Pick<HeldPlan, 'given' | 'people'>, by: Speaker): boolean {
  return given.some((one) => isSame(one.by, by.name, people));
}

/** Whatever asks for a yes is asked together, under the name of the first. */
function isWaitedFor(hold: string, heldFor: string | null): boolean {
  return heldFor !== null && asksForApproval(heldFor) ? asksForApproval(hold) : hold === heldFor;
}

/** How far each thing that a plan waits for is from being met by what was said while it waited for that, each person counted once. */
export function lackingOf(asks: readonly Ask[], heldFor: string, given: readonly Given[], people: PeopleBehind): readonly Lacking[] {
  const now = given.filter(({ hold }) => isWaitedFor(hold, heldFor));
  return asks.map((ask) => {
    const counted = now.filter(({ meets }) => ask.approval === null || meets === null || meets.includes(ask.approval));
    const different = counted.filter(({ by }, n) => !counted.slice(0, n).some((one) => isSame(one.by, by, people)));
    return { ...ask, missing: Math.max(0, ask.required - different.length) };
  });
}

/** What would still be lacking once this person has said yes. */
export function lackingWith(plan: Standing & Pick<HeldPlan, 'heldFor' | 'given'>, by: Speaker): readonly Lacking[] {
  const { terms, given, people } = plan;
  const heldFor = plan.heldFor ?? '';
  return lackingOf(terms.asks, heldFor, [...given, { by: by.name, hold: heldFor, meets: meetsOf(plan, by) }], people).filter(
    ({ missing }) => missing > 0,
  );
}

/** What the plan has waited for so far, and what it waits for now where this person's yes is the last one that is lacking. */
export function holdsMet(plan: Standing & Pick<HeldPlan, 'heldFor' | 'given'>, by: Speaker | undefined): readonly string[] {
  const { heldFor, given } = plan;
  const before = given.map(({ hold }) => hold).filter((hold) => !isWaitedFor(hold, heldFor));
  const counts = by !== undefined && barredFrom(plan, by) === undefined && !hasSpoken(plan, by);
  const complete = heldFor !== null && counts && lackingWith(plan, by).length === 0;
  return [...new Set([...before, ...(complete ? [heldFor] : [])])];
}

/** Why this person may not refuse the plan for good; whoever gave an order may take it back. */
export function barredFromDenying(plan: HeldPlan, by: Speaker): Refusal | undefined {
  return barredFrom({ ...plan, authors: [] }, by) ?? (plan.state === 'held' ? undefined : 'state');
}

/** Why this person may not make the plan wait. Anybody with the role may, until it is begun. */
export function barredFromHolding(plan: HeldPlan, by: Speaker): Refusal | undefined {
  const barred = barredFrom({ ...plan, terms: { asks: [] }, authors: [] }, by);
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
  const spoken = hasSpoken(plan, by);
  if (plan.state !== 'held' || plan.heldFor === null) return spoken ? { kind: 'repeated' } : refuse('state');
  if (plan.heldUntil !== null && plan.heldUntil <= now) return refuse('expired');
  if (plan.dismissed) return refuse('dismissed', true);
  if (plan.actions.length === 0 || plan.actions.includes(undefined)) return refuse('score', true);
  const actions = plan.actions as readonly { readonly fate: Fate; readonly by?: By }[];
  const barring = actions.find(({ fate }) => fate === 'refused' || fate === 'reported');
  if (barring !== undefined) return refuse('guard', true, barring.by ?? 'policy');
  if (actions.some((action) => action.by === 'killSwitch')) return refuse('pause');
  if (spoken) return { kind: 'repeated' };
  const meets = meetsOf(plan, by);
  const lacking = lackingWith(plan, by);
  if (lacking.length > 0) {
    const lacks = lacking.map(({ approval, guard }) => approval ?? guard);
    return { kind: 'counted', meets, missing: Math.max(...lacking.map(({ missing }) => missing)), lacks };
  }
  const waiting = actions.find(({ fate }) => fate === 'held');
  return waiting === undefined ? { kind: 'released', meets } : { kind: 'heldAnew', meets, heldFor: waiting.by ?? 'approval' };
}

/**
 * Which guards a person's word takes off a plan that waited, or waits, for these: an approval those that ask for one, a limit those that
 * count. What machines may not repeat, a person may. The kill switch, protected people and score against rung are never among them.
 */
export function liftedBy(holds: readonly string[]): ReadonlySet<GuardId> {
  const lifted = new Set<GuardId>(['cooldown']);
  for (const hold of holds) {
    const person = hold === 'person';
    if (person || asksForApproval(hold)) for (const guard of wordGuards) lifted.add(guard);
    if (person || (!asksForApproval(hold) && !isForRelease(hold))) for (const guard of limitGuards) lifted.add(guard);
  }
  return lifted;
}

const liftable: ReadonlySet<GuardId> = new Set([...wordGuards, ...limitGuards, 'cooldown']);

/** The same guards, of which some bind nobody. */
export function lifting(guards: Guardrails, lifted: ReadonlySet<GuardId>): Guardrails {
  const binds = Object.fromEntries(
    Object.entries(guards.binds).map(([id, bound]) => [id, lifted.has(id as GuardId) && liftable.has(id as GuardId) ? nobody : bound]),
  );
  return { ...guards, binds: binds as Guardrails['binds'] };
}

const nobody: ReadonlySet<Cause> = new Set<Cause>();
