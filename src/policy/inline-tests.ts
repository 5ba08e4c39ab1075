/** The tests that stand inside a policy document: each is a small history, judged by the engine as if the policy were enforced. */
import { actionTypeNames } from '../model/action.ts';
import { fromRfc3339, type Instant } from '../model/clock.ts';
import type { ClauseTrace, Intent, Judgement } from '../model/decision.ts';
import type { AccountId, IdentityId, SignalId } from '../model/ids.ts';
import { type Assessment, type EvidenceState, emptyEvidence, type Level } from '../model/risk.ts';
import type { JudgingSettings } from '../model/settings.ts';
import { type Cause, type Signal, type SourceKind, sourceKinds } from '../model/signal.ts';
import type { AdminCount, Situation, Surroundings } from '../model/situation.ts';
import { type Identity, personalKinds, type SubjectKind } from '../model/subject.ts';
import { type CompiledPolicies, type CompiledPolicy, indexPolicies } from './compiled.ts';
import { parseDuration } from './duration.ts';
import { type CompiledList, compileList, lasting } from './lists.ts';
import type { GivenSignal, InlineTest } from './schema.ts';

export interface InlineResult {
  readonly policyId: string;
  readonly file: string;
  readonly name: string;
  /** `skipped`: all is as expected but for a guard that is not in force, which `differences` names. */
  readonly outcome: 'passed' | 'failed' | 'skipped';
  /** What was expected and what came instead, one line a difference. */
  readonly differences: readonly string[];
  /** Of a test that failed: how each clause of its policy came out for the last signal. */
  readonly trace?: readonly ClauseTrace[];
}

/** Judges one situation by the policy under test alone: `confidence` is what the test says of each source. */
export type TestJudge = (
  situation: Situation,
  given: {
    readonly confidence: ReadonlyMap<string, number>;
    /** Only the policy under test, with the lists of the test: a neighbour that matches the same signal changes nothing. */
    readonly policies: CompiledPolicies;
    readonly lists: ReadonlyMap<string, CompiledList>;
    readonly settings: JudgingSettings;
    /** What stands in a counter already. */
    readonly usedOf: (scope: string) => number;
  },
) => { readonly assessment: Assessment; readonly intent: Intent; readonly judgement: Judgement };

const standardNow = Date.UTC(2026, 4, 4, 10);
const connection = 'test-connection';
/** Enough that a test without a word on administrators spares one. */
const manyAdmins: AdminCount = { active: 100, roles: { standing: { active: 50, all: 50 }, tier0: { active: 50, all: 50 } } };

export function runInlineTests(policies: CompiledPolicies, judge: TestJudge, guardsInForce: readonly string[]): readonly InlineResult[] {
  return policies.policies.flatMap((policy) =>
    (policy.document.tests ?? []).map((test) => runTest(policy, test, policies, judge, guardsInForce)),
  );
}

function runTest(
  policy: CompiledPolicy,
  test: InlineTest,
  all: CompiledPolicies,
  judge: TestJudge,
  guardsInForce: readonly string[],
): InlineResult {
  const named = { policyId: policy.id, file: policy.file, name: test.name };
  const unforced = test.expect.held !== undefined && !guardsInForce.includes(test.expect.held) ? test.expect.held : undefined;
  const lists = new Map(Object.entries(test.given.lists ?? {}).map(([id, entries]) => [id, compileList(lasting(entries))]));
  for (const id of all.lists.keys()) if (!lists.has(id)) lists.set(id, compileList([]));
  const policies = indexPolicies([policy], { factsByType: all.factsByType, lists });
  const last = playGiven(policy, test, { policies, lists, settings: testSettings([policy.id]) }, judge);
  const differences =
    last === undefined ? ['no signal was given'] : compare(policy, unforced === undefined ? test.expect : withoutGuards(test.expect), last);
  if (unforced !== undefined && differences.length === 0) {
    return { ...named, outcome: 'skipped', differences: [`the guard ${unforced} is not in force in this version`] };
  }
  const trace = differences.length > 0 && last !== undefined && last.intent.trace.length > 0 ? { trace: last.intent.trace } : {};
  return { ...named, outcome: differences.length === 0 ? 'passed' : 'failed', differences, ...trace };
}

