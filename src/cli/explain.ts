/** `identity explain` and `decision explain`: why a person is scored so, and why a decision fell so. */
import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { type Command, Option } from 'commander';
import type { DecisionExplanation, IdentityExplanation } from '../server/explanation-schemas.ts';
import { describeDropped, span } from '../server/explanation-words.ts';
import { scorePlot } from '../server/score-plot.ts';
import { createClient } from './client.ts';
import { type CommandContext, type ExitCode, formatTable } from './console.ts';

type Run = (action: () => Promise<ExitCode>) => Promise<void>;

interface IdentityOptions {
  readonly at?: string;
  readonly as?: string;
  readonly from?: string;
  readonly to?: string;
  readonly json?: boolean;
  readonly svg?: string;
}

export function addIdentityExplain(identity: Command, context: CommandContext, run: Run): void {
  identity
    .command('explain')
    .description('why a person is scored so: every point, what fades when, what would lower the level')
    .argument('<id>', 'an id, or an alias of the configuration')
    .option('--at <instant>', 'RFC 3339; now where it is not given')
    .addOption(
      new Option('--as <knowledge>', 'by what is known now, or by what the last decision then knew').choices(['known-now', 'known-then']),
    )
    .option('--from <instant>', 'where the curve begins; a week before')
    .option('--to <instant>', 'where the curve ends; a week after')
    .option('--svg <file>', 'write the curve as a picture')
    .option('--json', 'print JSON')
    .action((id: string, options: IdentityOptions) => run(() => explainIdentity(id, options, context)));
}

export function addDecisionExplain(decision: Command, context: CommandContext, run: Run): void {
  decision
    .command('explain')
    .description('why a decision fell so, clause by clause; exit 1 where it does not come out as it was recorded')
    .argument('<id>')
    .option('--json', 'print JSON')
    .action((id: string, options: { json?: boolean }) => run(() => explainDecision(id, options, context)));
}

async function explainIdentity(id: string, options: IdentityOptions, context: CommandContext): Promise<ExitCode> {
  const { at, as, from, to, json, svg } = options;
  const path = `/api/v1/identities/${encodeURIComponent(id)}/explanation`;
  const explanation = await createClient(context).get<IdentityExplanation>(path, { at, as, from, to });
  if (svg !== undefined) writeFileSync(resolve(context.workingDir, svg), `${scorePlot(explanation, true)}\n`);
  context.console.out(json ? `${JSON.stringify(explanation, null, 2)}\n` : `${describeIdentity(explanation).join('\n')}\n`);
  return 0;
}

function describeIdentity(explanation: IdentityExplanation): string[] {
  const { at, decision, withheld, gaps } = explanation;
  const basis = decision === null ? explanation.as : `known to decision ${decision.id} of ${decision.decidedAt}`;
  return [
    `read at ${at}, ${basis}`,
    ...describeRisk(explanation),
    ...(gaps.length === 0 ? [] : [`not known: ${gaps.join(', ')}`]),
    ...withheld.map((what) => `context withheld: ${what}`),
  ];
}

type Risk = NonNullable<NonNullable<DecisionExplanation['explained']>['risk']>;

