/** What a step asks of each connection: its targets, their parameters, and how far the configuration lets it go there. */
import type { ActionParameters } from '../model/action.ts';
import type { Reason, WantedAction } from '../model/decision.ts';
import type { CeilingEntry, JudgingSettings } from '../model/settings.ts';
import type { Situation } from '../model/situation.ts';
import type { Account } from '../model/subject.ts';
import { fallsOnAccounts } from './action-parameters.ts';
import type { CompiledAction, CompiledPolicy, CompiledStep } from './compiled.ts';
import { ceilingOf } from './mode.ts';

/** A policy that applies, with its steps. */
export interface Match {
  readonly policy: CompiledPolicy;
  /** Steps whose `at` holds, least intrusive first; never empty. */
  readonly holding: readonly CompiledStep[];
  readonly enforced: boolean;
  /** An immediate termination: neither mode, roll-out nor ceiling is asked. */
  readonly order: boolean;
  readonly lowered: readonly Reason[];
}

/** The step asked for, and, on connections whose ceiling lies below it, the highest holding step that fits beside the report. */
export function wantedOf(match: Match, asked: CompiledStep, situation: Situation, settings: JudgingSettings): readonly WantedAction[] {
  const top = actionsOf(match, asked, situation, settings, 'any');
  if (!match.enforced || match.order) return top;
  const below = [...new Set(top.map((action) => action.connection))].flatMap((connection) => {
    const { mode, maxRung } = ceilingOf(connection, situation, settings);
    if (mode !== 'enforce' || asked.rung <= maxRung) return [];
    const step = match.holding.findLast((holding) => holding.rung <= maxRung);
    return step === undefined
      ? []
      : actionsOf(match, step, situation, settings, 'atMost').filter((action) => action.connection === connection);
  });
  return [...top, ...below];
}

/** What to take instead: the named step, if it is lower, then whatever holds below, strongest first. */
export function fallbackSteps({ policy, holding }: Match): readonly CompiledStep[] {
  const asked = holding.at(-1) as CompiledStep;
  const named = policy.fallback !== undefined && policy.fallback.index < asked.index ? [policy.fallback] : [];
  const lower = holding
    .slice(0, -1)
    .reverse()
    .filter((step) => step !== named[0]);
  return named.length > 0 ? [...named, ...lower.filter((step) => step.index < (named[0] as CompiledStep).index)] : lower;
}

/** The accounts that a step falls on: of an account that is itself the scope, only that one. */
function accountsOf({ policy }: Match, situation: Situation, settings: JudgingSettings): readonly Account[] {
  const { subject, identity } = situation;
  const one = policy.scope === 'account' && subject.kind === 'account' ? subject.id : undefined;
  return (identity?.accounts ?? []).filter(
    (account) => Object.hasOwn(settings.connections, account.connection) && (one === undefined || account.id === one),
  );
}

/** The id of a subject that is no person, as its source names it. */
export function thingOf({ signal }: Situation): string | undefined {
  return signal.claim.id ?? signal.claim.device;
}

interface Target {
  readonly connection: string;
  readonly account?: Account;
}

/** What no connection offers still has one target, so that it is recorded. */
const nowhere: Target = { connection: 'none' };

function targetsOf(action: CompiledAction, match: Match, situation: Situation, settings: JudgingSettings): readonly Target[] {
  if (fallsOnAccounts(action.type)) {
    const accounts = accountsOf(match, situation, settings);
    return accounts.length === 0 ? [nowhere] : accounts.map((account) => ({ connection: account.connection, account }));
  }
  const offering = Object.keys(settings.connections)
    .filter((connection) => settings.connections[connection]?.actions.includes(action.type))
    .sort();
  return offering.length === 0 ? [nowhere] : offering.map((connection) => ({ connection }));
}

/** `atMost` leaves out what the ceiling would only report: a fallback that may not run is none. */
export function actionsOf(
  match: Match,
  step: CompiledStep,
  situation: Situation,
  settings: JudgingSettings,
  limit: 'any' | 'atMost',
): readonly WantedAction[] {
  return step.actions.flatMap((action) =>
    targetsOf(action, match, situation, settings).flatMap((target) => {
      const wanted = wantAction(match, step, action, target, situation, settings);
      return limit === 'atMost' && match.enforced && !wanted.enforced ? [] : [wanted];
    }),
  );
}

function wantAction(
  match: Match,
  step: CompiledStep,
  action: CompiledAction,
  target: Target,
  situation: Situation,
  settings: JudgingSettings,
): WantedAction {
  const { connection, account } = target;
  const configured = Object.hasOwn(settings.connections, connection) ? settings.connections[connection] : undefined;
  const ceiling: CeilingEntry = ceilingOf(connection, situation, settings);
  const parameters = parametersFor(action, connection, configured?.provider, situation);
  // One session that nobody named would have to be guessed, or widened to all of the person's.
  const unnamed = parameters.scope === 'one' && !namesSessions(situation);
  const offered = !unnamed && (configured?.actions.includes(action.type) ?? false);
  return {
    type: action.type,
    connection,
    accountId: account?.id ?? null,
    parameters,
    policyId: match.policy.id,
    step: step.name,
    rung: step.rung,
    enforced: match.order || (match.enforced && ceiling.mode === 'enforce' && step.rung <= ceiling.maxRung),
    direct: step.direct,
    ...(step.approval === undefined ? {} : { approval: step.approval }),
    ...(Object.keys(match.policy.cooldown).length === 0 ? {} : { cooldown: match.policy.cooldown }),
    ...(offered ? {} : { unsupported: true }),
  };
}

const scoped = new Set(['session.revoke', 'token.revoke']);

/** A session, or a device, whose sessions are meant. */
function namesSessions(situation: Situation): boolean {
  const { kind } = situation.subject;
  return kind === 'session' || (kind === 'device' && thingOf(situation) !== undefined);
}

/**
 * Provider and connection may say more. One session, unless the policy says all, is only that one; of a device it is always the
 * sessions on it, never all of the person's.
 */
function parametersFor(action: CompiledAction, connection: string, provider: string | undefined, situation: Situation): ActionParameters {
  const own = {
    ...action.parameters,
    ...(provider === undefined ? {} : (action.perProvider[provider] ?? {})),
    ...(action.perConnection[connection] ?? {}),
  };
  if (!scoped.has(action.type)) return own;
  if (situation.subject.kind === 'device') return { ...own, scope: 'one' };
  if (own.scope !== undefined) return own;
  return { ...own, scope: situation.subject.kind === 'session' ? 'one' : 'all' };
}
