/**
 * What was done a short while ago is not done again: the same action on the same target, or the same policy on the same subject.
 * Proof of something that happened since resets it; and a policy may always go further than it went.
 */
import type { ActionType } from '../model/action.ts';
import type { CounterUse, WantedAction } from '../model/decision.ts';
import type { Situation } from '../model/situation.ts';
import type { Asked } from './limits.ts';

/** The times of one profile. */
export interface Cooldown {
  readonly actionMs: number;
  /** Types with a time of their own. */
  readonly actions: ReadonlyMap<ActionType, number>;
  readonly policyMs: number;
}

export interface CoolingDown {
  readonly asked: readonly Asked[];
  /** What a release leaves behind for the next one to find. */
  readonly uses: readonly CounterUse[];
}

const highestRung = 6;

export function coolingDown(wanted: WantedAction, situation: Situation, proof: boolean, cooldown: Cooldown): CoolingDown {
  const target = targetOf(wanted, situation);
  const subject = `${situation.subject.kind}:${situation.subject.id}`;
  const action = { scope: `cooldown:action:${wanted.type}`, subject: target + parametersOf(wanted) };
  const policy = (rung: number) => ({ scope: `cooldown:policy:${wanted.policyId}`, subject: `${subject}:${rung}` });
  const windows = {
    action: within(Math.max(cooldown.actions.get(wanted.type) ?? cooldown.actionMs, wanted.cooldown?.actionMs ?? 0), situation, proof),
    policy: within(Math.max(cooldown.policyMs, wanted.cooldown?.policyMs ?? 0), situation, proof),
  };
  const ask = (use: CounterUse, windowMs: number): readonly Asked[] => (windowMs > 0 ? [{ ...use, windowMs, allowed: 0, own: true }] : []);
  const atLeast = Array.from({ length: highestRung + 1 - wanted.rung }, (_, n) => policy(wanted.rung + n));
  return {
    asked: [...ask(action, windows.action), ...atLeast.flatMap((use) => ask(use, windows.policy))],
    uses: [action, policy(wanted.rung), ...weaker(wanted).map((parameters) => ({ ...action, subject: target + parameters }))],
  };
}

/** New proof looks back no further than to what it proves: only what was done after that was done about it. */
function within(windowMs: number, { signal, now }: Situation, proof: boolean): number {
  return proof ? Math.min(windowMs, now - signal.occurredAt) : windowMs;
}

/** One session is a target of its own; else the account, else the subject at the connection. */
function targetOf({ accountId, connection, parameters }: WantedAction, { subject }: Situation): string {
  const one = parameters['scope'] === 'one' ? `:${subject.kind}:${subject.id}` : '';
  return accountId === null ? `${connection}:${subject.kind}:${subject.id}` : `${accountId}${one}`;
}

/** For how long is not what: the same action for longer is the same action. Another group or a stronger factor is another one. */
function parametersOf({ parameters }: Pick<WantedAction, 'parameters'>): string {
  return Object.keys(parameters)
    .filter((name) => name !== 'for' && name !== 'expires' && name !== 'scope')
    .sort()
    .map((name) => `:${name}=${parameters[name]}`)
    .join('');
}

/** Who was asked for a strong factor was asked for any. */
function weaker({ type, parameters }: WantedAction): readonly string[] {
  const { strength } = parameters;
  return type === 'mfa.require' && strength === 'phishingResistant'
    ? [parametersOf({ parameters: { ...parameters, strength: 'any' } })]
    : [];
}
