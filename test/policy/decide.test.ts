import { describe, expect, it } from 'vitest';
import type { Intent } from '../../src/model/decision.ts';
import type { IdentityId } from '../../src/model/ids.ts';
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

  it('never acts where a step cannot be evaluated, though the steps below it hold', () => {
    const ladder = `
    - { step: low, actions: [{ type: mfa.require, strength: any }] }
    - { step: high, at: "10 / signal.ageMinutes > 1", actions: [{ type: session.revoke }] }`;
    const intent = decide(situation(), assessment(), compile(policyText({ ladder })), settings());
    expect(intent).toMatchObject({ policyId: null, wanted: [], reasons: [{ code: 'policyError', ref: 'RP-900/high' }] });
  });

  it('tells every error, also where another policy came further', () => {
    const broken = policyText({ id: 'RP-901', when: '10 / signal.ageMinutes > 1' });
    const empty = policyText({ ladder: '[{ step: end, at: "risk.score >= 90.0", actions: [{ type: session.revoke }] }]' });
    expect(decide(situation(), assessment(), compile(broken, empty), settings()).reasons).toEqual([
      { code: 'noStep', ref: 'RP-900' },
      { code: 'policyError', ref: 'RP-901' },
    ]);
  });

  it('names the values that left a condition undecided; what decides it alone is no gap', () => {
    const policies = compile(policyText({ when: 'device.people >= 3 && device.compliance == "nonCompliant"' }));
    const known = { device: { people: 4, compliance: 'nonCompliant' as const } };
    expect(decide(situation(), assessment(), policies, settings()).reasons[0]).toEqual({ code: 'when', ref: 'RP-900' });
    const undecided = decide(situation({ surroundings: { device: { compliance: 'nonCompliant' } } }), assessment(), policies, settings());
    expect(undecided.reasons).toEqual([
      { code: 'when', ref: 'RP-900' },
      { code: 'contextGap', ref: 'device.people' },
    ]);
    expect(decide(situation({ surroundings: known }), assessment(), policies, settings()).policyId).toBe('RP-900');
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

  it('does not take a step whose condition nobody can decide', () => {
    const uncertain = `
    - { step: low, actions: [{ type: mfa.require, strength: any }] }
    - { step: high, at: "device.people <= 3", actions: [{ type: session.revoke }] }`;
    const at = (people?: number) =>
      decide(
        situation({ surroundings: { device: people === undefined ? {} : { people } } }),
        assessment(),
        compile(policyText({ ladder: uncertain })),
        settings(),
      ).step;
    expect([at(), at(2), at(4)]).toEqual(['low', 'high', 'low']);
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
      (_, n) => decide(situation({ person: { id: `u${n}` as IdentityId } }), assessment(), policies, settings()).mode,
    );
    const share = drawn.filter((mode) => mode === 'enforce').length;
    expect(share).toBeGreaterThan(80);
    expect(share).toBeLessThan(160);
    expect(
      Array.from(
        { length: 400 },
        (_, n) => decide(situation({ person: { id: `u${n}` as IdentityId } }), assessment(), policies, settings()).mode,
      ),
    ).toEqual(drawn);
    const named = (kind: 'person' | 'session', id: string) =>
      situation({ kind, subject: { kind, id }, person: { id: 'u1' as IdentityId } });
    const modes = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'].map(
      (id) => decide(named('session', id), assessment(), policies, settings()).mode,
    );
    expect(new Set(modes)).toEqual(new Set([decide(named('person', 'u1'), assessment(), policies, settings()).mode]));
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

  const one = (id: string, action: string, more: Parameters<typeof policyText>[0] = {}) =>
    policyText({ id, ladder: `[{ step: end, actions: [${action}] }]`, ...more });
  const wantedOf = (given: ReturnType<typeof situation>, ...texts: readonly string[]) =>
    decide(given, assessment(), compile(...texts), settings()).wanted;

  it.each([
    ['all over one', '{ type: session.revoke, scope: one }', '{ type: session.revoke, scope: all }', { scope: 'all' }],
    ['the longer requirement', '{ type: mfa.require, for: 1h }', '{ type: mfa.require, for: 24h }', { for: '24h' }],
    ['what only one says', '{ type: mfa.require, for: 1h }', '{ type: mfa.require, strength: any }', { for: '1h', strength: 'any' }],
  ] as const)('want one action together: %s', (_what, a, b, parameters) => {
    for (const [first, second] of [
      [a, b],
      [b, a],
    ] as const) {
      expect(wantedOf(situation({ kind: 'session' }), one('RP-901', first), one('RP-902', second))).toMatchObject([
        { policyId: 'RP-901', parameters },
      ]);
    }
  });

  it('end a suspension at the earlier of two times: the longer one needs an approval of its own', () => {
    const suspend = (id: string, expires: string) =>
      policyText({
        id,
        when: 'signal.proof || risk.score >= 0.0',
        ladder: `[{ step: end, approval: lead, actions: [{ type: account.suspend, expires: ${expires} }] }]`,
        rest: 'approvals: { lead: { approvers: [group:soc], required: 1, timeout: 10m, onTimeout: deny } }\n',
      });
    expect(wantedOf(situation(), suspend('RP-901', '72h'), suspend('RP-902', '4h'))).toMatchObject([
      { parameters: { expires: '4h' }, approval: 'lead', alsoApproved: [{ policyId: 'RP-902', name: 'lead' }] },
    ]);
  });

  it('ask the approvals of every policy that demands one, also where the first one demands none', () => {
    const end = (id: string, approval: string) =>
      policyText({
        id,
        when: 'signal.proof || risk.score >= 0.0',
        ladder: `[{ step: end, ${approval}actions: [{ type: session.revoke, scope: all }] }]`,
        ...(approval && { rest: 'approvals: { lead: { approvers: [group:soc], required: 1, timeout: 10m, onTimeout: deny } }\n' }),
      });
    const [wanted, ...more] = wantedOf(
      situation(),
      end('RP-901', ''),
      end('RP-902', 'approval: lead, '),
      end('RP-903', 'approval: lead, '),
    );
    expect(more).toEqual([]);
    expect(wanted?.approval).toBeUndefined();
    expect(wanted?.alsoApproved).toEqual([
      { policyId: 'RP-902', name: 'lead' },
      { policyId: 'RP-903', name: 'lead' },
    ]);
  });

  it('let what one cannot name be said by the other: all sessions include the one that nobody named', () => {
    const wanted = wantedOf(
      situation(),
      one('RP-901', '{ type: session.revoke, scope: one }'),
      one('RP-902', '{ type: session.revoke, scope: all }'),
    );
    expect(wanted).toMatchObject([{ parameters: { scope: 'all' } }]);
    expect(wanted[0]?.unsupported).toBeUndefined();
  });

  it('rest as long as the one that rests longer', () => {
    const rests = (id: string, cooldown: string) => one(id, '{ type: session.revoke }', { rest: `cooldown: ${cooldown}\n` });
    const [wanted] = wantedOf(
      situation(),
      rests('RP-901', '{ sameSubjectSameAction: 2h, samePolicySameSubject: 1h }'),
      rests('RP-902', '{ sameSubjectSameAction: 3h }'),
    );
    expect(wanted?.cooldown).toEqual({ actionMs: 3 * 3_600_000, policyMs: 3_600_000 });
  });

  it('of one rung are led by the smallest id, and name the rest', () => {
    const intent = decide(situation(), assessment(), compile(policyText({ id: 'RP-902' }), policyText({ id: 'RP-901' })), settings());
    expect(intent.policyId).toBe('RP-901');
    expect(intent.reasons.slice(0, 2)).toEqual([
      { code: 'matched', ref: 'RP-901/end' },
      { code: 'also', ref: 'RP-902/end' },
    ]);
  });

  it('are led by the one that enforces, whatever a report asks for', () => {
    const reporting = one('RP-901', '{ type: password.expire }', { mode: 'report-only' });
    const intent = decide(situation(), assessment(), compile(policyText(), reporting), settings());
    expect(intent).toMatchObject({ policyId: 'RP-900', rung: 3, mode: 'enforce' });
  });

  it('name one that left the subject out beside what the others do', () => {
    const apart = policyText({ id: 'RP-901', match: '{ signals: [mass_download], subjects: { excludeGroups: [break-glass, staff] } }' });
    const intent = decide(situation({ person: { groups: ['staff'] } }), assessment(), compile(policyText(), apart), settings());
    expect(intent.reasons).toContainEqual({ code: 'excluded', ref: 'RP-901' });
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
