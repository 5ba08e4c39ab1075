/** The last look before harm: every guard that needs no counting, action by action, and the counters that the rest would use. */
import { restoringTypes } from '../model/action.ts';
import type { CounterUse, Intent, Reason, WantedAction } from '../model/decision.ts';
import type { Pause } from '../model/pause.ts';
import type { JudgingSettings } from '../model/settings.ts';
import type { Situation } from '../model/situation.ts';
import type { Identity } from '../model/subject.ts';
import { putBackType } from '../model/undo.ts';
import { belowFloor } from './admin-floor.ts';
import { awaitedFor } from './awaited.ts';
import type { GuardId } from './binding.ts';
import { heldByBreaker } from './breaker.ts';
import { ceilingFor } from './ceiling.ts';
import { choose } from './choose.ts';
import { coolingDown } from './cooldown.ts';
import { countersOf, type ReachedWithout } from './counters.ts';
import { evidenceBar, type Weighed } from './evidence-bars.ts';
import { withExpiry } from './expiry.ts';
import type { Guardrails, ProfileName } from './guardrails.ts';
import type { Asked } from './limits.ts';
import { coveringPause } from './pauses.ts';
import { isListed, type NameList, refusesProtected } from './protected.ts';
import { refusesThing } from './things.ts';
import { undoLimit } from './undo-limit.ts';

export type Fate = 'released' | 'held' | 'refused' | 'reported';

/** What names a guard's verdict in a record: a guard id, or that no connection offers the action. */
export type By = GuardId | 'unsupported';

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
  /** Counters that were full and stay so until a person has judged it. */
  readonly hits?: readonly string[];
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
  /** Counters that were full and stay so until a person has judged it. */
  readonly hits: readonly string[];
}

/**
 * Pure. Every action ends as released, held (a person may let it go), refused (nobody may) or reported (policy or configuration ask
 * for no more). A refusal outranks a hold. Give the answer to `admit` with the counters it asks for. `reachedWithout` is asked only
 * where something would be released.
 */
