/** From a situation and its score to what policies want: candidates, exclusions, needs, condition, ladder, mode, combination. */
import type { ClauseTrace, Intent, Reason, ReasonCode } from '../model/decision.ts';
import type { Assessment } from '../model/risk.ts';
import type { JudgingSettings } from '../model/settings.ts';
import type { Situation } from '../model/situation.ts';
import { combineActions } from './combine.ts';
import type { CompiledPolicies, CompiledPolicy, CompiledStep } from './compiled.ts';
import type { CompiledException } from './exceptions.ts';
import { inRollout } from './mode.ts';
import { actionsOf, fallbackSteps, type Match, thingOf, wantedOf } from './targets.ts';
import { type Values, valueAt, valuesOf } from './values.ts';

/** How far a policy came, so that the nearest one can be named when none matched. */
const stages: readonly ReasonCode[] = [
  'signal',
  'cause',
  'source',
  'confidence',
  'age',
  'subject',
  'excluded',
  'needs',
  'when',
  'policyError',
  'noStep',
  'exception',
];

type Fell = Reason & { readonly ref: string; readonly gaps?: readonly Reason[] };

const nothing: Omit<Intent, 'reasons' | 'trace'> = {
  policyId: null,
  policyVersion: null,
  mode: null,
  rung: null,
  step: null,
  wanted: [],
  fallbacks: [],
};

/**
 * Pure. The decisive policy is, of those that enforce (else of those that report), the one with the highest rung, then the smallest
 * id. `fallbacks` holds, policy after policy in that order, the steps to take instead, most wanted first; each action names its policy.
 * `trace` evaluates every clause of every candidate once more and records it; leave it off where nobody asks.
 */
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
  // Most signals fall away before anything is read.
  let made: Values | undefined;
  const values = () => (made ??= valuesOf(situation, assessment, settings, { lists: policies.lists, facts }));
  const matches: Match[] = [];
  const fallen: Fell[] = [];
  for (const policy of candidates) {
    const result = consider(policy, situation, assessment, policies, values, settings);
    if ('policy' in result) matches.push(result);
    else fallen.push(result);
  }
  const trace = options.trace ? traceOf(candidates, values()) : [];
  if (matches.length === 0) return { ...nothing, reasons: nearest(fallen), trace };
  return { ...intend(matches, situation, settings, fallen), trace };
}

function consider(
  policy: CompiledPolicy,
  situation: Situation,
  assessment: Assessment,
  policies: CompiledPolicies,
  read: () => Values,
  settings: JudgingSettings,
): Match | Fell {
  const fell = fallsAway(policy, situation, assessment, read);
  if (fell !== undefined) return fell;
  const values = read();
  const truth = policy.when.evaluate(values);
  if (truth === 'error') return { code: 'policyError', ref: policy.id };
  if (truth === 'unknown') return { code: 'when', ref: policy.id, gaps: gapsOf([...policy.when.reads].map(splitPath), values) };
  if (truth === 'false') return { code: 'when', ref: policy.id };
  const holding: CompiledStep[] = [];
  for (const step of policy.steps) {
    const at = step.at === undefined ? 'true' : step.at.evaluate(values);
    if (at === 'error') return { code: 'policyError', ref: `${policy.id}/${step.name}` };
    if (at === 'true') holding.push(step);
  }
  if (holding.length === 0) return { code: 'noStep', ref: policy.id };
  const order = isOrder(situation);
  const excepted = order ? [] : running(policies.exceptions.get(policy.id) ?? [], situation, policies);
  const excluding = excepted.find((exception) => exception.effect === 'excluded');
  if (excluding !== undefined) return { code: 'exception', ref: excluding.id, detail: policy.id };
  const lowered: Reason[] = [];
  if (!order && policy.mode !== 'enforce' && !Object.hasOwn(settings.overrides, policy.id))
    lowered.push({ code: 'policyMode', ref: policy.id });
  if (!order && policy.rollout !== undefined && !inRollout(policy.rollout, situation.identity?.id ?? situation.subject.id))
    lowered.push({ code: 'rollout', ref: policy.id });
  // What lowers nothing is not named.
  if (lowered.length === 0)
    lowered.push(...excepted.map((exception): Reason => ({ code: 'exception', ref: exception.id, detail: policy.id })));
  const enforced = lowered.length === 0;
  if (policy.readsPrivileged && situation.identity?.tier === 'unknown') lowered.push({ code: 'contextGap', ref: 'subject.privileged' });
  return { policy, holding, enforced, order, lowered };
}

function running(
  exceptions: readonly CompiledException[],
  situation: Situation,
  { lists }: CompiledPolicies,
): readonly CompiledException[] {
  return exceptions.filter((exception) => exception.runs(situation.now) && exception.covers(situation, lists));
}

/** Takes the actions of the policy for leavers, whatever that policy's mode. */
function isOrder({ signal }: Situation): boolean {
  return signal.cause === 'leaver.immediate';
}

