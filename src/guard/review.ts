/** The last look before harm: every guard that needs no counting, action by action, and the counters that the rest would use. */
import type { CounterUse, Intent, Reason, WantedAction } from '../model/decision.ts';
import type { Pause } from '../model/pause.ts';
import type { Assessment } from '../model/risk.ts';
import type { JudgingSettings } from '../model/settings.ts';
import type { Situation } from '../model/situation.ts';
import { ceilingFor } from './ceiling.ts';
import { choose } from './choose.ts';
import { coolingDown } from './cooldown.ts';
import type { Guardrails, ProfileName } from './guardrails.ts';
import { type Asked, allowedPeople, peopleScope } from './limits.ts';
import { coveringPause } from './pauses.ts';
import { refusesProtected } from './protected.ts';

export type Fate = 'released' | 'held' | 'refused' | 'reported';

/** What names a guard's verdict in a record: a guard id, or that no connection offers the action. */
export type By = 'killSwitch' | 'ceiling' | 'protected' | 'approval' | 'scoreAgainstRung' | 'cooldown' | 'people' | 'unsupported';

/** One action with what the guards make of it. `wouldRun`: policy and ceiling let it act, so a plan is made of it. */
export interface ReviewedAction {
  readonly wanted: WantedAction;
  readonly profile: ProfileName;
  readonly fate: Fate;
  readonly by?: By;
  readonly wouldRun: boolean;
  /** Set under the kill switch, also where a refusal outranks the hold. */
  readonly paused: boolean;
  readonly reasons: readonly Reason[];
  /** Limits that its release must keep. */
  readonly asked: readonly Asked[];
  /** Counters that its release uses. */
  readonly uses: readonly CounterUse[];
}

/** What one policy wants first, and the steps to take instead, most wanted first. */
export interface Choice {
  readonly policyId: string;
  readonly first: readonly ReviewedAction[];
  readonly instead: readonly (readonly ReviewedAction[])[];
}

export interface Review {
  readonly choices: readonly Choice[];
  /** As it stands if no limit is reached; final for a review that asks nothing. */
  readonly actions: readonly ReviewedAction[];
  readonly reasons: readonly Reason[];
  /** Counters to be read, fallbacks included; each once. */
  readonly asked: readonly Asked[];
  /** Counters that the released actions use. */
  readonly uses: readonly CounterUse[];
}

/**
 * Pure. Every action ends as released, held (a person may let it go), refused (nobody may) or reported (policy or configuration ask
 * for no more). A refusal outranks a hold. Give the answer to `admit` with the counters it asks for.
 */
export function review(
  intent: Intent,
  situation: Situation,
  assessment: Pick<Assessment, 'level'> & { readonly signal: Pick<Assessment['signal'], 'proof'> },
  guards: Guardrails,
  settings: JudgingSettings,
  pauses: readonly Pause[],
): Review {
  const { level, signal } = assessment;
  const look = (step: readonly WantedAction[]) => reviewStep(step, { situation, level, proof: signal.proof, guards, settings, pauses });
  const policies = [...new Set(intent.wanted.map((wanted) => wanted.policyId))];
  const choices = policies.map((policyId): Choice => {
    const own = (actions: readonly WantedAction[]) => actions.filter((action) => action.policyId === policyId);
    return {
      policyId,
      first: look(own(intent.wanted)),
      instead: intent.fallbacks
        .map(own)
        .filter((step) => step.length > 0)
        .map(look),
    };
  });
  return choose(choices, () => false);
}

interface Surround {
  readonly situation: Situation;
  readonly level: Assessment['level'];
  readonly proof: boolean;
  readonly guards: Guardrails;
  readonly settings: JudgingSettings;
  readonly pauses: readonly Pause[];
}

function reviewStep(actions: readonly WantedAction[], surround: Surround): readonly ReviewedAction[] {
  return actions.map((wanted) => reviewAction(wanted, highestRungOf(wanted, actions), surround));
}

