/** From a situation and its score to what policies want: candidates, exclusions, needs, condition, ladder, mode, combination. */
import type { ActionParameters, Rung } from '../model/action.ts';
import type { ClauseTrace, Intent, Reason, ReasonCode, WantedAction } from '../model/decision.ts';
import type { Assessment } from '../model/risk.ts';
import type { CeilingEntry, JudgingSettings } from '../model/settings.ts';
import type { Situation } from '../model/situation.ts';
import type { Account } from '../model/subject.ts';
import { fallsOnAccounts } from './action-parameters.ts';
import { combineActions } from './combine.ts';
import type { CompiledAction, CompiledPolicies, CompiledPolicy, CompiledStep } from './compiled.ts';
import { ceilingOf, inRollout } from './mode.ts';
import { type Values, valueAt, valuesOf } from './values.ts';

/** How far a policy came, so that the nearest one can be named when none matched. */
const stages: readonly ReasonCode[] = ['signal', 'cause', 'source', 'confidence', 'age', 'subject', 'excluded', 'needs', 'when', 'policyError', 'noStep'];

interface Match {
  readonly policy: CompiledPolicy;
  readonly values: Values;
  /** Steps whose `at` holds, least intrusive first; never empty. */
  readonly holding: readonly CompiledStep[];
  readonly enforced: boolean;
  readonly lowered: readonly Reason[];
}

type Fell = { readonly code: ReasonCode; readonly ref: string; readonly gaps?: readonly Reason[] };

const nothing: Omit<Intent, 'reasons' | 'trace'> = { policyId: null, policyVersion: null, mode: null, rung: null, step: null, wanted: [], fallbacks: [] };

/** Pure. `trace` evaluates every clause of every candidate once more and records it; leave it off where nobody asks. */
export function decide(
  situation: Situation,
  assessment: Assessment,
  policies: CompiledPolicies,
  settings: JudgingSettings,
  options: { readonly trace?: boolean } = {},
): Intent {
  const candidates = policies.bySignalType.get(situation.signal.type);
  if (candidates === undefined) return { ...nothing, reasons: [{ code: 'signal' }], trace: [] };
  const facts = policies.factsByType.get(situation.signal.type) ?? {};
  const values = valuesOf(situation, assessment, settings, { lists: policies.lists, facts });
  const matches: Match[] = [];
  const fallen: Fell[] = [];
  for (const policy of candidates) {
    const result = consider(policy, situation, assessment, values, settings);
    if ('policy' in result) matches.push(result);
    else fallen.push(result);
  }
  const trace = options.trace ? traceOf(candidates, values) : [];
  if (matches.length === 0) return { ...nothing, reasons: nearest(fallen), trace };
  return { ...intend(matches, situation, settings, fallen), trace };
}

function consider(policy: CompiledPolicy, situation: Situation, assessment: Assessment, values: Values, settings: JudgingSettings): Match | Fell {
  const fell = fallsAway(policy, situation, assessment, values);
  if (fell !== undefined) return fell;
  const truth = policy.when.evaluate(values);
  if (truth === 'error') return { code: 'policyError', ref: policy.id };
  if (truth !== 'true') return { code: 'when', ref: policy.id };
  const holding: CompiledStep[] = [];
  for (const step of policy.steps) {
    const at = step.at === undefined ? 'true' : step.at.evaluate(values);
    if (at === 'error') return { code: 'policyError', ref: `${policy.id}/${step.name}` };
    if (at === 'true') holding.push(step);
  }
  if (holding.length === 0) return { code: 'noStep', ref: policy.id };
  const lowered: Reason[] = [];
  const lifted = Object.hasOwn(settings.overrides, policy.id);
  if (policy.mode === 'report-only' && !lifted) lowered.push({ code: 'policyMode', ref: policy.id });
  if (policy.rollout !== undefined && !inRollout(policy.rollout, situation.subject.id)) lowered.push({ code: 'rollout', ref: policy.id });
  if (policy.readsPrivileged && situation.identity?.tier === 'unknown') lowered.push({ code: 'contextGap', ref: 'subject.privileged' });
  return { policy, values, holding, enforced: !lowered.some((reason) => reason.code !== 'contextGap'), lowered };
}

