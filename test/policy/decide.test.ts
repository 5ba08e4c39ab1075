import { describe, expect, it } from 'vitest';
import type { Intent } from '../../src/model/decision.ts';
import { decide } from '../../src/policy/index.ts';
import { account, assessment, compile, policyText, settings, situation } from './support.ts';

const codes = (intent: Intent) => intent.reasons.map((reason) => reason.code);

describe('the step at which a policy falls away', () => {
  const plain = compile(policyText());
  it.each([
    ['a type that no policy matches', 'signal', plain, situation({ signal: { type: 'brute_force' } }), assessment()],
    ['a cause that it does not take', 'cause', plain, situation({ signal: { cause: 'leaver' } }), assessment()],
    [
      'a source that it does not name',
      'source',
      compile(policyText({ match: '{ signals: [mass_download], sources: [edr], subjects: { excludeGroups: [break-glass] } }' })),
      situation(),
      assessment(),
    ],
    [
      'too little confidence',
      'confidence',
      compile(policyText({ match: '{ signals: [mass_download], minConfidence: 0.9, subjects: { excludeGroups: [break-glass] } }' })),
      situation(),
      assessment({ signal: { group: 'data', confidence: 0.8, proof: false, late: false } }),
    ],
    [
      'evidence that is too old',
      'age',
      compile(policyText({ match: '{ signals: [mass_download], maxSignalAge: 1h, subjects: { excludeGroups: [break-glass] } }' })),
      situation({ signal: { occurredAt: Date.UTC(2026, 4, 4, 8) } }),
      assessment(),
    ],
    ['a subject of another kind', 'subject', plain, situation({ kind: 'device', person: null }), assessment()],
    ['a person of an excluded group', 'excluded', plain, situation({ person: { groups: ['break-glass'] } }), assessment()],
    ['a condition that does not hold', 'when', compile(policyText({ when: 'risk.score >= 90.0' })), situation(), assessment()],
    [
      'a ladder without a step that holds',
      'noStep',
      compile(policyText({ ladder: '[{ step: end, at: "risk.score >= 90.0", actions: [{ type: session.revoke }] }]' })),
      situation(),
      assessment(),
    ],
  ] as const)('names %s as %s', (_what, code, policies, given, scored) => {
    const intent = decide(given, scored, policies, settings());
    expect(intent).toMatchObject({ policyId: null, mode: null, rung: null, wanted: [] });
    expect(codes(intent)[0]).toBe(code);
  });

  it('names the value that it needs and nobody knows', () => {
    const policies = compile(policyText({ rest: 'needs: [signal.ip, "device.compliance?"]\n' }));
    const intent = decide(situation(), assessment(), policies, settings());
    expect(intent.reasons).toEqual([
      { code: 'needs', ref: 'RP-900' },
      { code: 'contextGap', ref: 'signal.ip' },
    ]);
    expect(decide(situation({ signal: { circumstances: { ip: '203.0.113.9' } } }), assessment(), policies, settings()).policyId).toBe(
      'RP-900',
    );
  });

  it('never acts where a condition cannot be evaluated, and other policies go on', () => {
    const broken = policyText({ id: 'RP-901', when: '10 / signal.ageMinutes > 1' });
    const intent = decide(situation(), assessment(), compile(broken, policyText()), settings());
    expect(intent.policyId).toBe('RP-900');
    expect(intent.reasons).toContainEqual({ code: 'policyError', ref: 'RP-901' });
    expect(decide(situation(), assessment(), compile(broken), settings()).reasons).toEqual([{ code: 'policyError', ref: 'RP-901' }]);
  });
});

describe('the ladder', () => {
  const ladder = `
    - { step: low, actions: [{ type: mfa.require, strength: any }] }
    - { step: middle, at: "risk.score >= 40.0", actions: [{ type: session.revoke }, { type: token.revoke }] }
    - { step: high, at: "risk.score >= 70.0", actions: [{ type: password.expire }] }`;
  const policies = compile(policyText({ ladder }));

  it.each([
    [10, 'low', 2],
    [40, 'middle', 3],
    [70, 'high', 4],
  ])('takes the last step whose condition holds: at %d points %s', (score, step, rung) => {
    expect(decide(situation(), assessment({ score }), policies, settings())).toMatchObject({ step, rung });
  });

  it('falls on every account of the person, and on one session only where one is meant', () => {
    const person = { accounts: [account('okta'), account('entra'), account('unknown')] };
    const all = decide(situation({ person }), assessment({ score: 40 }), policies, settings());
    expect(all.wanted.map(({ type, connection, parameters }) => [type, connection, parameters.scope])).toEqual([
      ['session.revoke', 'okta', 'all'],
      ['session.revoke', 'entra', 'all'],
      ['token.revoke', 'okta', 'all'],
      ['token.revoke', 'entra', 'all'],
    ]);
    const one = decide(situation({ kind: 'session' }), assessment({ score: 40 }), policies, settings());
    expect(one.wanted.map((action) => action.parameters.scope)).toEqual(['one', 'one']);
  });

  it('offers lower steps instead, strongest first, and the named fallback before them', () => {
    const lower = decide(situation(), assessment({ score: 70 }), policies, settings());
    expect(lower.fallbacks.map((step) => step[0]?.step)).toEqual(['middle', 'low']);
    const named = compile(policyText({ ladder: `${ladder}\n  fallback: low` }));
    expect(decide(situation(), assessment({ score: 70 }), named, settings()).fallbacks.map((step) => step[0]?.step)).toEqual(['low']);
  });

  it('marks what no connection offers and names the connection', () => {
    const limited = settings({ connections: { okta: { provider: 'okta', profile: 'standard', actions: ['session.revoke'] } } });
    const intent = decide(situation(), assessment({ score: 40 }), policies, limited);
    expect(intent.wanted.map(({ type, unsupported }) => [type, unsupported ?? false])).toEqual([
      ['session.revoke', false],
      ['token.revoke', true],
    ]);
    expect(intent.reasons).toContainEqual({ code: 'unsupported', ref: 'okta' });
  });
});

