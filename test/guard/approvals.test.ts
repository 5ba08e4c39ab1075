/** Who lets which held plan go: one row a rule. */
import { describe, expect, it } from 'vitest';
import { approve, type HeldPlan, holdTerms, liftedBy, lifting, planListHash, review, type Speaker } from '../../src/guard/index.ts';
import type { Pause } from '../../src/model/pause.ts';
import { enforcing, guards, intentOf, situationOf, want, weighed } from './support.ts';

const now = 1_000_000;
const lead: Speaker = { name: 'lead', roles: ['approver'] };
const admin: Speaker = { name: 'root', roles: ['admin'] };
const go = [{ fate: 'released' as const }];
const plan: HeldPlan = {
  terms: { approvers: [['group:soc-l2']], required: 1 },
  groups: { 'soc-l2': ['lead', 'second', 'Third'] },
  subject: ['ann@example.com', 'ann'],
  authors: [],
  state: 'held',
  heldFor: 'approval',
  heldUntil: now + 1,
  begun: false,
  given: [],
  dismissed: false,
  actions: go,
};
const refused = (why: string, more: object = {}) => ({ kind: 'refused', why, ends: false, ...more });
const lapsed = (why: string, more: object = {}) => refused(why, { ends: true, ...more });
const yes = { kind: 'released' };
const two = { approvers: [['group:soc-l2']], required: 2 };

interface Row {
  readonly by?: Speaker;
  readonly plan?: Partial<HeldPlan>;
  readonly sameList?: boolean;
  readonly expect: object;
}

