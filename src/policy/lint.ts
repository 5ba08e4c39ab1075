/** What the schema alone cannot say of one policy document; every fault with its code, at its place. */
import { actionTypes } from '../model/action.ts';
import type { SignalCatalogue } from '../model/catalogue.ts';
import { fromRfc3339 } from '../model/clock.ts';
import { sourceKinds } from '../model/signal.ts';
import { personalKinds, type SubjectKind } from '../model/subject.ts';
import { isActionType, parameterFaults, rungOf } from './action-parameters.ts';
import type { KnownNames } from './compiled.ts';
import type { Condition } from './condition.ts';
import type { Report } from './document-set.ts';
import { lintGuardrails } from './lint-guardrails.ts';
import type { InlineTest, PolicyDocument, PolicyStep } from './schema.ts';
import { findSecrets } from './secrets.ts';
import type { Field } from './vocabulary.ts';

export interface LintContext {
  readonly vocabulary: ReadonlyMap<string, Field>;
  readonly when: Condition | undefined;
  /** Of each step, in order; absent where it has none or did not compile. */
  readonly conditions: readonly (Condition | undefined)[];
  readonly catalogue: SignalCatalogue;
  readonly names: KnownNames;
  readonly lists: { has(id: string): boolean };
  readonly report: Report;
}

export function lintPolicy(document: PolicyDocument, context: LintContext): void {
  lintOwner(document, context);
  lintMatch(document, context);
  lintNeeds(document, context);
  lintLadder(document, context);
  lintDirect(document, context);
  lintNames(document, context);
  lintTests(document, context);
  lintTestValues(document, context);
  if (context.names.guards) lintGuardrails(document, context.names.guards, context.report);
  for (const path of findSecrets(document)) context.report('E115', path, 'looks like a secret');
}

function lintOwner({ metadata }: PolicyDocument, { report }: LintContext): void {
  if (!/^(group|user):\S+$/.test(metadata.owner)) report('E113', ['metadata', 'owner'], 'an owner is `group:NAME` or `user:NAME`');
}

function lintMatch({ match }: PolicyDocument, { catalogue, names, lists, report }: LintContext): void {
  match.signals.forEach((type, index) => {
    if (!catalogue.types.has(type)) report('E106', ['match', 'signals', index], `there is no signal type \`${type}\``);
  });
  match.sources?.forEach((source, index) => {
    if ((sourceKinds as readonly string[]).includes(source) || !names.connections || names.connections.has(source)) return;
    report('E106', ['match', 'sources', index], `there is no connection or source kind \`${source}\``);
  });
  match.subjects?.excludeLists?.forEach((id, index) => {
    if (!lists.has(id)) report('E106', ['match', 'subjects', 'excludeLists', index], `there is no list \`${id}\``);
  });
}

function lintNeeds({ needs }: PolicyDocument, { vocabulary, report }: LintContext): void {
  needs?.forEach((need, index) => {
    const path = need.replace(/\?$/, '');
    if (vocabulary.has(path)) return;
    if (path.startsWith('facts.'))
      report('E107', ['needs', index], `\`${path}\` is not declared, with one type, by every signal type of match.signals`);
    else report('E103', ['needs', index], `there is no field \`${path}\``);
  });
}

function lintLadder(document: PolicyDocument, context: LintContext): void {
  const { report, names } = context;
  const { ladder, scope, fallback } = document.respond;
  const kinds: readonly SubjectKind[] = document.match.subjects?.kinds ?? personalKinds;
  const personal = personalKinds.includes(scope);
  for (const kind of kinds) {
    if (personalKinds.includes(kind) !== personal || (!personal && kind !== scope)) {
      report('E116', ['respond', 'scope'], `a subject of kind ${kind} has no ${scope}`);
    }
  }
  const steps = new Set<string>();
  ladder.forEach((step, index) => {
    const path = ['respond', 'ladder', index];
    if (steps.has(step.step)) report('E101', [...path, 'step'], `\`${step.step}\` is a step already`);
    steps.add(step.step);
    lintActions(step, path, scope, names, report);
    if (step.approval !== undefined && !Object.hasOwn(document.approvals ?? {}, step.approval)) {
      report('E106', [...path, 'approval'], `there is no approval \`${step.approval}\``);
    }
    lintHarsh(document, step, index, context);
  });
  if (fallback === undefined) return;
  const at = ladder.findIndex((step) => step.step === fallback);
  if (at < 0) report('E106', ['respond', 'fallback'], `there is no step \`${fallback}\``);
  else if (at === ladder.length - 1) report('E118', ['respond', 'fallback'], `\`${fallback}\` is not lower than the highest step`);
}

