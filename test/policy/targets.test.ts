import { describe, expect, it } from 'vitest';
import { actionTypeNames } from '../../src/model/action.ts';
import { decide } from '../../src/policy/index.ts';
import { account, assessment, compile, policyText, settings, situation } from './support.ts';

const connection = { provider: 'okta', profile: 'standard' as const, actions: actionTypeNames };
const device = '{ signals: [mass_download], subjects: { kinds: [device] } }';
const people = '{ signals: [mass_download], subjects: { kinds: [person, account, session], excludeGroups: [break-glass] } }';

describe('what an action falls on', () => {
  it('is, for a subject that is no person, each connection that offers it', () => {
    const policies = compile(
      policyText({ match: device, ladder: '[{ step: end, actions: [{ type: device.disable, expires: 24h }] }]' }).replace(
        'scope: person',
        'scope: device',
      ),
    );
    const given = settings({ connections: { zed: connection, mdm: connection, hr: { ...connection, actions: [] } } });
    const intent = decide(situation({ kind: 'device', person: null }), assessment(), policies, given);
    expect(intent.wanted.map(({ connection: at, accountId, unsupported }) => [at, accountId, unsupported])).toEqual([
      ['mdm', null, undefined],
      ['zed', null, undefined],
    ]);
  });

  it('is recorded once, as unsupported, where nothing offers it or the person has no account', () => {
    const nowhere = [{ connection: 'none', accountId: null, unsupported: true }];
    expect(decide(situation(), assessment(), compile(policyText()), settings({ connections: {} })).wanted).toMatchObject(nowhere);
    expect(decide(situation({ person: { accounts: [] } }), assessment(), compile(policyText()), settings()).wanted).toMatchObject(nowhere);
    const withCase = compile(policyText({ ladder: '[{ step: end, actions: [{ type: case.open, propose: [role.remove] }] }]' }));
    const none = settings({ connections: { okta: { ...connection, actions: ['session.revoke'] } } });
    expect(decide(situation(), assessment(), withCase, none).wanted).toMatchObject([
      { ...nowhere[0], parameters: { propose: 'role.remove' } },
    ]);
  });

  it('is only the account that the signal means where the policy says so', () => {
    const policies = compile(policyText({ match: people }).replace('scope: person', 'scope: account'));
    const person = { accounts: [account('okta'), account('entra')] };
    const intent = decide(
      situation({ kind: 'account', subject: { kind: 'account', id: 'acc-entra-1' }, person }),
      assessment(),
      policies,
      settings(),
    );
    expect(intent.wanted.map((action) => action.connection)).toEqual(['entra']);
  });

  it('is never widened from one session to a person: without a session, one is unsupported', () => {
    const policies = compile(policyText({ ladder: '[{ step: end, actions: [{ type: session.revoke, scope: one }] }]' }));
    expect(decide(situation(), assessment(), policies, settings()).wanted).toMatchObject([
      { unsupported: true, parameters: { scope: 'one' } },
    ]);
    expect(decide(situation({ kind: 'session' }), assessment(), policies, settings()).wanted[0]?.unsupported).toBeUndefined();
  });

  it('takes the parameters of its provider, then those of its connection', () => {
    const ladder = `
    - step: end
      approval: lead
      actions:
        - type: account.suspend
          expires: 4h
          perProvider: { okta: { method: suspend, expires: 2h } }
          perConnection: { okta-b: { method: lock } }
approvals: { lead: { approvers: [group:soc], required: 1, timeout: 10m, onTimeout: deny } }`;
    const policies = compile(policyText({ ladder, when: 'risk.base >= 0.0' }));
    const given = settings({ connections: { 'okta-a': connection, 'okta-b': connection, entra: { ...connection, provider: 'entra' } } });
    const person = { accounts: [account('okta-a'), account('okta-b'), account('entra')] };
    expect(
      decide(situation({ person }), assessment(), policies, given).wanted.map(({ parameters, approval }) => [parameters, approval]),
    ).toEqual([
      [{ expires: '2h', method: 'suspend' }, 'lead'],
      [{ expires: '2h', method: 'lock' }, 'lead'],
      [{ expires: '4h' }, 'lead'],
    ]);
  });
});