/** Everything before the condition, cheapest first. */
function fallsAway(policy: CompiledPolicy, situation: Situation, assessment: Assessment, values: Values): Fell | undefined {
  const { signal, subject, identity, now } = situation;
  const ref = policy.id;
  if (policy.mode === 'disabled') return { code: 'policyMode', ref };
  if (!policy.causes.has(signal.cause)) return { code: 'cause', ref };
  if (policy.sources !== undefined && !policy.sources.has(signal.source) && !policy.sources.has(signal.sourceKind)) return { code: 'source', ref };
  if (assessment.signal.confidence < policy.minConfidence) return { code: 'confidence', ref };
  if (now - signal.occurredAt > policy.maxSignalAgeMs) return { code: 'age', ref };
  if (!policy.kinds.has(subject.kind)) return { code: 'subject', ref };
  if (identity?.groups.some((group) => policy.excludeGroups.has(group))) return { code: 'excluded', ref };
  if (policy.excludeLists.length > 0) {
    const thing = signal.claim.id ?? '';
    const list = policy.excludeLists.find((id) => values.lists.get(id)?.hasAddress(thing) === true || values.lists.get(id)?.hasText(thing) === true);
    if (list !== undefined) return { code: 'excluded', ref };
  }
  const gaps = policy.needs.filter(({ names }) => {
    const value = valueAt(values, names);
    return value === undefined || value === 'unknown';
  });
  if (gaps.length > 0) return { code: 'needs', ref, gaps: gaps.map(({ path }) => ({ code: 'contextGap', ref: path })) };
  return undefined;
}

/** The one that came furthest speaks; errors are always told, because somebody must mend them. */
function nearest(fallen: readonly Fell[]): readonly Reason[] {
  const furthest = [...fallen].sort((a, b) => stages.indexOf(b.code) - stages.indexOf(a.code) || (a.ref < b.ref ? -1 : 1))[0];
  if (furthest === undefined) return [{ code: 'signal' }];
  const errors = fallen.filter((fell) => fell.code === 'policyError' && fell !== furthest);
  return [{ code: furthest.code, ref: furthest.ref }, ...(furthest.gaps ?? []), ...errors.map(({ code, ref }): Reason => ({ code, ref }))];
}

function intend(matches: readonly Match[], situation: Situation, settings: JudgingSettings, fallen: readonly Fell[]): Omit<Intent, 'trace'> {
  const asked = (match: Match) => match.holding.at(-1) as CompiledStep;
  const ranked = [...matches].sort((a, b) => asked(b).rung - asked(a).rung || (a.policy.id < b.policy.id ? -1 : 1));
  const [first, ...others] = ranked as [Match, ...Match[]];
  const wanted = ranked.flatMap((match) => wantedOf(match, asked(match), situation, settings));
  const fallbacks = ranked.flatMap((match) => fallbackSteps(match).map((step) => actionsOf(match, step, situation, settings, 'atMost')));
  const step = asked(first);
  const unsupported = [...new Set(wanted.filter((action) => action.unsupported).map((action) => action.connection))];
  const capped = [...new Set(wanted.filter((action) => !action.enforced && matches.some((match) => match.enforced && match.policy.id === action.policyId)).map((action) => action.connection))];
  return {
    policyId: first.policy.id,
    policyVersion: first.policy.version,
    mode: wanted.some((action) => action.enforced) ? 'enforce' : 'report-only',
    rung: step.rung,
    step: step.name,
    wanted: combineActions(wanted),
    fallbacks: fallbacks.filter((actions) => actions.length > 0),
    reasons: [
      { code: 'matched', ref: `${first.policy.id}/${step.name}` },
      ...others.map((match): Reason => ({ code: 'also', ref: `${match.policy.id}/${asked(match).name}` })),
      ...ranked.filter((match) => asked(match).direct).map((match): Reason => ({ code: 'direct', ref: `${match.policy.id}/${asked(match).name}` })),
      ...ranked.flatMap((match) => match.lowered),
      ...capped.map((connection): Reason => ({ code: 'ceiling', ref: connection })),
      ...unsupported.map((connection): Reason => ({ code: 'unsupported', ref: connection })),
      ...fallen.filter((fell) => fell.code === 'policyError' || fell.code === 'excluded').map(({ code, ref }): Reason => ({ code, ref })),
    ],
  };
}