function lintActions(step: PolicyStep, path: readonly PropertyKey[], scope: SubjectKind, names: KnownNames, report: Report): void {
  step.actions.forEach((action, index) => {
    const at = [...path, 'actions', index];
    const { type } = action;
    if (!isActionType(type)) {
      report('E106', [...at, 'type'], `there is no action \`${type}\``);
      return;
    }
    if (type === 'credential.disable') report('E116', [...at, 'type'], `${type} is given by order only`);
    else if (!actionTypes[type].kinds.some((kind) => kind === scope))
      report('E116', [...at, 'type'], `${type} does not fit a subject of kind ${scope}`);
    for (const fault of parameterFaults(type, action, step.approval !== undefined))
      report(fault.code, [...at, fault.parameter], fault.message);
    for (const id of Object.keys(action.perConnection ?? {})) {
      if (names.connections && !names.connections.has(id)) report('E106', [...at, 'perConnection', id], `there is no connection \`${id}\``);
    }
  });
}

/** From rung 5 on a step carries what makes a mistake small. A leaver's step is bounded by a guard of its own instead. */
function lintHarsh(document: PolicyDocument, step: PolicyStep, index: number, { when, conditions, report }: LintContext): void {
  const { causes } = document.match;
  if (causes?.every((cause) => cause === 'leaver' || cause === 'leaver.immediate')) return;
  const harsh = step.actions.filter((action) => isActionType(action.type) && rungOf(action.type, action) >= 5);
  if (harsh.length === 0) return;
  const missing: string[] = [];
  if (step.approval === undefined) missing.push('an approval');
  if (document.undo?.window === undefined && harsh.some((action) => action.expires === undefined))
    missing.push('`expires` or an undo window');
  const corroborates = (condition: Condition | undefined) =>
    ['risk.groupsActive', 'risk.base', 'signal.proof'].some((path) => condition?.reads.has(path) ?? false);
  if (!document.guardrails?.corroboration && !corroborates(when) && !corroborates(conditions[index])) {
    missing.push('corroboration (the guard, or a condition on risk.groupsActive, risk.base or signal.proof)');
  }
  if (missing.length > 0) report('E111', ['respond', 'ladder', index], `a step of rung 5 or more needs ${missing.join(', ')}`);
}

function lintDirect(document: PolicyDocument, { report }: LintContext): void {
  const steps = document.respond.ladder.map((step) => step.step);
  if (document.direct && document.directReason === undefined) report('E117', ['direct'], '`direct` needs a `directReason`');
  if (!document.direct && (document.directReason !== undefined || document.directSteps)) {
    report('E117', [document.directSteps ? 'directSteps' : 'directReason'], 'means nothing without `direct: true`');
  }
  document.directSteps?.forEach((step, index) => {
    if (!steps.includes(step)) report('E117', ['directSteps', index], `there is no step \`${step}\``);
  });
}