describe('how far a policy may go', () => {
  const connections = (mode: 'enforce' | 'report-only', maxRung: 0 | 3 | 6) =>
    settings({ enforcement: { default: { mode, maxRung }, connections: {}, groups: {}, receivers: {} } });

  it.each([
    ['enforce', 'enforce', false, true],
    ['enforce', 'report-only', false, false],
    ['report-only', 'enforce', false, false],
    ['report-only', 'enforce', true, true],
    ['report-only', 'report-only', true, false],
    ['enforce', 'report-only', true, false],
  ] as const)('policy %s, ceiling %s, override %s: enforced is %s', (mode, ceiling, override, enforced) => {
    const given = { ...connections(ceiling, 6), overrides: override ? { 'RP-900': 'enforce' as const } : {} };
    const intent = decide(situation(), assessment(), compile(policyText({ mode })), given);
    expect(intent.wanted.map((action) => action.enforced)).toEqual([enforced]);
    expect(intent.mode).toBe(enforced ? 'enforce' : 'report-only');
  });

  it('leaves a disabled policy aside whatever an override says', () => {
    const given = settings({ overrides: { 'RP-900': 'enforce' } });
    expect(decide(situation(), assessment(), compile(policyText({ mode: 'disabled' })), given).policyId).toBeNull();
  });

  it('reports what lies above the ceiling and runs the highest step that fits below it', () => {
    const ladder = `
    - { step: low, actions: [{ type: session.revoke }] }
    - { step: high, actions: [{ type: password.expire }] }`;
    const intent = decide(situation(), assessment(), compile(policyText({ ladder })), connections('enforce', 3));
    expect(intent.wanted.map(({ type, enforced }) => [type, enforced])).toEqual([
      ['password.expire', false],
      ['session.revoke', true],
    ]);
    expect(intent.reasons).toContainEqual({ code: 'ceiling', ref: 'okta' });
    expect(intent.rung).toBe(4);
  });

  it('takes the strictest of connection and group', () => {
    const given = settings({
      enforcement: {
        default: { mode: 'report-only', maxRung: 3 },
        connections: { okta: { mode: 'enforce', maxRung: 6 } },
        groups: { staff: { mode: 'report-only', maxRung: 6 } },
        receivers: {},
      },
    });
    const decided = (groups: readonly string[]) =>
      decide(situation({ person: { groups } }), assessment(), compile(policyText()), given).mode;
    expect(decided([])).toBe('enforce');
    expect(decided(['staff'])).toBe('report-only');
  });

  it('enforces for the share of people whom the roll-out draws, the same ones every time', () => {
    const policies = compile(policyText({ rest: 'rollout: { percent: 30, salt: a }\n' }));
    const drawn = Array.from(
      { length: 400 },
      (_, n) => decide(situation({ subject: { kind: 'person', id: `u${n}` } }), assessment(), policies, settings()).mode,
    );
    const share = drawn.filter((mode) => mode === 'enforce').length;
    expect(share).toBeGreaterThan(80);
    expect(share).toBeLessThan(160);
    expect(
      Array.from(
        { length: 400 },
        (_, n) => decide(situation({ subject: { kind: 'person', id: `u${n}` } }), assessment(), policies, settings()).mode,
      ),
    ).toEqual(drawn);
  });
});

describe('several policies', () => {
  it('unite their actions, the strongest parameters of the same one, and are named by the highest rung', () => {
    const weak = policyText({ id: 'RP-901', ladder: '[{ step: ask, actions: [{ type: mfa.require, strength: any, for: 24h }] }]' });
    const strong = policyText({
      id: 'RP-902',
      ladder: '[{ step: end, actions: [{ type: mfa.require, strength: phishingResistant, for: 1h }, { type: session.revoke }] }]',
    });
    const intent = decide(situation(), assessment(), compile(weak, strong), settings());
    expect(intent).toMatchObject({ policyId: 'RP-902', rung: 3 });
    expect(intent.wanted.map(({ type, parameters }) => [type, parameters])).toEqual([
      ['mfa.require', { strength: 'phishingResistant', for: '24h' }],
      ['session.revoke', { scope: 'all' }],
    ]);
    expect(intent.reasons).toContainEqual({ code: 'also', ref: 'RP-901/ask' });
  });

  it('that only report add nothing to one that enforces', () => {
    const reporting = policyText({ id: 'RP-901', mode: 'report-only', ladder: '[{ step: end, actions: [{ type: token.revoke }] }]' });
    const intent = decide(situation(), assessment(), compile(policyText(), reporting), settings());
    expect(intent.wanted.map(({ type, enforced }) => [type, enforced])).toEqual([
      ['session.revoke', true],
      ['token.revoke', false],
    ]);
  });
});

it('a trace tells the value of every clause, and is empty where nobody asks', () => {
  const policies = compile(policyText({ when: 'risk.score >= 10.0 && device.people >= 3' }));
  expect(decide(situation(), assessment(), policies, settings()).trace).toEqual([]);
  expect(decide(situation(), assessment(), policies, settings(), { trace: true }).trace.map(({ value }) => value)).toEqual([
    'true',
    'unknown',
  ]);
});
