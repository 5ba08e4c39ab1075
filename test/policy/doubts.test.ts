import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readPolicyFolder } from '../../src/app/policy-folder.ts';
import { compileBundle } from '../../src/engine/bundle.ts';
import { createTestJudge } from '../../src/engine/replay.ts';
import { guardsInForce } from '../../src/guard/index.ts';
import { type Configured, findDoubts, runInlineTests, scoreMutations } from '../../src/policy/index.ts';
import { goodPolicy, policyPath } from './wrong-documents.ts';

const shipped = await readPolicyFolder(join(import.meta.dirname, '../../policies'));
const surroundings = ['risk.yaml', 'guardrails.yaml', 'profiles/sandbox.yaml'].map((path) => [path, shipped.get(path) as string] as const);
const today = '2026-05-04';

interface Request {
  readonly files?: Readonly<Record<string, string>>;
  readonly today?: string;
  readonly configured?: Configured;
  readonly mutate?: boolean;
}

function doubtsOf({ files = { [policyPath]: goodPolicy }, mutate = false, ...rest }: Request): readonly string[] {
  const all = new Map([...surroundings, ...Object.entries(files).filter(([file]) => file.startsWith('responses/'))]);
  const compiled = compileBundle(all);
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.faults, null, 1));
  const { policies, risk } = compiled.bundle;
  const mutations = mutate ? scoreMutations(policies, risk, createTestJudge(compiled.bundle), guardsInForce) : [];
  const doubts = findDoubts({
    files: new Map([...all, ...Object.entries(files)]),
    policies,
    counted: new Set<string>(),
    model: risk,
    mutations,
    today,
    ...rest,
  });
  return doubts
    .filter(({ code }) => code !== 'W205')
    .map(({ code, file, line, column, message }) => `${code} ${file}:${line}:${column} ${message}`);
}

/** The good policy, mapped, with other lines. */
const policy = (...changes: readonly (readonly [from: string, to: string])[]) => {
  let text = goodPolicy.replace('status: draft', 'status: draft\n  attack: [T1539]');
  for (const [from, to] of changes) {
    if (!text.includes(from)) throw new Error(`the good policy does not hold ${from}`);
    text = text.replace(from, () => to);
  }
  return text;
};
const when = (condition: string) => policy(["'risk.score >= 40.0'", `'${condition}'`]);
const ofOne = (text: string, more: Omit<Request, 'files'> = {}) => doubtsOf({ files: { [policyPath]: text }, ...more });
const at = (line: number, column: number) => `${policyPath}:${line}:${column}`;

it('a good policy raises no doubt', () => expect(ofOne(policy())).toEqual([]));

describe('W201: a step that is never reached', () => {
  it('because `when` excludes its level', () => {
    expect(ofOne(policy(["'risk.score >= 40.0'", '\'risk.level == "critical"\'']))).toEqual([
      `W201 ${at(26, 7)} \`contain\` never holds where \`when\` does`,
    ]);
  });
  it('because a later one of no higher rung always holds too', () => {
    const text = policy([
      '    - step: contain\n      at: \'risk.level == "high"\'',
      "    - step: early\n      at: 'risk.score >= 90.0'\n      actions: [{ type: session.revoke }]\n    - step: contain\n      at: 'risk.score >= 80.0'",
    ]);
    expect(ofOne(text)).toEqual([`W201 ${at(26, 7)} \`early\` is never taken: a later step of no higher rung always holds too`]);
  });
  it('not where it is the lower rung that runs when the higher one may not', () => {
    expect(ofOne(policy(['      at: \'risk.level == "high"\'\n', '']))).toEqual([]);
  });
  it('or rungs that fall', () => {
    const text = policy([
      '    - step: ask\n',
      "    - step: first\n      actions: [{ type: password.expire }]\n    - step: ask\n      at: 'risk.score >= 50.0'\n",
    ]);
    expect(ofOne(text)).toContain(`W201 ${at(25, 7)} rung 2 comes after rung 4: the last step that holds is taken`);
  });
});