/** Names in the parts that deciding does not read. */
function lintNames(document: PolicyDocument, { catalogue, report }: LintContext): void {
  document.undo?.auto.forEach((type, index) => {
    if (!isActionType(type)) report('E106', ['undo', 'auto', index], `there is no action \`${type}\``);
  });
  for (const type of Object.keys(document.guardrails?.limits ?? {})) {
    if (!isActionType(type)) report('E106', ['guardrails', 'limits', type], `there is no action \`${type}\``);
  }
  document.guardrails?.quietHours?.steps?.forEach((step, index) => {
    if (!document.respond.ladder.some((known) => known.step === step)) {
      report('E106', ['guardrails', 'quietHours', 'steps', index], `there is no step \`${step}\``);
    }
  });
  document.risk?.contribute.forEach(({ type }, index) => {
    if (!catalogue.types.has(type)) report('E106', ['risk', 'contribute', index, 'type'], `there is no signal type \`${type}\``);
  });
  document.tests?.forEach((test, index) => {
    test.given.signals?.forEach(({ type }, at) => {
      if (!catalogue.types.has(type))
        report('E106', ['tests', index, 'given', 'signals', at, 'type'], `there is no signal type \`${type}\``);
    });
    for (const key of ['step', 'runs'] as const) {
      const step = test.expect[key];
      if (step !== undefined && !document.respond.ladder.some((known) => known.step === step)) {
        report('E106', ['tests', index, 'expect', key], `there is no step \`${step}\``);
      }
    }
  });
}

/** A test that names what there is not, or an instant that is none, would pass or be skipped without having tested anything. */
function lintTestValues(document: PolicyDocument, { names: { guards }, lists, report }: LintContext): void {
  const guardless = (id: string) => guards !== undefined && !Object.hasOwn(guards, id);
  document.tests?.forEach(({ given, expect }, index) => {
    const path = ['tests', index];
    if (given.now !== undefined && fromRfc3339(given.now) === undefined) report('E101', [...path, 'given', 'now'], 'expected an instant');
    given.signals?.forEach(({ at }, n) => {
      if (at?.includes('T') && fromRfc3339(at) === undefined)
        report('E101', [...path, 'given', 'signals', n, 'at'], 'expected an instant, or an offset like -5m');
    });
    for (const id of Object.keys(given.lists ?? {})) {
      if (!lists.has(id)) report('E106', [...path, 'given', 'lists', id], `there is no list \`${id}\``);
    }
    for (const id of Object.keys(given.counters ?? {})) {
      if (guardless(id)) report('E106', [...path, 'given', 'counters', id], `there is no guard \`${id}\``);
    }
    if (expect.held !== undefined && guardless(expect.held))
      report('E106', [...path, 'expect', 'held'], `there is no guard \`${expect.held}\``);
    expect.actions?.forEach((type, n) => {
      if (!isActionType(type)) report('E106', [...path, 'expect', 'actions', n], `there is no action \`${type}\``);
    });
  });
}

function lintTests(document: PolicyDocument, { when, conditions, vocabulary, report }: LintContext): void {
  const tests = document.tests ?? [];
  const missing: string[] = [];
  if (!tests.some(({ expect }) => expect.match)) missing.push('one that fires');
  if (!tests.some(({ expect }) => !expect.match && expect.because !== 'excluded')) missing.push('one that does not fire');
  const excludes = (document.match.subjects?.excludeGroups?.length ?? 0) + (document.match.subjects?.excludeLists?.length ?? 0);
  if (excludes > 0 && !tests.some(({ expect }) => expect.because === 'excluded')) missing.push('one that is excluded');
  const read = new Set([when, ...conditions].flatMap((condition) => [...(condition?.reads ?? [])]));
  for (const need of document.needs ?? []) read.add(need.replace(/\?$/, ''));
  const uncertain = [...read].filter((path) => (vocabulary.get(path)?.whenUnknown ?? 'never') !== 'never');
  if (!tests.some((test) => leavesUnknown(test, uncertain))) missing.push('one with unknown context');
  if (missing.length > 0) report('E112', ['tests'], `tests are missing: ${missing.join(', ')}`);
}

/** Whether a test says `unknown` somewhere, or leaves out a value that the policy reads and that may be unknown. */
function leavesUnknown({ given, expect }: InlineTest, uncertain: readonly string[]): boolean {
  if (expect.because === 'needs' || JSON.stringify(given).includes('"unknown"')) return true;
  return uncertain.some((path) => {
    if (path === 'subject.tier') return false;
    if (path === 'signal.ip') return given.signals?.at(-1)?.ip === undefined;
    const names = path.replace(/^subject\.hr\./, 'hr.').split('.');
    let value: unknown = given;
    for (const name of names) value = (value as Record<string, unknown> | undefined)?.[name];
    return value === undefined;
  });
}