/** What stands for what a test, or a person who asks, leaves out. */
export interface Defaults {
  readonly causes: CompiledPolicy['causes'];
  readonly document: { readonly match: Pick<CompiledPolicy['document']['match'], 'signals' | 'sources' | 'subjects'> };
}

/** Judges what is given, one signal after the other, each seeing what the one before left; the judgement of the last. */
export function playGiven<J extends ReturnType<TestJudge>>(
  policy: Defaults,
  test: Pick<InlineTest, 'given'>,
  { policies, lists, settings }: Pick<Parameters<TestJudge>[1], 'policies' | 'lists' | 'settings'>,
  judge: (...asked: Parameters<TestJudge>) => J,
): J | undefined {
  const now = test.given.now === undefined ? standardNow : (fromRfc3339(test.given.now) ?? standardNow);
  let evidence: EvidenceState = emptyEvidence;
  let heldLevel: Level = 'none';
  const confidence = new Map<string, number>();
  let last: J | undefined;
  for (const [index, given] of (test.given.signals ?? [{ type: policy.document.match.signals[0] as string }]).entries()) {
    const situation = situationOf(policy, test, given, { index, now, evidence, heldLevel });
    const uses = test.given.counters ?? {};
    confidence.set(situation.signal.source, given.confidence ?? 1);
    last = judge(situation, {
      confidence,
      policies,
      lists,
      settings,
      usedOf: (scope) => uses[scope.split(':')[0] as string] ?? 0,
    });
    evidence = last.assessment.evidence;
    heldLevel = last.assessment.heldLevel;
  }
  return last;
}

function withoutGuards({ held: _held, runs: _runs, ...rest }: InlineTest['expect']): InlineTest['expect'] {
  return rest;
}

interface Before {
  readonly index: number;
  readonly now: Instant;
  readonly evidence: EvidenceState;
  readonly heldLevel: Level;
}

function situationOf(policy: Defaults, { given }: Pick<InlineTest, 'given'>, signal: GivenSignal, before: Before): Situation {
  const { now, index } = before;
  const subject = given.subject ?? {};
  const kind: SubjectKind = subject.kind ?? policy.document.match.subjects?.kinds?.[0] ?? 'person';
  const at = instantOf(signal.at ?? 'now', now);
  const source = sourceOf(policy, signal);
  const identity: Identity = {
    id: (subject.id ?? 'u1') as IdentityId,
    tier: subject.tier ?? 'none',
    protected: false,
    executive: subject.executive ?? false,
    groups: subject.groups ?? [],
    accounts: [{ id: 'a1' as AccountId, connection, externalId: 'x1', status: 'active' }],
  };
  const personal = personalKinds.includes(kind);
  const facts = Object.fromEntries(Object.entries(given.facts ?? {}).map(([name, value]) => [name, value]));
  const made: Signal = {
    id: `test-${index}` as SignalId,
    type: signal.type,
    source: source.id,
    sourceKind: source.kind,
    cause: causeOf(policy, source.kind),
    severity: signal.severity ?? 'medium',
    occurredAt: at,
    receivedAt: now,
    claim: {
      kind,
      person: personal ? [{ format: 'alias', value: identity.id }] : [],
      ...(kind === 'session' ? { session: 's1' } : {}),
      ...(personal ? {} : { id: subject.id ?? 'thing-1' }),
    },
    facts,
    circumstances: {
      ...(signal.ip === undefined ? {} : { ip: signal.ip }),
      ...(signal.country === undefined ? {} : { country: signal.country }),
      ...(signal.asn === undefined ? {} : { asn: signal.asn }),
    },
    marks: [],
    dedupeKey: `test-${index}`,
  };
  return {
    signal: made,
    subject: { kind, id: personal ? identity.id : (subject.id ?? 'thing-1') },
    // Groups given for a thing are those of the person whom the source names with it.
    identity: personal || identity.groups.length > 0 ? identity : null,
    evidence: before.evidence,
    heldLevel: before.heldLevel,
    surroundings: surroundingsOf(given),
    population: 2000,
    sourceSince: 0,
    configHash: '0'.repeat(64),
    now,
    evidenceKey: '',
    standing: { directories: { [connection]: now }, admins: { [connection]: manyAdmins } },
  };
}