const table: Readonly<Record<string, Row>> = {
  'one of the group lets it go': { expect: yes },
  'an analyst may not': { by: { name: 'lead', roles: ['analyst'] }, expect: refused('role') },
  'an auditor may not': { by: { name: 'lead', roles: ['auditor'] }, expect: refused('role') },
  'an approver outside the group may not': { by: { name: 'other', roles: ['approver'] }, expect: refused('approver') },
  'an admin outside a group that has an entry may not': { by: admin, expect: refused('approver') },
  'an admin in the group may': { by: { name: 'lead', roles: ['admin'] }, expect: yes },
  'a group without an entry falls to the admins': { by: admin, plan: { groups: {} }, expect: yes },
  'a group without an entry is no group of approvers': { plan: { groups: {} }, expect: refused('approver') },
  'a group with nobody in it is nobody': { by: admin, plan: { groups: { 'soc-l2': [] } }, expect: refused('approver') },
  'a name of JavaScript is no group': {
    by: admin,
    plan: { terms: { approvers: [['group:constructor']], required: 1 }, groups: {} },
    expect: yes,
  },
  'a user who is named may': {
    by: { name: 'kim', roles: ['approver'] },
    plan: { terms: { approvers: [['user:kim']], required: 1 } },
    expect: yes,
  },
  'a user who is not named may not': { plan: { terms: { approvers: [['user:kim']], required: 1 } }, expect: refused('approver') },
  'one of several lists of names is enough': { plan: { terms: { approvers: [['user:kim', 'group:soc-l2']], required: 1 } }, expect: yes },
  'the approvers of two policies are those of both': {
    plan: { terms: { approvers: [['group:soc-l2'], ['user:kim']], required: 1 } },
    expect: refused('approver'),
  },
  'a hold by a guard asks anybody with the role': {
    by: admin,
    plan: { terms: { approvers: [], required: 1 }, heldFor: 'people' },
    expect: yes,
  },
  'the subject may not': { plan: { subject: ['lead'] }, expect: refused('subject') },
  'the subject may not under the name of a mailbox': {
    by: { name: 'Ann@Example.com', roles: ['admin', 'approver'] },
    plan: { groups: {} },
    expect: refused('subject'),
  },
  'the author may not': { plan: { authors: ['Lead'] }, expect: refused('author') },
  'of two who must, the first counts': { plan: { terms: two }, expect: { kind: 'counted', missing: 1 } },
  'of two who must, the second lets it go': {
    plan: { terms: two, given: [{ by: 'second', hold: 'approval' }] },
    expect: yes,
  },
  'of two who must, the same one counts once': {
    plan: { terms: two, given: [{ by: 'lead', hold: 'approval' }] },
    expect: { kind: 'repeated' },
  },
  'what was said while it waited for something else does not count': {
    plan: { terms: two, given: [{ by: 'second', hold: 'people' }] },
    expect: { kind: 'counted', missing: 1 },
  },
  'said again after it went, it changes nothing': {
    plan: { state: 'released', heldFor: null, given: [{ by: 'lead', hold: 'approval' }] },
    expect: { kind: 'repeated' },
  },
  'said again after it was done, it changes nothing': {
    plan: { state: 'done', heldFor: null, given: [{ by: 'lead', hold: 'approval' }] },
    expect: { kind: 'repeated' },
  },
  'the second of two at once finds it gone': {
    plan: { state: 'released', heldFor: null, given: [{ by: 'second', hold: 'approval' }] },
    expect: refused('state'),
  },
  'what was denied stays denied': { plan: { state: 'refused', heldFor: 'denied' }, expect: refused('state') },
  'what has expired stays so': { plan: { state: 'expired' }, expect: refused('state') },
  'at its end its time is over, though nobody looked': { plan: { heldUntil: now }, expect: refused('expired') },
  'another list than was seen is no approval': { sameList: false, expect: refused('list') },
  'who may not decide is not told whether the list has changed': {
    by: { name: 'other', roles: ['approver'] },
    sameList: false,
    expect: refused('approver'),
  },
  'evidence that was dismissed meanwhile ends it': { plan: { dismissed: true }, expect: lapsed('dismissed') },
  'a score that fell below the step ends it': { plan: { actions: [undefined] }, expect: lapsed('score') },
  'a score that fell for one of two actions ends it': { plan: { actions: [...go, undefined] }, expect: lapsed('score') },
  'nothing left to do ends it': { plan: { actions: [] }, expect: lapsed('score') },
  'a person who became protected ends it': {
    plan: { actions: [{ fate: 'refused', by: 'protected' }] },
    expect: lapsed('guard', { guard: 'protected' }),
  },
  'score against rung is never lifted': {
    plan: { actions: [{ fate: 'refused', by: 'scoreAgainstRung' }] },
    expect: lapsed('guard', { guard: 'scoreAgainstRung' }),
  },
  'a ceiling that was lowered ends it': {
    plan: { actions: [{ fate: 'reported', by: 'ceiling' }] },
    expect: lapsed('guard', { guard: 'ceiling' }),
  },
  'a policy that only reports by now ends it': { plan: { actions: [{ fate: 'reported' }] }, expect: lapsed('guard', { guard: 'policy' }) },
  'a pause is waited for': { plan: { actions: [{ fate: 'held', by: 'killSwitch' }] }, expect: refused('pause') },
  'a limit that is full by now holds it anew': {
    plan: { actions: [{ fate: 'held', by: 'people' }] },
    expect: { kind: 'heldAnew', heldFor: 'people' },
  },
  'a refusal outranks a limit': {
    plan: {
      actions: [
        { fate: 'held', by: 'people' },
        { fate: 'refused', by: 'protected' },
      ],
    },
    expect: lapsed('guard', { guard: 'protected' }),
  },
  'who approved cannot lift the limit as well': {
    plan: { heldFor: 'people', terms: { approvers: [], required: 1 }, given: [{ by: 'lead', hold: 'approval' }] },
    expect: { kind: 'repeated' },
  },
  'another one lifts the limit': {
    plan: { heldFor: 'people', terms: { approvers: [], required: 1 }, given: [{ by: 'second', hold: 'approval' }] },
    expect: yes,
  },
};

describe('the word of a person on a held plan', () => {
  it.each(Object.entries(table))('%s', (_title, row) => {
    expect(approve({ ...plan, ...row.plan }, row.by ?? lead, row.sameList ?? true, now)).toEqual(row.expect);
  });
});