describe('an immediate termination', () => {
  it('takes the actions of the policy for leavers as an order: no mode, roll-out or ceiling is asked', () => {
    const leaver = policyText({
      mode: 'report-only',
      match: '{ signals: [leaver_due], causes: [leaver, leaver.immediate], subjects: { kinds: [person], excludeGroups: [break-glass] } }',
      when: 'risk.score >= 0.0',
      ladder: '[{ step: offboard, actions: [{ type: account.disable, reason: termination }] }]',
      rest: 'rollout: { percent: 0, salt: a }\n',
    });
    const given = settings({ enforcement: { default: { mode: 'report-only', maxRung: 3 }, connections: {}, groups: {}, receivers: {} } });
    const decided = (cause: 'leaver' | 'leaver.immediate') =>
      decide(situation({ signal: { type: 'leaver_due', cause } }), assessment(), compile(leaver), given);
    expect(decided('leaver.immediate')).toMatchObject({ mode: 'order', rung: 6, wanted: [{ enforced: true, type: 'account.disable' }] });
    expect(decided('leaver')).toMatchObject({ mode: 'report-only', wanted: [{ enforced: false }] });
  });
});

describe('several policies at once', () => {
  it('are named by one that enforces, even where a report would go further', () => {
    const harsher = policyText({ id: 'RP-800', mode: 'report-only', ladder: '[{ step: end, actions: [{ type: password.expire }] }]' });
    expect(decide(situation(), assessment(), compile(harsher, policyText()), settings())).toMatchObject({
      policyId: 'RP-900',
      mode: 'enforce',
      rung: 3,
    });
  });

  it('keep actions apart that fall on different things', () => {
    const removal = (id: string, group: string) =>
      policyText({ id, ladder: `[{ step: end, actions: [{ type: group.remove, group: ${group} }] }]` });
    const intent = decide(situation(), assessment(), compile(removal('RP-901', 'a'), removal('RP-902', 'b')), settings());
    expect(intent.wanted.map((action) => action.parameters.group)).toEqual(['a', 'b']);
  });

  it('ask for the stricter approval and exempt only what both exempt', () => {
    const approved = policyText({
      id: 'RP-901',
      ladder:
        '[{ step: end, approval: lead, actions: [{ type: session.revoke }] }]\napprovals: { lead: { approvers: [group:soc], required: 1, timeout: 10m, onTimeout: deny } }',
    });
    const direct = policyText({ id: 'RP-902', rest: 'direct: true\ndirectReason: because\n' });
    expect(decide(situation(), assessment(), compile(approved, direct), settings()).wanted).toMatchObject([
      { approval: 'lead', direct: false, policyId: 'RP-901' },
    ]);
  });
});

describe('what is not known', () => {
  it('is named when it keeps a condition from holding', () => {
    const policies = compile(policyText({ when: 'device.people >= 3 && subject.tier != "none" || geo.asn == 7' }));
    const intent = decide(situation({ person: { tier: 'standing' } }), assessment(), policies, settings());
    expect(intent.reasons).toEqual([
      { code: 'when', ref: 'RP-900' },
      { code: 'contextGap', ref: 'device.people' },
      { code: 'contextGap', ref: 'geo.asn' },
    ]);
  });

  it('is told where a tier that nobody knows counts as not privileged', () => {
    const policies = compile(policyText({ when: '!subject.privileged' }));
    const intent = decide(situation({ person: { tier: 'unknown' } }), assessment(), policies, settings());
    expect(intent.policyId).toBe('RP-900');
    expect(intent.reasons).toContainEqual({ code: 'contextGap', ref: 'subject.privileged' });
  });

  it('is a fact of another kind than declared, or with a name of its own', () => {
    const policies = compile(
      policyText({
        match: '{ signals: [signin_failures], subjects: { kinds: [network] } }',
        when: 'facts.failures >= 20',
        ladder: '[{ step: end, actions: [{ type: ip.block, expires: 1h }] }]',
        tests: `
tests:
  - { name: fires, given: { facts: { failures: 20 } }, expect: { match: true } }
  - { name: does not, given: { facts: { failures: 1 } }, expect: { match: false } }
  - { name: unknown, given: {}, expect: { match: false } }
`,
      }).replace('scope: person', 'scope: network'),
    );
    const decided = (facts: Record<string, string | number>) =>
      decide(situation({ kind: 'network', person: null, signal: { type: 'signin_failures', facts } }), assessment(), policies, settings());
    expect(decided({ failures: 20 }).policyId).toBe('RP-900');
    expect(decided({ failures: '20' }).reasons[0]).toEqual({ code: 'when', ref: 'RP-900' });
    expect(decided({ failures: 20.5 }).reasons[0]).toEqual({ code: 'when', ref: 'RP-900' });
    expect(decided(JSON.parse('{"__proto__": {"failures": 20}, "constructor": 1}') as Record<string, number>).reasons[0]).toEqual({
      code: 'when',
      ref: 'RP-900',
    });
  });
});