/** The step asked for, and, on connections whose ceiling lies below it, the highest holding step that fits beside the report. */
function wantedOf(match: Match, asked: CompiledStep, situation: Situation, settings: JudgingSettings): readonly WantedAction[] {
  const top = actionsOf(match, asked, situation, settings, 'any');
  if (!match.enforced) return top;
  const capped = accountsOf(situation, settings).filter((account) => {
    const ceiling = ceilingOf(account.connection, situation, settings);
    return ceiling.mode === 'enforce' && asked.rung > ceiling.maxRung;
  });
  const below = capped.flatMap((account) => {
    const { maxRung } = ceilingOf(account.connection, situation, settings);
    const step = match.holding.findLast((holding) => holding.rung <= maxRung);
    return step === undefined ? [] : actionsOf(match, step, situation, settings, 'atMost').filter((action) => action.accountId === account.id);
  });
  return [...top, ...below];
}

/** What to take instead: the named step, if it is lower, then whatever holds below, strongest first. */
function fallbackSteps({ policy, holding }: Match): readonly CompiledStep[] {
  const asked = holding.at(-1) as CompiledStep;
  const named = policy.fallback !== undefined && policy.fallback.index < asked.index ? [policy.fallback] : [];
  const lower = holding.slice(0, -1).reverse().filter((step) => step !== named[0]);
  return named.length > 0 ? [...named, ...lower.filter((step) => step.index < (named[0] as CompiledStep).index)] : lower;
}

function accountsOf(situation: Situation, settings: JudgingSettings): readonly Account[] {
  return (situation.identity?.accounts ?? []).filter((account) => Object.hasOwn(settings.connections, account.connection));
}

/** `atMost` leaves out what the ceiling would only report: a fallback that may not run is none. */
function actionsOf(match: Match, step: CompiledStep, situation: Situation, settings: JudgingSettings, limit: 'any' | 'atMost'): readonly WantedAction[] {
  const accounts = accountsOf(situation, settings);
  return step.actions.flatMap((action) => {
    const targets: readonly (Account | undefined)[] = fallsOnAccounts(action.type) && accounts.length > 0 ? accounts : [undefined];
    return targets.flatMap((account) => {
      const wanted = wantAction(match, step, action, account, situation, settings);
      return limit === 'atMost' && match.enforced && !wanted.enforced ? [] : [wanted];
    });
  });
}

function wantAction(match: Match, step: CompiledStep, action: CompiledAction, account: Account | undefined, situation: Situation, settings: JudgingSettings): WantedAction {
  const connection = account?.connection ?? 'none';
  const configured = account === undefined ? undefined : settings.connections[connection];
  const ceiling: CeilingEntry = ceilingOf(connection, situation, settings);
  const offered = configured?.actions.includes(action.type) ?? false;
  return {
    type: action.type,
    connection,
    accountId: account?.id ?? null,
    parameters: parametersFor(action, connection, configured?.provider, situation),
    policyId: match.policy.id,
    step: step.name,
    rung: step.rung as Rung,
    enforced: match.enforced && ceiling.mode === 'enforce' && step.rung <= ceiling.maxRung,
    direct: step.direct,
    ...(step.approval === undefined ? {} : { approval: step.approval }),
    ...(offered ? {} : { unsupported: true }),
  };
}

const scoped = new Set(['session.revoke', 'token.revoke']);

/** Provider and connection may say more. One session, unless the policy says all, is only that one. */
function parametersFor(action: CompiledAction, connection: string, provider: string | undefined, situation: Situation): ActionParameters {
  const own = {
    ...action.parameters,
    ...(provider === undefined ? {} : (action.perProvider[provider] ?? {})),
    ...(action.perConnection[connection] ?? {}),
  };
  if (!scoped.has(action.type) || own['scope'] !== undefined) return own;
  return { ...own, scope: situation.subject.kind === 'session' ? 'one' : 'all' };
}

function traceOf(candidates: readonly CompiledPolicy[], values: Values): readonly ClauseTrace[] {
  return candidates.flatMap((policy) =>
    [policy.when, ...policy.steps.flatMap((step) => step.at ?? [])].flatMap((condition) =>
      condition.trace(values).map(({ clause, value }): ClauseTrace => ({ policyId: policy.id, clause, value })),
    ),
  );
}