/** What a test calls unknown is left out, which is what unknown means. */
function surroundingsOf(given: InlineTest['given']): Surroundings {
  const known = (values: Readonly<Record<string, unknown>> | undefined) =>
    values === undefined
      ? undefined
      : Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined && value !== 'unknown'));
  const out: Record<string, unknown> = {};
  for (const name of ['session', 'device', 'geo', 'hr', 'hist'] as const) {
    const values = known(given[name]);
    if (values !== undefined && Object.keys(values).length > 0) out[name] = values;
  }
  return out as Surroundings;
}

function sourceOf(policy: Defaults, signal: GivenSignal): { readonly id: string; readonly kind: SourceKind } {
  const onlyPartner = policy.causes.size === 1 && policy.causes.has('partner');
  const named = signal.source ?? policy.document.match.sources?.[0] ?? (onlyPartner ? 'transmitters' : 'idp');
  const kind = (sourceKinds as readonly string[]).includes(named) ? (named as SourceKind) : 'idp';
  if (kind === 'operators') return { id: 'operators', kind };
  // Sources of different standing are different sources.
  return { id: kind === named ? `test-${named}-${signal.confidence ?? 1}` : named, kind };
}

function causeOf(policy: Defaults, kind: SourceKind): Cause {
  if (kind === 'transmitters') return 'partner';
  const [first] = policy.causes;
  return policy.causes.has('risk') || first === undefined || first === 'partner' ? 'risk' : first;
}

function instantOf(text: string, now: Instant): Instant {
  if (text === 'now') return now;
  const offset = /^([+-])(.+)$/.exec(text);
  if (offset === null) return fromRfc3339(text) ?? now;
  const span = parseDuration(offset[2] as string) ?? 0;
  return offset[1] === '-' ? now - span : now + span;
}

/** As if the policies were enforced, up to the highest rung. */
export function testSettings(policyIds: readonly string[]): JudgingSettings {
  return {
    enforcement: { default: { mode: 'enforce', maxRung: 6 }, connections: {}, groups: {}, receivers: {} },
    overrides: Object.fromEntries(policyIds.map((id) => [id, 'enforce'])),
    profile: 'standard',
    calendar: { timeZone: 'UTC', workingHours: '00:00-24:00' },
    connections: { [connection]: { provider: 'test', profile: 'standard', actions: actionTypeNames } },
  };
}

function compare(policy: CompiledPolicy, expect: InlineTest['expect'], { assessment, intent, judgement }: ReturnType<TestJudge>): string[] {
  const differences: string[] = [];
  const check = (what: string, wanted: unknown, got: unknown) => {
    if (wanted !== undefined && wanted !== got) differences.push(`${what}: expected ${String(wanted)}, got ${String(got)}`);
  };
  const matched = intent.reasons.find(
    (reason) => (reason.code === 'matched' || reason.code === 'also') && reason.ref?.startsWith(`${policy.id}/`),
  );
  const step = matched?.ref?.slice(policy.id.length + 1);
  check('match', expect.match, matched !== undefined);
  const fell = intent.reasons.find((reason) => reason.ref === policy.id);
  if (expect.because !== undefined) check('because', expect.because, fell?.code === 'policyError' ? 'error' : fell?.code);
  check('step', expect.step, step);
  check('rung', expect.rung, policy.steps.find((each) => each.name === step)?.rung);
  if (expect.score !== undefined && Math.abs(expect.score - assessment.score) > 0.1)
    differences.push(`score: expected ${expect.score}, got ${assessment.score}`);
  check('level', expect.level, assessment.level);
  const own = judgement.actions.filter((action) => action.policyId === policy.id);
  if (expect.held !== undefined) check('held', expect.held, own.find((action) => action.state === 'held')?.by ?? 'nothing');
  if (expect.runs !== undefined) check('runs', expect.runs, own.find((action) => action.state === 'released')?.step ?? 'nothing');
  const types = new Set(
    intent.wanted.filter((action) => action.policyId === policy.id && action.step === step).map((action) => action.type as string),
  );
  if (expect.actions !== undefined) check('actions', [...new Set(expect.actions)].sort().join(', '), [...types].sort().join(', '));
  return differences;
}
