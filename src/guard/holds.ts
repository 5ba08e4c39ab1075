/** What a held plan waits for, whom it asks, and how long. Pure: the terms follow from documents and from what was decided. */

import type { JudgingSettings } from '../model/settings.ts';
import type { Cause } from '../model/signal.ts';
import type { Guardrails, ProfileName } from './guardrails.ts';
import { profileOf } from './review.ts';
import { durationMs, type GuardSettings } from './schema.ts';

export type OnTimeout = 'deny' | 'fallback' | 'escalate';

/** An approval as a policy writes it. */
export interface NamedApproval {
  readonly name: string;
  readonly approvers: readonly string[];
  readonly required: number;
  readonly timeoutMs: number;
  readonly onTimeout: OnTimeout;
}

export interface HoldTerms {
  /** The approval of a policy, where the plan waits for one. */
  readonly approval: string | null;
  /** Lists of `group:` and `user:`; an approver stands in every one. None: whoever has the role. */
  readonly approvers: readonly (readonly string[])[];
  readonly required: number;
  readonly timeoutMs: number;
  readonly onTimeout: OnTimeout;
}

/** Held by a person or a pause: somebody lets it go on, or nothing comes of it. */
const waitsForRelease: ReadonlySet<string> = new Set(['pause', 'person']);

/** Guards that hold until a person has said yes; the rest of those that hold count. */
const waitsForApproval: ReadonlySet<string> = new Set(['approval', 'ownerApproval', 'executiveApproval', 'freshContext', 'quietHours']);

export function asksForApproval(heldFor: string): boolean {
  return waitsForApproval.has(heldFor);
}

export function isForRelease(heldFor: string): boolean {
  return waitsForRelease.has(heldFor);
}

/**
 * `approvals` are those that the steps of the held actions demand, each once; they count only while an approval is what is waited
 * for. A guard that holds asks one person with the role, for the time that its rung has.
 */
export function holdTerms(
  hold: { readonly heldFor: string; readonly cause: Cause; readonly profile: ProfileName; readonly rung: number },
  approvals: readonly NamedApproval[],
  guards: Pick<Guardrails, 'profiles'>,
): HoldTerms {
  const guard = guards.profiles[hold.profile].all.approval as unknown as GuardSettings['approval'];
  const own = {
    approval: null,
    approvers: [],
    required: 1,
    timeoutMs: defaultTimeoutMs(hold.rung, guard),
    // What a pause holds asks for no lesser step, and an order has none.
    onTimeout: isForRelease(hold.heldFor) || hold.cause === 'person' ? 'deny' : guard.onTimeout,
  } as const;
  const [first, ...others] = asksForApproval(hold.heldFor) ? approvals : [];
  if (first === undefined) return own;
  const all = [first, ...others];
  return {
    approval: first.name,
    approvers: all.map(({ approvers }) => approvers),
    required: Math.max(...all.map(({ required }) => required)),
    timeoutMs: Math.min(...all.map(({ timeoutMs }) => timeoutMs)),
    onTimeout: first.onTimeout,
  };
}

/** From which rung on an order at the connection needs a second person. */
export function personFromRung({ profiles }: Pick<Guardrails, 'profiles'>, settings: JudgingSettings, connection: string): number {
  const { all } = profiles[profileOf(connection, settings)];
  return (all.approval as unknown as GuardSettings['approval']).personFromRung;
}

function defaultTimeoutMs(rung: number, { timeouts }: GuardSettings['approval']): number {
  return durationMs(rung >= 6 ? timeouts.rung6 : rung === 5 ? timeouts.rung5 : timeouts.rung4);
}
