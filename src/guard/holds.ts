/** What a held plan waits for, whom it asks, and how long. Pure: the terms follow from documents and from what was decided. */

import type { JudgingSettings } from '../model/settings.ts';
import type { Cause } from '../model/signal.ts';
import type { Guardrails, ProfileName } from './guardrails.ts';
import { profileOf } from './review.ts';
import { durationMs, type GuardSettings } from './schema.ts';
import { asksForApproval, isForRelease, type WordGuard } from './waiting.ts';

export type OnTimeout = 'deny' | 'fallback' | 'escalate';

/** An approval as a policy writes it. */
export interface NamedApproval {
  readonly policyId: string;
  readonly name: string;
  readonly approvers: readonly string[];
  readonly required: number;
  readonly timeoutMs: number;
  readonly onTimeout: OnTimeout;
}

/** One of the things that a plan waits for. Each has its own approvers and its own number; one person's yes may count for several. */
export interface Ask {
  readonly guard: string;
  /** `TP-001/socLead`: the approval of a policy. Null where a guard asks, which any yes that counts meets. */
  readonly approval: string | null;
  /** `group:` and `user:`; empty: whoever has the role. */
  readonly approvers: readonly string[];
  /** How many different people must say yes. */
  readonly required: number;
}

export interface HoldTerms {
  /** The first one names the hold. */
  readonly asks: readonly Ask[];
  readonly timeoutMs: number;
  readonly onTimeout: OnTimeout;
}

export interface Hold {
  readonly heldFor: string;
  /** Guards beside the first that ask for a yes as well. */
  readonly also: readonly WordGuard[];
  readonly cause: Cause;
  readonly profile: ProfileName;
  readonly rung: number;
}

/**
 * `approvals` are those that the steps of the held actions demand, each once; they count only while an approval is what is waited
 * for. A guard that holds asks one person with the role, for the time that its rung has: no policy makes that longer. The shortest
 * time of all counts, and what the first one does when it is over.
 */
export function holdTerms(hold: Hold, approvals: readonly NamedApproval[], guards: Pick<Guardrails, 'profiles'>): HoldTerms {
  const rule = guards.profiles[hold.profile].all.approval as unknown as GuardSettings['approval'];
  const own: Part = {
    timeoutMs: defaultTimeoutMs(hold.rung, rule),
    // What a pause holds asks for no lesser step, and an order has none.
    onTimeout: isForRelease(hold.heldFor) || hold.cause === 'person' ? 'deny' : rule.onTimeout,
  };
  const ofGuard = (guard: string) => [{ ...own, ask: { guard, approval: null, approvers: [], required: 1 } }];
  const named = approvals.map(({ policyId, name, approvers, required, timeoutMs, onTimeout }) => ({
    timeoutMs,
    onTimeout,
    ask: { guard: 'approval', approval: `${policyId}/${name}`, approvers, required },
  }));
  const [first, ...others] = asksForApproval(hold.heldFor) ? partsOf(hold, named, ofGuard) : ofGuard(hold.heldFor);
  if (first === undefined) throw new Error('a hold asks for nothing');
  const all = [first, ...others];
  return { asks: all.map(({ ask }) => ask), timeoutMs: Math.min(...all.map(({ timeoutMs }) => timeoutMs)), onTimeout: first.onTimeout };
}

type Part = Pick<HoldTerms, 'timeoutMs' | 'onTimeout'>;
type AskPart = Part & { readonly ask: Ask };

/** Where a policy names approvers, they stand for the guard `approval`, whichever guard comes first. */
function partsOf({ heldFor, also }: Hold, named: readonly AskPart[], ofGuard: (guard: string) => readonly AskPart[]): readonly AskPart[] {
  const guards = [...new Set([heldFor, ...also, ...(named.length === 0 ? [] : ['approval'])])];
  return guards.flatMap((guard) => (guard === 'approval' && named.length > 0 ? named : ofGuard(guard)));
}

/** From which rung on an order at the connection needs a second person. */
export function personFromRung({ profiles }: Pick<Guardrails, 'profiles'>, settings: JudgingSettings, connection: string): number {
  const { all } = profiles[profileOf(connection, settings)];
  return (all.approval as unknown as GuardSettings['approval']).personFromRung;
}

function defaultTimeoutMs(rung: number, { timeouts }: GuardSettings['approval']): number {
  return durationMs(rung >= 6 ? timeouts.rung6 : rung === 5 ? timeouts.rung5 : timeouts.rung4);
}
