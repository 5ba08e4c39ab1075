import { describe, expect, it } from 'vitest';
import { ceilingFor, refusesProtected } from '../../src/guard/index.ts';
import type { AccountId, IdentityId } from '../../src/model/ids.ts';
import type { Pause } from '../../src/model/pause.ts';
import { levels } from '../../src/model/risk.ts';
import type { CeilingEntry, Enforcement } from '../../src/model/settings.ts';
import { enforcing, fates, intentOf, judge, situationOf, want } from './support.ts';

const everything: Pause = { id: 'pause-1', scope: {}, since: 0 };
const lowCeiling = { ...enforcing, enforcement: { ...enforcing.enforcement, default: { mode: 'enforce', maxRung: 2 } as CeilingEntry } };

describe('protected people', () => {
  it.each([
    ['of the list', { protected: true }],
    ['of the break-glass group', { groups: ['staff', 'break-glass'] }],
  ])('%s are refused whatever the policy, the level, the approval or the directness', (_, person) => {
    const situation = situationOf({ person });
    expect(refusesProtected({ id: 'person-1' as IdentityId, protected: false, groups: [], ...person }, undefined, 0)).toBe(true);
    for (const action of [
      want(),
      want('account.disable', { direct: true }),
      want('mfa.require'),
      want('risk.set'),
      want('session.revoke', { approval: 'a' }),
    ]) {
      const conclusion = judge(intentOf([action]), { situation });
      expect(conclusion).toMatchObject({ outcome: 'refused', plans: [{ state: 'refused', heldFor: 'protected' }], uses: [] });
      expect(conclusion.reasons).toEqual([{ code: 'guard', ref: 'protected' }]);
    }
  });

  it('are still told of: what only tells operators is no harm', () => {
    const intent = intentOf([want('session.revoke')], { fallbacks: [[want('case.open', { step: 'tell', connection: 'okta' })]] });
    const conclusion = judge(intent, { situation: situationOf({ person: { protected: true } }) });
    expect(fates(conclusion)).toEqual(['session.revoke refused by protected', 'case.open released']);
    expect(conclusion.outcome).toBe('partial');
  });

  it('stay refused under a pause, so that no later release can reach them', () => {
    const conclusion = judge(intentOf([want()]), { situation: situationOf({ person: { protected: true } }), pauses: [everything] });
    expect(conclusion).toMatchObject({ outcome: 'refused', mode: 'report-only' });
    expect(conclusion.reasons).toEqual([
      { code: 'pause', ref: 'pause-1' },
      { code: 'guard', ref: 'protected' },
    ]);
  });
});

describe('score against rung', () => {
  const highest = { none: 1, low: 1, medium: 2, high: 4, critical: 5 } as const;
  const byRung = [
    'notice.send',
    'risk.set',
    'mfa.require',
    'session.revoke',
    'password.expire',
    'account.suspend',
    'account.disable',
  ] as const;

  it.each(levels.flatMap((level) => byRung.map((type, rung) => [level, rung, type] as const)))('at %s, rung %i', (level, rung, type) => {
    const [fate] = fates(judge(intentOf([want(type)]), { level }));
    expect(fate).toBe(rung <= highest[level] ? `${type} released` : `${type} refused by scoreAgainstRung`);
  });

  it('takes the step by its highest action and falls to the next lower step', () => {
    const suspend = [want('session.revoke', { step: 'suspend' }), want('account.suspend', { step: 'suspend' })];
    const conclusion = judge(intentOf(suspend, { fallbacks: [[want('session.revoke', { step: 'contain' })]] }), { level: 'high' });
    expect(fates(conclusion)).toEqual([
      'session.revoke refused by scoreAgainstRung',
      'account.suspend refused by scoreAgainstRung',
      'session.revoke released',
    ]);
    expect(conclusion.reasons).toEqual([
      { code: 'guard', ref: 'scoreAgainstRung', detail: 'high: rung 5 of 4' },
      { code: 'fallback', ref: 'RP-900/contain' },
    ]);
  });

  it('exempts direct steps, and subjects that have no score', () => {
    expect(fates(judge(intentOf([want('session.revoke', { direct: true })]), { level: 'none' }))).toEqual(['session.revoke released']);
    expect(fates(judge(intentOf([want('account.disable', { direct: true })]), { level: 'critical' }))).toEqual([
      'account.disable released',
    ]);
    const network = situationOf({ kind: 'network', person: null });
    expect(fates(judge(intentOf([want('ip.block', { accountId: null })]), { level: 'none', situation: network }))).toEqual([
      'ip.block released',
    ]);
  });
});