describe('W202: a condition that says nothing', () => {
  it.each([
    ['a score below nothing', 'risk.score < 0.0', 'is never true'],
    ['a score of any height', 'risk.score >= 0.0', 'is always true'],
    ['a value that the field never has', 'risk.score >= 40.0 && device.compliance == "noncompliant"', 'is never true'],
    ['two levels at once', 'risk.level == "high" && risk.level == "low"', 'is never true'],
    ['a level that the score does not have', 'risk.score >= 95.0 && risk.level == "medium"', 'is never true'],
    ['a tier that is not privileged', 'subject.privileged && subject.tier == "none"', 'is never true'],
    ['proof of a low severity', 'signal.proof && signal.severity == "low"', 'is never true'],
    ['a kind that is not matched', 'subject.kind == "network"', 'is never true'],
    ['more groups active than are counted', 'hasGroup("session") && hasGroup("mfa") && risk.groupsActive < 2', 'is never true'],
    ['fewer than none', 'recent("cookie_replay", duration("1h")) < 0', 'is never true'],
    [
      'a part that never is',
      'risk.score >= 40.0 && (signal.type == "mass_download" || signal.proof)',
      '`signal.type == "mass_download"` is never true',
    ],
    ['a part that always is', 'risk.score >= 40.0 && risk.groupsActive >= 0', '`risk.groupsActive >= 0` is always true'],
  ])('%s', (_what, condition, message) => {
    expect(ofOne(when(condition))).toContain(`W202 ${at(18, 1)} ${message}`);
  });

  it.each([
    'hasGroup("session") && hasGroup("mfa") && risk.groupsActive == 2',
    'hasGroup("location") && hasGroup("login") && risk.groupsActive == 1',
    'signal.proof && signal.severity == "high"',
    'risk.heldLevel == "high" && risk.level == "medium"',
    'recent("cookie_replay", duration("1h")) >= 3',
    'inGroup("finance") && risk.score >= 40.0',
    'signal.confidence >= 0.7 && signal.confidence < 0.9',
  ])('is not said of %s', (condition) => {
    expect(ofOne(when(condition)).filter((doubt) => doubt.startsWith('W202'))).toEqual([]);
  });

  it('is not said where a condition computes, or has more cases than are tried', () => {
    const fields = [
      'subject.tier',
      'session.mfa',
      'session.deviceBound',
      'device.compliance',
      'device.managed',
      'geo.egress',
      'geo.anonymizer',
    ];
    const many = fields.map((field) => `${field} == "x"`).join(' && ');
    for (const condition of ['risk.score + 1.0 < 0.0', many])
      expect(ofOne(when(condition)).filter((doubt) => doubt.startsWith('W20'))).toEqual([]);
  });
});

describe('two policies that answer the same signal', () => {
  const second = (...changes: readonly (readonly [from: string, to: string])[]) => policy(['id: RP-900', 'id: RP-901'], ...changes);
  const pair = (other: string, first = policy()) => doubtsOf({ files: { [policyPath]: first, 'responses/RP-901.yaml': other } });
  it('W203: one that the other covers', () => {
    expect(pair(second(["'risk.score >= 40.0'", "'risk.score >= 60.0'"]))).toEqual([
      'W203 responses/RP-901.yaml:18:1 RP-900 matches whenever this policy does, and does as much',
    ]);
  });
  it('W204: both act, and disagree how', () => {
    expect(pair(second(["'risk.score >= 40.0'", "'risk.score >= 30.0'"], ['expires: 4h', 'expires: 24h']))).toEqual([
      `W204 responses/RP-901.yaml:31:7 \`expires\` of account.suspend differs from RP-900/suspend in the same situation`,
    ]);
  });
  it('neither where they never meet', () => {
    expect(pair(second(['match:', 'match:\n  causes: [partner]']), policy(['match:', 'match:\n  causes: [risk]']))).toEqual([]);
    expect(
      pair(
        second(["'risk.score >= 40.0'", '\'risk.score >= 40.0 && signal.severity == "low"\'']),
        when('risk.score >= 40.0 && signal.severity == "high"'),
      ),
    ).toEqual([]);
  });
});

it('W205 names every type that no policy matches, in one line, and not the service’s own', () => {
  const compiled = compileBundle(new Map([...surroundings, [policyPath, policy()]]));
  if (!compiled.ok) throw new Error('faults');
  const { policies, risk } = compiled.bundle;
  const doubts = findDoubts({ files: new Map(surroundings), policies, counted: new Set<string>(), model: risk, mutations: [], today });
  expect(doubts.map(({ code, file }) => `${code} ${file}`)).toEqual(['W205 risk.yaml']);
  expect(doubts[0]?.message).toMatch(/\bmass_download\b/);
  expect(doubts[0]?.message).not.toMatch(/\b(cookie_replay|undo|drill)\b/);
});

it('W208: tests that let wrong versions pass, with the first of them', () => {
  expect(ofOne(policy(), { mutate: true })).toEqual([
    expect.stringMatching(/^W208 responses\/RP-900-example\.yaml:\d+:\d+ the tests notice \d+ of \d+ wrong versions \(\d+ %\); not: /),
  ]);
});

it('W209: an entry of a list that expired, from the day after', () => {
  const list = 'kind: List\nmetadata: { id: egress }\nentries:\n  - { value: 198.51.100.0/24, expires: 2026-05-04 }\n';
  const on = (day: string) => doubtsOf({ files: { [policyPath]: policy(), 'lists/egress.yaml': list }, today: day });
  expect(on('2026-05-04')).toEqual([]);
  expect(on('2026-05-05')).toEqual(['W209 lists/egress.yaml:4:5 the entry expired on 2026-05-04']);
});

