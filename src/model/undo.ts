/** Taking an action back, and doing again what somebody else took back: the signals of it, and what no signal can give back. */
import type { ActionParameters, ActionType } from './action.ts';
import type { Instant } from './clock.ts';
import type { AccountId, ActionId, PlanId } from './ids.ts';

/** The signal type under which an action is undone; only the service makes it. */
export const undoType = 'undo';
/** The signal type under which an action that somebody else reversed is done once more. */
export const putBackType = 'put_back';

/** Source of what follows from a timer and not from a person. No connection can have this name. */
export const timerSource = 'own:timer';

/** What an undo's or a put-back's signal says. Texts, so that they fit the facts of any signal. */
export interface ReversalFacts {
  /** The action that is undone or done again. */
  readonly actionId: string;
  /** What is to be called now. */
  readonly type: ActionType;
  readonly connection: string;
  readonly accountId: string;
  /** JSON of the call's parameters. */
  readonly parameters: string;
  /** Who asked for it; absent where its time came. */
  readonly by?: string;
  readonly reason?: string;
  /** The list that a person approved, of which this is one. */
  readonly campaign?: string;
  /** How often somebody else reversed the action. */
  readonly reversed?: number;
}

/** An action that took effect and can be undone, with what that takes. */
export interface Reversible {
  readonly actionId: ActionId;
  readonly accountId: AccountId;
  readonly type: ActionType;
  readonly inverse: ActionType;
  readonly parameters: ActionParameters;
  readonly doneAt: Instant;
  /** When it ends by itself; null: when a person lifts it. */
  readonly expiresAt: Instant | null;
}

export interface UndoneAction {
  readonly actionId: ActionId;
  readonly planId: PlanId;
}

/** What the affected person must do again after an action that nothing gives back; `undefined` where there is nothing to do. */
const redo: Readonly<Partial<Record<ActionType, string>>> = {
  'session.revoke': 'sign in again',
  'token.revoke': 'sign in again in each application',
  'grant.revoke': 'consent again',
  'app.signOut': 'sign in again',
  'password.expire': 'choose a new password',
  'mfa.reset': 'enrol the factors again',
  'factor.remove': 'enrol the factor again',
};

export function redoOf(type: ActionType): string | undefined {
  return redo[type];
}