function describeRisk({ score, base, level, heldLevel, items, marks, factors, statisticalCap, crumbRule, next, lowering }: Risk): string[] {
  const rows = items.map((item) => [
    item.rank === null ? 'dismissed' : item.points.toFixed(4),
    item.signalType,
    item.source,
    item.rank === null ? item.group : `${item.group} ${item.rank}`,
    item.at,
    item.halfLifeMs === null ? 'never fades' : `half in ${span(item.halfLifeMs)}`,
    item.remains === 1 ? '-' : `${Math.round(item.remains * 100)} % after ${item.loweredBy.map((index) => marks[index]?.name).join(', ')}`,
    `${item.signals.join(',') || '-'}${item.moreSignals ? ',...' : ''}`,
  ]);
  return [
    `score ${score} (base ${base}), level ${level}, held ${heldLevel}`,
    ...(rows.length === 0
      ? ['no evidence']
      : [formatTable([['points', 'signal', 'source', 'group', 'happened', 'fades', 'remedy', 'signals'], ...rows])]),
    ...factors.map(({ group, factor }) => `multiplied: ${group} by ${factor}`),
    ...(statisticalCap === null ? [] : ['capped: place and habit alone never reach high']),
    ...(crumbRule === null ? [] : ['capped: what stands beside place and habit is too little to lift them']),
    ...marks.map(
      (mark) => `remedy: ${mark.name}${mark.scope === '' ? '' : ` (${mark.scope})`} at ${mark.at}; without it ${mark.scoreWithout}`,
    ),
    ...next.map((step) => `to come: ${step.to} from ${step.at}, below ${step.threshold}`),
    ...(lowering === null
      ? []
      : [`lower level: ${lowering.level} (${lowering.score}) without ${lowering.without.map(describeDropped).join(' and ')}`]),
  ];
}

async function explainDecision(id: string, options: { json?: boolean }, context: CommandContext): Promise<ExitCode> {
  const decided = await createClient(context).get<DecisionExplanation>(`/api/v1/decisions/${encodeURIComponent(id)}/explanation`);
  context.console.out(options.json ? `${JSON.stringify(decided, null, 2)}\n` : `${describeDecision(decided).join('\n')}\n`);
  return decided.same ? 0 : 1;
}

function describeDecision({ id, explained, differences, engine, decidedAt }: DecisionExplanation): string[] {
  if (explained === null) {
    return [
      'different: the decision does not come out as it was recorded, so nothing is explained; `decision replay` says more',
      ...(engine.stored === engine.running ? [] : [`engine: decided by ${engine.stored}, this is ${engine.running}`]),
      ...differences.map(({ path }) => `differs: ${path}`),
    ];
  }
  const { signal, outcome, mode, policyId, candidates, counters, actions, plans, risk, gaps, withheld, reasons } = explained;
  return [
    `decision ${id} at ${decidedAt}: ${outcome}${mode === null ? '' : `, ${mode}`}${policyId === null ? '' : `, by ${policyId}`}`,
    'same: it comes out byte for byte',
    `signal ${signal.id}: ${signal.type} from ${signal.source}, severity ${signal.severity}`,
    `because: ${reasons.map(tell).join('; ')}`,
    ...candidates.flatMap((candidate) => [
      `${candidate.policyId} version ${candidate.version}: ${candidate.step === null ? `fell away (${candidate.reasons.map(tell).join('; ')})` : `matched, step ${candidate.step}`}`,
      ...candidate.clauses.map(({ step, clause, value }) => `  ${value.padEnd(8)} ${step === undefined ? '' : `[${step}] `}${clause}`),
    ]),
    ...counters.map(
      ({ scope, windowMs, allowed, used }) => `limit ${scope} in ${span(windowMs)}: ${used ?? 'not read'} others of ${allowed}`,
    ),
    ...actions.map(({ type, connection, state, by }) => `action ${type} at ${connection}: ${state}${by === undefined ? '' : ` by ${by}`}`),
    ...plans.map(
      (plan) =>
        `plan at ${plan.connection}: ${plan.state}${plan.heldFor === null ? '' : ` for ${plan.heldFor}`} (${plan.actions.join(', ')})`,
    ),
    ...(risk === null ? [] : describeRisk(risk)),
    ...(gaps.length === 0 ? [] : [`not known: ${gaps.join(', ')}`]),
    ...withheld.map((what) => `context withheld: ${what}`),
  ];
}

function tell({
  code,
  ref,
  detail,
}: {
  readonly code: string;
  readonly ref?: string | undefined;
  readonly detail?: string | undefined;
}): string {
  return [code, ref, detail].filter((part) => part !== undefined).join(' ');
}