describe('the kill switch', () => {
  const pause = (scope: Pause['scope']): Pause => ({ id: 'p', scope, since: 0 });
  it.each([
    ['everything', {}, true],
    ['its source', { source: 'idp' }, true],
    ['another source', { source: 'edr' }, false],
    ['its policy', { policy: 'RP-900' }, true],
    ['another policy', { policy: 'RP-901' }, false],
    ['its connection', { connection: 'okta' }, true],
    ['another connection', { connection: 'sandbox' }, false],
    ['its action', { action: 'session.revoke' }, true],
    ['another action', { action: 'token.revoke' }, false],
    ['all of several members', { source: 'idp', connection: 'okta' }, true],
    ['one of several members', { source: 'idp', connection: 'sandbox' }, false],
  ] as [string, Pause['scope'], boolean][])('that is scoped to %s', (_, scope, covers) => {
    const conclusion = judge(intentOf([want()]), { pauses: [pause({ policy: 'RP-000' }), pause(scope)] });
    if (covers) {
      expect(conclusion).toMatchObject({ mode: 'report-only', outcome: 'held', plans: [{ state: 'held', heldFor: 'pause' }], uses: [] });
      expect(conclusion.reasons).toEqual([{ code: 'pause', ref: 'p' }]);
    } else expect(conclusion).toMatchObject({ mode: 'enforce', outcome: 'released' });
  });

  it('keeps the plan that was wanted and takes no fallback', () => {
    const conclusion = judge(intentOf([want()], { fallbacks: [[want('mfa.require', { step: 'stepUp' })]] }), { pauses: [everything] });
    expect(fates(conclusion)).toEqual(['session.revoke held by killSwitch']);
  });

  it('holds only what its scope covers', () => {
    const other = want('session.revoke', { connection: 'sandbox', accountId: 'account-2' as AccountId });
    const conclusion = judge(intentOf([want(), other]), { pauses: [pause({ connection: 'okta' })] });
    expect(fates(conclusion)).toEqual(['session.revoke held by killSwitch', 'session.revoke released']);
    expect(conclusion).toMatchObject({ mode: 'enforce', outcome: 'partial' });
  });

  it('leaves an order as an order, held', () => {
    const conclusion = judge(intentOf([want()], { mode: 'order' }), { situation: situationOf({ cause: 'person' }), pauses: [everything] });
    expect(conclusion).toMatchObject({ outcome: 'held', plans: [{ heldFor: 'pause' }] });
  });
});

describe('the ceiling', () => {
  const enforce = (maxRung: number) => ({ mode: 'enforce', maxRung }) as CeilingEntry;
  const report = { mode: 'report-only', maxRung: 6 } as CeilingEntry;
  it.each<[string, Partial<Enforcement>, string[], CeilingEntry]>([
    ['the default where nothing is named', { default: enforce(2) }, [], enforce(2)],
    ['the connection instead of the default', { default: report, connections: { okta: enforce(3) } }, [], enforce(3)],
    ['a group instead of the default', { default: report, groups: { it: enforce(3) } }, ['it'], enforce(3)],
    [
      'the strictest rung of several',
      { connections: { okta: enforce(5) }, groups: { it: enforce(3), hr: enforce(4) } },
      ['it', 'hr'],
      enforce(3),
    ],
    [
      'the strictest mode of several',
      { connections: { okta: enforce(5) }, groups: { it: report } },
      ['it'],
      { mode: 'report-only', maxRung: 5 },
    ],
    ['not a group that the person is not in', { default: enforce(1), groups: { it: enforce(6) } }, ['hr'], enforce(1)],
    ['the default for a group named like a member of every object', { default: enforce(1) }, ['constructor', '__proto__'], enforce(1)],
  ])('is %s', (_, enforcement, groups, expected) => {
    expect(ceilingFor('okta', groups, { ...enforcing.enforcement, ...enforcement })).toEqual(expected);
  });

  it('is applied again by the guard, whatever the policy said', () => {
    const conclusion = judge(intentOf([want()]), { settings: lowCeiling });
    expect(conclusion).toMatchObject({ mode: 'report-only', outcome: 'reported', plans: [], uses: [] });
    expect(conclusion.reasons).toEqual([{ code: 'ceiling', ref: 'okta' }]);
  });
});