describe('what a word takes off', () => {
  it.each([
    { holds: ['approval'], lifts: ['approval', 'cooldown', 'executiveApproval'], keeps: ['people', 'surge'] },
    { holds: ['people'], lifts: ['people', 'surge', 'source', 'cooldown'], keeps: ['approval'] },
    { holds: ['approval', 'people'], lifts: ['approval', 'people'], keeps: [] },
    { holds: ['pause'], lifts: ['cooldown'], keeps: ['approval', 'people'] },
    { holds: ['person'], lifts: ['approval', 'people'], keeps: [] },
  ] as const)('from a plan that waited for $holds: $lifts, not $keeps', ({ holds, lifts, keeps }) => {
    const lifted = liftedBy(holds);
    for (const guard of lifts) expect(lifted.has(guard), guard).toBe(true);
    for (const guard of keeps) expect(lifted.has(guard), guard).toBe(false);
  });

  it('is never the kill switch, protected people or score against rung, whatever is asked', () => {
    const bare = lifting(guards, new Set(['killSwitch', 'protected', 'scoreAgainstRung', 'ceiling', 'adminFloor', 'nonPerson', 'people']));
    const word = (
      more: Partial<Parameters<typeof situationOf>[0]>,
      pauses: readonly Pause[] = [],
      level: 'critical' | 'low' = 'critical',
    ) => review(intentOf([want()]), situationOf(more), { ...weighed, level }, bare, enforcing, pauses, new Map()).actions[0]?.by;
    expect(word({ person: { protected: true } })).toBe('protected');
    expect(word({}, [{ id: 'p', scope: {}, since: 0 }])).toBe('killSwitch');
    expect(word({}, [], 'low')).toBe('scoreAgainstRung');
    expect(word({})).toBeUndefined();
  });
});

describe('the terms of a hold', () => {
  const approval = { name: 'socLead', approvers: ['group:soc-l2'], required: 1, timeoutMs: 60_000, onTimeout: 'fallback' as const };
  const hold = { heldFor: 'approval', cause: 'risk' as const, profile: 'standard' as const, rung: 5 };
  it('are those of the approval that the step demands', () => {
    expect(holdTerms(hold, [approval], guards)).toEqual({
      approval: 'socLead',
      approvers: [['group:soc-l2']],
      required: 1,
      timeoutMs: 60_000,
      onTimeout: 'fallback',
    });
  });
  it('of two approvals are the stricter of both', () => {
    const other = { ...approval, name: 'owner', approvers: ['user:kim'], required: 2, timeoutMs: 30_000 };
    expect(holdTerms(hold, [approval, other], guards)).toMatchObject({
      approvers: [['group:soc-l2'], ['user:kim']],
      required: 2,
      timeoutMs: 30_000,
    });
  });
  it("of a guard are its rung's time, and anybody with the role", () => {
    for (const [rung, minutes] of [
      [3, 10],
      [5, 10],
      [6, 30],
    ] as const) {
      expect(holdTerms({ ...hold, heldFor: 'people', rung }, [approval], guards)).toEqual({
        approval: null,
        approvers: [],
        required: 1,
        timeoutMs: minutes * 60_000,
        onTimeout: 'fallback',
      });
    }
  });
  it('of a pause and of an order know no lesser step', () => {
    expect(holdTerms({ ...hold, heldFor: 'pause' }, [], guards).onTimeout).toBe('deny');
    expect(holdTerms({ ...hold, cause: 'person' }, [], guards).onTimeout).toBe('deny');
  });
});

describe('the hash of a list', () => {
  const one = {
    id: 'a',
    connection: 'okta',
    actions: [{ id: 'x', type: 'session.revoke', accountId: null, parameters: { scope: 'all' } }],
  } as never;
  const other = { id: 'b', connection: 'okta', actions: [] } as never;
  it('does not depend on the order, and on everything else', () => {
    const hash = planListHash([one, other]);
    expect(planListHash([other, one])).toBe(hash);
    expect(hash).toMatch(/^[0-9a-f]{64}$/);
    const changed = {
      id: 'a',
      connection: 'okta',
      actions: [{ id: 'x', type: 'session.revoke', accountId: null, parameters: { scope: 'one' } }],
    };
    for (const list of [[one], [other], [changed as never, other]]) expect(planListHash(list)).not.toBe(hash);
  });
});