export function review(
  intent: Intent,
  situation: Situation,
  weighed: Weighed,
  guards: Guardrails,
  settings: JudgingSettings,
  pauses: readonly Pause[],
  lists: ReadonlyMap<string, NameList>,
  reachedWithout: ReachedWithout = () => new Map(),
): Review {
  let reached: ReturnType<ReachedWithout> | undefined;
  const surround = { situation, weighed, guards, settings, pauses, lists, reachedWithout: () => (reached ??= reachedWithout()) };
  const look = (step: readonly WantedAction[]) => reviewStep(step, surround);
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

/** The highest rung of a step that each policy comes to as far as the guards go that need no counting. */
export function reachedBy({ choices }: Review): ReadonlyMap<string, number> {
  return new Map(
    choices.map(({ policyId, first, instead }) => {
      const steps = [first, ...instead].filter((step) => step.some(({ fate }) => fate === 'released'));
      return [policyId, Math.max(0, ...steps.flat().map(({ wanted }) => wanted.rung))];
    }),
  );
}

interface Surround {
  readonly situation: Situation;
  readonly weighed: Weighed;
  readonly guards: Guardrails;
  readonly settings: JudgingSettings;
  readonly pauses: readonly Pause[];
  readonly lists: ReadonlyMap<string, NameList>;
  readonly reachedWithout: ReachedWithout;
}

function reviewStep(actions: readonly WantedAction[], surround: Surround): readonly ReviewedAction[] {
  return actions.map((wanted) => reviewAction(wanted, highestRungOf(wanted, actions), surround));
}

/** The rung of a step is the highest among its actions that would act. */
function highestRungOf({ step, enforced }: WantedAction, actions: readonly WantedAction[]): number {
  return Math.max(...actions.filter((other) => other.step === step && other.enforced === enforced).map((other) => other.rung));
}

function reviewAction(asWritten: WantedAction, stepRung: number, surround: Surround): ReviewedAction {
  const { situation, weighed, guards, settings, pauses, lists } = surround;
  const { level } = weighed;
  const { proof, confidence } = weighed.signal;
  const { identity, subject, signal } = situation;
  const { cause } = signal;
  const profile = profileOf(asWritten.connection, settings);
  const rules = guards.profiles[profile];
  const binds = (guard: keyof Guardrails['binds']) => guards.binds[guard].has(cause);
  const { wanted, reason: shortened } = binds('expiry') ? withExpiry(asWritten, rules.standing.expiry) : { wanted: asWritten };
  const listed = (list: string, person: Identity) => isListed(lists.get(list), person, situation.now);
  const pause = binds('killSwitch') ? coveringPause(pauses, { ...wanted, source: signal.source }) : undefined;
  const paused = wanted.enforced && pause !== undefined;
  const before: readonly Reason[] = [...(shortened ? [shortened] : []), ...(paused ? [{ code: 'pause', ref: pause.id } as const] : [])];
  const end = (fate: Fate, by?: By, reason?: Reason): ReviewedAction => ({
    wanted,
    profile,
    fate,
    wouldRun: wanted.enforced && fate !== 'reported',
    paused,
    reasons: reason === undefined ? before : [...before, reason],
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
  // Telling operators does nothing to the person; giving back does.
  const touches = wanted.rung > 0 || restoringTypes.includes(wanted.type);
  const protectedList = lists.get(rules.standing.protectedList);
  if (binds('protected') && identity !== null && touches && refusesProtected(identity, protectedList, situation.now)) {
    return end('refused', 'protected', { code: 'guard', ref: 'protected' });
  }
  const unfit = binds('nonPerson') ? refusesThing(stepRung, situation, confidence, rules.things) : undefined;
  if (unfit !== undefined) return end('refused', 'nonPerson', { code: 'guard', ref: 'nonPerson', detail: unfit });
  const tooFewAdmins = binds('adminFloor') ? belowFloor(wanted, situation, rules.standing) : undefined;
  if (tooFewAdmins !== undefined) return end('refused', 'adminFloor', { code: 'guard', ref: 'adminFloor', detail: tooFewAdmins });
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
  // What is only put back passed these when it was decided, and needs no leave but its own.
  const again = signal.type === putBackType;
  const bar = again ? undefined : evidenceBar(stepRung, situation, weighed, rules.standing, binds);
  if (bar !== undefined) return end('refused', bar.by, bar.reason);
  if (paused) return end(wanted.nowOrNever ? 'refused' : 'held', 'killSwitch');
  const rested = binds('cooldown') && rules.cooldown !== 'off' ? coolingDown(wanted, situation, proof, rules.cooldown) : undefined;
  const broken = binds('breaker') ? heldByBreaker(stepRung, situation, rules.standing.breaker) : undefined;
  if (broken !== undefined) return end('held', 'breaker', broken);
  const awaited = awaitedFor(wanted, stepRung, {
    situation,
    proof,
    rules: rules.standing,
    settings,
    directoryFreshMs: guards.directoryFreshMs,
    isListed: listed,
    binds: again ? (guard) => guard === 'approval' && binds(guard) : binds,
  });
  if (awaited[0] !== undefined) {
    const reasons = [...before, ...awaited.map(({ reason }) => reason)];
    return { ...end('held', awaited[0].by), reasons, asked: rested?.asked ?? [] };
  }

  const counted = countersOf(wanted, stepRung, { ...surround, profile });
  const undo = binds('undo') ? undoLimit(wanted, situation, rules, profile) : undefined;
  return {
    ...end('released'),
    asked: [...(rested?.asked ?? []), ...counted.asked, ...(undo?.asked ?? [])],
    uses: [...(undo?.uses ?? []), ...(rested?.uses ?? []), ...counted.uses],
  };
}

/** A connection that the configuration does not know is held to the standard. */
export function profileOf(connection: string, settings: JudgingSettings): ProfileName {
  return Object.hasOwn(settings.connections, connection)
    ? (settings.connections[connection]?.profile ?? settings.profile)
    : settings.profile;
}