describe('approval', () => {
  it('holds the step and runs the fallback meanwhile: two plans of one decision', () => {
    const suspend = want('account.suspend', { step: 'suspend', approval: 'humanFast' });
    const contain = want('session.revoke', { step: 'contain' });
    const conclusion = judge(intentOf([suspend], { fallbacks: [[contain], [want('mfa.require', { step: 'stepUp' })]] }));
    expect(conclusion.outcome).toBe('partial');
    expect(conclusion.plans.map(({ state, heldFor, actions }) => [state, heldFor, actions[0]?.type])).toEqual([
      ['held', 'approval', 'account.suspend'],
      ['released', null, 'session.revoke'],
    ]);
    expect(conclusion.reasons).toEqual([
      { code: 'approval', ref: 'humanFast' },
      { code: 'fallback', ref: 'RP-900/contain' },
    ]);
  });

  it('passes over fallbacks that may not run themselves', () => {
    const held = want('account.suspend', { step: 'suspend', approval: 'a' });
    const fallbacks = [[want('password.expire', { step: 'b', approval: 'b' })], [want('session.revoke', { step: 'c' })]];
    expect(fates(judge(intentOf([held], { fallbacks })))).toEqual(['account.suspend held by approval', 'session.revoke released']);
  });

  it('takes a fallback only of the policy whose step is held', () => {
    const held = want('account.suspend', { approval: 'a' });
    const other = want('mfa.require', { policyId: 'RP-901', step: 'x' });
    expect(fates(judge(intentOf([held], { fallbacks: [[other]] })))).toEqual(['account.suspend held by approval']);
  });

  it('does not take the same effect twice when two policies meet', () => {
    const held = want('account.suspend', { approval: 'a', step: 'suspend' });
    const running = want('session.revoke', { policyId: 'RP-901', step: 'x' });
    const conclusion = judge(intentOf([running, held], { fallbacks: [[want('session.revoke', { step: 'contain' })]] }));
    expect(conclusion.actions.filter((action) => action.state === 'released')).toHaveLength(1);
  });
});

describe('what no connection offers', () => {
  const unsupported = want('mfa.require', { unsupported: true });
  it('is refused beside the rest, which goes on without a fallback', () => {
    const conclusion = judge(intentOf([want(), unsupported], { fallbacks: [[want('risk.set', { step: 'x' })]] }));
    expect(fates(conclusion)).toEqual(['session.revoke released', 'mfa.require refused by unsupported']);
    expect(conclusion.outcome).toBe('partial');
    expect(conclusion.plans.map(({ state, heldFor }) => [state, heldFor])).toEqual([
      ['released', null],
      ['refused', 'unsupported'],
    ]);
  });
  it('asks for the fallback when it was the whole step', () => {
    expect(fates(judge(intentOf([unsupported], { fallbacks: [[want('session.revoke', { step: 'x' })]] })))).toEqual([
      'mfa.require refused by unsupported',
      'session.revoke released',
    ]);
    expect(judge(intentOf([unsupported])).outcome).toBe('refused');
  });
  it('makes no plan in a report', () => {
    const conclusion = judge(intentOf([want('session.revoke', { enforced: false }), { ...unsupported, enforced: false }]));
    expect(conclusion).toMatchObject({ outcome: 'reported', plans: [] });
  });
});