it('W210: a policy that is mapped to nothing', () => {
  expect(ofOne(goodPolicy)).toEqual([`W210 ${at(3, 1)} is mapped to no ATT&CK technique and to no control`]);
});

describe('W211: `||`, `!` or `!=` beside what nobody may know', () => {
  it.each([
    ['session.mfa == "none" || signal.proof', 'session.mfa', '||'],
    ['risk.score >= 40.0 && !(geo.egress == "own")', 'geo.egress', '!'],
    ['risk.score >= 40.0 && geo.egress != "own"', 'geo.egress', '!='],
  ])('%s', (condition, field, operator) => {
    expect(ofOne(when(condition))).toEqual([
      `W211 ${at(18, 1)} \`${field}\` beside \`${operator}\` may be unknown: name it in needs, with "?" if it may`,
    ]);
  });
  it.each([
    ['named in needs', 'device.compliance == "nonCompliant" || signal.proof'],
    ['asked whether it is known', 'risk.score >= 40.0 && known(geo.egress) && geo.egress != "own"'],
    ['always known', 'signal.proof || !signal.late'],
  ])('not where it is %s', (_what, condition) => expect(ofOne(when(condition))).toEqual([]));
});

it('W212: place and habit alone that reach a session', () => {
  const statistical = ['[cookie_replay, anomalous_token]', '[impossible_travel, rba_anomaly]'] as const;
  const tests = ['{ type: anomalous_token, severity: low }', '{ type: rba_anomaly, severity: low }'] as const;
  const contain = 'at: \'risk.level == "high"\'';
  expect(ofOne(policy(statistical, tests, [contain, "at: 'risk.score >= 50.0'"]))).toEqual([
    `W212 ${at(26, 7)} \`contain\` has rung 3 and needs statistical evidence only`,
  ]);
  expect(ofOne(policy(statistical, tests))).toEqual([]);
});

describe('what a configuration says', () => {
  const configured = (offered: readonly string[], groups: readonly string[]): Configured => ({
    offered: new Set(offered),
    operatorGroups: new Set(groups),
  });
  const all = ['mfa.require', 'session.revoke', 'token.revoke', 'account.suspend'];
  it('W213: an action that no connection offers', () => {
    expect(ofOne(policy(), { configured: configured(all.slice(0, 3), ['soc']) })).toEqual([
      `W213 ${at(35, 13)} no connection offers account.suspend`,
    ]);
  });
  it('W216: a group that nobody is in', () => {
    const doubts = ofOne(policy(), { configured: configured(all, []) });
    expect(doubts.map((doubt) => doubt.slice(0, 40))).toEqual(
      [`W216 ${at(8, 3)} group`, `W216 ${at(38, 23)} grou`].map((doubt) => doubt.slice(0, 40)),
    );
  });
});

it('W214 lists what acts without a score', () => {
  expect(ofOne(policy(['mode: report-only', 'mode: report-only\ndirect: true\ndirectReason: because\ndirectSteps: [contain]']))).toEqual([
    `W214 ${at(13, 1)} acts without a score, at contain (3): because`,
  ]);
});

it('W215: a review that is overdue, from the day after, of a document of any kind', () => {
  const text = policy(['status: draft', 'status: draft\n  reviewBy: 2026-05-04']);
  expect(ofOne(text)).toEqual([]);
  expect(ofOne(text, { today: '2026-05-05' })).toEqual([`W215 ${at(11, 3)} was to be reviewed by 2026-05-04`]);
  const files = ofOne(policy(), { today: '2027-05-02' }).map((doubt) => doubt.split(':')[0]);
  expect(files).toEqual(['W215 guardrails.yaml', 'W215 risk.yaml']);
});

it('two years on, the shipped pack has no fault, its tests pass, and only dates are doubted anew', () => {
  const compiled = compileBundle(shipped);
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.faults, null, 1));
  const { policies, risk } = compiled.bundle;
  const on = (day: string) => findDoubts({ files: shipped, policies, counted: new Set<string>(), model: risk, mutations: [], today: day });
  const before = new Set(on(today).map((doubt) => JSON.stringify(doubt)));
  const anew = on('2028-05-04').filter((doubt) => !before.has(JSON.stringify(doubt)));
  expect(new Set(anew.map(({ code }) => code))).toEqual(new Set(['W215']));
  const failed = runInlineTests(policies, createTestJudge(compiled.bundle), guardsInForce).filter(({ outcome }) => outcome === 'failed');
  expect(failed).toEqual([]);
});