/** Everything before the condition, cheapest first. */
function fallsAway(policy: CompiledPolicy, situation: Situation, assessment: Assessment, read: () => Values): Fell | undefined {
  const { signal, subject, identity, now } = situation;
  const ref = policy.id;
  if (policy.mode === 'disabled' && !isOrder(situation)) return { code: 'policyMode', ref };
  if (!policy.causes.has(signal.cause)) return { code: 'cause', ref };
  if (policy.sources !== undefined && !policy.sources.has(signal.source) && !policy.sources.has(signal.sourceKind))
    return { code: 'source', ref };
  if (assessment.signal.confidence < policy.minConfidence) return { code: 'confidence', ref };
  if (now - signal.occurredAt > policy.maxSignalAgeMs) return { code: 'age', ref };
  if (!policy.kinds.has(subject.kind)) return { code: 'subject', ref };
  if (identity?.groups.some((group) => policy.excludeGroups.has(group))) return { code: 'excluded', ref };
  if (policy.excludeLists.length > 0) {
    const thing = thingOf(situation) ?? '';
    const { lists } = read();
    const listed = policy.excludeLists.some((id) => lists.get(id)?.names(thing, now));
    if (listed) return { code: 'excluded', ref };
  }
  if (policy.needs.length === 0) return undefined;
  const gaps = gapsOf(policy.needs, read());
  return gaps.length > 0 ? { code: 'needs', ref, gaps } : undefined;
}

const splitPath = (path: string) => ({ path, names: path.split('.') });

function gapsOf(paths: readonly { readonly path: string; readonly names: readonly string[] }[], values: Values): readonly Reason[] {
  return paths
    .filter(({ names }) => {
      const value = valueAt(values, names);
      return value === undefined || value === 'unknown';
    })
    .map(({ path }) => ({ code: 'contextGap', ref: path }));
}

/** The one that came furthest speaks; errors are always told, because somebody must mend them, and exceptions, because they changed something. */
function nearest(fallen: readonly Fell[]): readonly Reason[] {
  const furthest = [...fallen].sort((a, b) => stages.indexOf(b.code) - stages.indexOf(a.code) || (a.ref < b.ref ? -1 : 1))[0];
  if (furthest === undefined) return [{ code: 'signal' }];
  const told = fallen.filter((fell) => (fell.code === 'policyError' || fell.code === 'exception') && fell !== furthest);
  return [reasonOf(furthest), ...(furthest.gaps ?? []), ...told.map(reasonOf)];
}

const alwaysTold: ReadonlySet<ReasonCode> = new Set(['policyError', 'excluded', 'exception']);

function reasonOf({ gaps: _, ...reason }: Fell): Reason {
  return reason;
}

function intend(
  matches: readonly Match[],
  situation: Situation,
  settings: JudgingSettings,
  fallen: readonly Fell[],
): Omit<Intent, 'trace'> {
  const asked = (match: Match) => match.holding.at(-1) as CompiledStep;
  const ranked = [...matches].sort(
    (a, b) => Number(b.enforced) - Number(a.enforced) || asked(b).rung - asked(a).rung || (a.policy.id < b.policy.id ? -1 : 1),
  );
  const [first, ...others] = ranked as [Match, ...Match[]];
  const wanted = ranked.flatMap((match) => wantedOf(match, asked(match), situation, settings));
  const fallbacks = ranked.flatMap((match) => fallbackSteps(match).map((step) => actionsOf(match, step, situation, settings, 'atMost')));
  const step = asked(first);
  const unsupported = [...new Set(wanted.filter((action) => action.unsupported).map((action) => action.connection))];
  const capped = [
    ...new Set(
      wanted
        .filter((action) => !action.enforced && matches.some((match) => match.enforced && match.policy.id === action.policyId))
        .map((action) => action.connection),
    ),
  ];
  return {
    policyId: first.policy.id,
    policyVersion: first.policy.version,
    mode: first.order ? 'order' : wanted.some((action) => action.enforced) ? 'enforce' : 'report-only',
    rung: step.rung,
    step: step.name,
    wanted: combineActions(wanted),
    fallbacks: fallbacks.filter((actions) => actions.length > 0),
    reasons: [
      { code: 'matched', ref: `${first.policy.id}/${step.name}` },
      ...others.map((match): Reason => ({ code: 'also', ref: `${match.policy.id}/${asked(match).name}` })),
      ...ranked
        .filter((match) => asked(match).direct)
        .map((match): Reason => ({ code: 'direct', ref: `${match.policy.id}/${asked(match).name}` })),
      ...ranked.flatMap((match) => match.lowered),
      ...capped.map((connection): Reason => ({ code: 'ceiling', ref: connection })),
      ...unsupported.map((connection): Reason => ({ code: 'unsupported', ref: connection })),
      ...fallen.filter((fell) => alwaysTold.has(fell.code)).map(reasonOf),
    ],
  };
}

function traceOf(candidates: readonly CompiledPolicy[], values: Values): readonly ClauseTrace[] {
  return candidates.flatMap((policy) =>
    [policy.when, ...policy.steps.flatMap((step) => step.at ?? [])].flatMap((condition) =>
      condition.trace(values).map(({ clause, value }): ClauseTrace => ({ policyId: policy.id, clause, value })),
    ),
  );
}
