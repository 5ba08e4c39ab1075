/** What must wait for a person: the policy's own approval, and those that guards ask for. The most demanding one names the hold. */
import type { Reason, WantedAction } from '../model/decision.ts';
import type { JudgingSettings } from '../model/settings.ts';
import type { Situation } from '../model/situation.ts';
import type { Identity } from '../model/subject.ts';
import type { StandingRules } from './standing.ts';
import type { WordGuard } from './waiting.ts';
import { isWorkingTime } from './working-hours.ts';

export interface Awaited {
  readonly by: WordGuard;
  readonly reason: Reason;
}

export interface AwaitedParts {
  readonly situation: Situation;
  readonly proof: boolean;
  readonly rules: StandingRules;
  readonly settings: JudgingSettings;
  /** How old what is known of a directory may be. */
  readonly directoryFreshMs: number;
  readonly isListed: (list: string, identity: Identity) => boolean;
  readonly binds: (guard: WordGuard) => boolean;
}

/** Empty where nothing has to wait. `rung` is that of the whole step. */
export function awaitedFor(wanted: WantedAction, rung: number, parts: AwaitedParts): readonly Awaited[] {
  const { situation, rules, binds, isListed } = parts;
  const { identity } = situation;
  const { executiveApproval, ownerApproval } = rules;
  const found: Awaited[] = [];
  const wait = (by: WordGuard, detail?: string) =>
    found.push({ by, reason: { code: 'guard', ref: by, ...(detail === undefined ? {} : { detail }) } });
  const isExecutive = () => identity !== null && (identity.executive || isListed(executiveApproval.list, identity));
  if (binds('executiveApproval') && rung >= executiveApproval.fromRung && isExecutive()) wait('executiveApproval');
  const kind = identity?.accounts.find((account) => account.id === wanted.accountId)?.kind;
  if (binds('ownerApproval') && rung >= ownerApproval.fromRung && kind !== undefined && ownerApproval.accounts.includes(kind))
    wait('ownerApproval', kind);
  if (binds('approval')) {
    if (wanted.approval !== undefined) found.push({ by: 'approval', reason: { code: 'approval', ref: wanted.approval } });
    for (const { policyId, name } of wanted.alsoApproved ?? [])
      found.push({ by: 'approval', reason: { code: 'approval', ref: name, detail: policyId } });
  }
  const stale = binds('freshContext') && rung >= rules.freshContext.fromRung ? staleContext(wanted, parts) : undefined;
  if (stale !== undefined) wait('freshContext', stale);
  if (binds('quietHours') && rung >= rules.quietHours.fromRung && isQuiet(parts)) wait('quietHours');
  return found;
}

/**
 * Of the values that a policy needs, all come with the signal itself and are as fresh as it is; what is kept is the directory. One that
 * was never read is stale.
 */
function staleContext({ connection }: WantedAction, { situation, rules, directoryFreshMs }: AwaitedParts): string | undefined {
  if (!rules.freshContext.require.includes('directory') || situation.identity === null) return undefined;
  const readAt = situation.standing?.directories[connection];
  return readAt === undefined || situation.now - readAt > directoryFreshMs ? `directory ${connection}` : undefined;
}

/** Everything in `unless` must hold to go on at night; a word that is not known here never does. */
function isQuiet({ situation, proof, rules, settings }: AwaitedParts): boolean {
  if (isWorkingTime(situation.now, settings.calendar ?? {})) return false;
  const tier = situation.identity?.tier;
  const holds: Readonly<Record<string, boolean>> = { proof, privileged: tier === 'standing' || tier === 'tier0' };
  const { unless } = rules.quietHours;
  return unless.length === 0 || !unless.every((name) => Object.hasOwn(holds, name) && holds[name]);
}