/** The rung of a step is the highest among its actions that would act. */
function highestRungOf({ step, enforced }: WantedAction, actions: readonly WantedAction[]): number {
  return Math.max(...actions.filter((other) => other.step === step && other.enforced === enforced).map((other) => other.rung));
}

function reviewAction(wanted: WantedAction, stepRung: number, surround: Surround): ReviewedAction {
  const { situation, level, proof, guards, settings, pauses } = surround;
  const { identity, subject, signal } = situation;
  const { cause } = signal;
  const profile = profileOf(wanted.connection, settings);
  const rules = guards.profiles[profile];
  const binds = (guard: keyof Guardrails['binds']) => guards.binds[guard].has(cause);
  const pause = binds('killSwitch') ? coveringPause(pauses, { ...wanted, source: signal.source }) : undefined;
  const paused = wanted.enforced && pause !== undefined;
  const pauseReason: readonly Reason[] = paused ? [{ code: 'pause', ref: pause.id }] : [];
  const end = (fate: Fate, by?: By, reason?: Reason): ReviewedAction => ({
    wanted,
    profile,
    fate,
    wouldRun: wanted.enforced && fate !== 'reported',
    paused,
    reasons: reason === undefined ? pauseReason : [...pauseReason, reason],
    asked: [],
    uses: [],
    ...(by === undefined ? {} : { by }),
  });

  // The policy's own reasons say why it is only a report.
  if (wanted.unsupported) return end('refused', 'unsupported');
  if (!wanted.enforced) return end('reported');
  if (binds('ceiling')) {
    const ceiling = ceilingFor(wanted.connection, identity?.groups ?? [], settings.enforcement);
    if (ceiling.mode === 'report-only' || wanted.rung > ceiling.maxRung)
      return end('reported', 'ceiling', { code: 'ceiling', ref: wanted.connection });
  }
  // Telling operators does nothing to the person.
  if (binds('protected') && identity !== null && wanted.rung > 0 && refusesProtected(identity)) {
    return end('refused', 'protected', { code: 'guard', ref: 'protected' });
  }
  if (binds('scoreAgainstRung') && !wanted.direct && rules.scoredKinds.has(subject.kind)) {
    const highest = rules.highestRung[level];
    // Rung 6 is for direct policies only, whatever the level.
    if (stepRung > highest || stepRung === 6) {
      return end('refused', 'scoreAgainstRung', {
        code: 'guard',
        ref: 'scoreAgainstRung',
        detail: `${level}: rung ${stepRung} of ${Math.min(highest, 5)}`,
      });
    }
  }
  if (paused) return end(wanted.nowOrNever ? 'refused' : 'held', 'killSwitch');
  const rested = binds('cooldown') && rules.cooldown !== 'off' ? coolingDown(wanted, situation, proof, rules.cooldown) : undefined;
  if (binds('approval') && wanted.approval !== undefined) {
    return { ...end('held', 'approval', { code: 'approval', ref: wanted.approval }), asked: rested?.asked ?? [] };
  }

  const counted = binds('people') && identity !== null && wanted.rung >= rules.people.fromRung;
  const limits = !counted
    ? []
    : rules.people.limits.map(
        (limit): Asked => ({
          scope: peopleScope(profile),
          subject: identity.id,
          windowMs: limit.windowMs,
          allowed: allowedPeople(limit, situation.population, guards.countsOnlyBelow),
        }),
      );
  return {
    ...end('released'),
    asked: [...(rested?.asked ?? []), ...limits],
    uses: [...(rested?.uses ?? []), ...limits.map(({ scope, subject: counts }) => ({ scope, subject: counts }))],
  };
}

/** A connection that the configuration does not know is held to the standard. */
export function profileOf(connection: string, settings: JudgingSettings): ProfileName {
  return Object.hasOwn(settings.connections, connection)
    ? (settings.connections[connection]?.profile ?? settings.profile)
    : settings.profile;
}
