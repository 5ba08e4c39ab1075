/** Who lets which held plan go: one row a rule. */
import { describe, expect, it } from 'vitest';
import {
  type Ask,
  approve,
  asksForApproval,
  guardIds,
  type HeldPlan,
  hitGuards,
  holdTerms,
  isForRelease,
  isGathered,
  liftedBy,
  lifting,
  planListHash,
  review,
  type Speaker,
} from '../../src/guard/index.ts';
import type { Pause } from '../../src/model/pause.ts';
import { enforcing, guards, intentOf, situationOf, want, weighed } from './support.ts';

const now = 1_000_000;
const lead: Speaker = { name: 'lead', roles: ['approver'] };
const second: Speaker = { name: 'second', roles: ['approver'] };
const kim: Speaker = { name: 'kim', roles: ['approver'] };
const other: Speaker = { name: 'other', roles: ['approver'] };
const admin: Speaker = { name: 'root', roles: ['admin'] };
const go = [{ fate: 'released' as const }];
const ask = (approvers: readonly string[] = ['group:soc-l2'], required = 1, approval = 'TP-001/socLead'): Ask => ({
  guard: 'approval',
  approval,
  approvers,
  required,
});
/** A guard that asks for a yes, whosever. */
const guardAsk = (guard: string): Ask => ({ guard, approval: null, approvers: [], required: 1 });
const asking = (...asks: readonly Ask[]) => ({ terms: { asks } });
const owner = ask(['user:kim'], 1, 'TP-002/owner');
const said = (by: string, hold = 'approval', meets: readonly string[] | null = ['TP-001/socLead']) => ({ by, hold, meets });
const plan: HeldPlan = {
  ...asking(ask()),
  groups: { 'soc-l2': ['lead', 'second', 'Third', 'lead-phone'] },
  subject: 'p-ann',
  authors: [],
  people: new Map(),
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
const yes = (...meets: readonly string[]) => ({ kind: 'released', meets: meets.length === 0 ? ['TP-001/socLead'] : meets });
const byGuard = { kind: 'released', meets: [] };
const counted = (missing: number, lacks: readonly string[], ...meets: readonly string[]) => ({
  kind: 'counted',
  meets: meets.length === 0 ? ['TP-001/socLead'] : meets,
  missing,
  lacks,
});
const one = counted(1, ['TP-001/socLead']);
const two = asking(ask(['group:soc-l2'], 2));
const both = asking(ask(), owner);
const people = (of: Readonly<Record<string, readonly string[] | 'nobody'>>) => ({ people: new Map(Object.entries(of)) });

interface Row {
  readonly by?: Speaker;
  readonly plan?: Partial<HeldPlan>;
  readonly sameList?: boolean;
  readonly expect: object;
}

const tables: Readonly<Record<string, Readonly<Record<string, Row>>>> = {
  'who stands in its lists': {
    'one of the group lets it go': { expect: yes() },
    'an analyst may not': { by: { name: 'lead', roles: ['analyst'] }, expect: refused('role') },
    'an auditor may not': { by: { name: 'lead', roles: ['auditor'] }, expect: refused('role') },
    'an approver outside the group may not': { by: other, expect: refused('approver') },
    'an admin outside a group that has an entry may not': { by: admin, expect: refused('approver') },
    'an admin in the group may': { by: { name: 'lead', roles: ['admin'] }, expect: yes() },
    'a group without an entry falls to the admins': { by: admin, plan: { groups: {} }, expect: yes() },
    'a group without an entry is no group of approvers': { plan: { groups: {} }, expect: refused('approver') },
    'a group with nobody in it is nobody': { by: admin, plan: { groups: { 'soc-l2': [] } }, expect: refused('approver') },
    'a name of JavaScript is no group': { by: admin, plan: { ...asking(ask(['group:constructor'])), groups: {} }, expect: yes() },
    'a user who is named may': { by: kim, plan: asking(ask(['user:kim'])), expect: yes() },
    'a user who is not named may not': { plan: asking(ask(['user:kim'])), expect: refused('approver') },
    'one of several names in a list is enough': { plan: asking(ask(['user:kim', 'group:soc-l2'])), expect: yes() },
    'a hold by a guard asks anybody with the role': {
      by: admin,
      plan: { ...asking(guardAsk('people')), heldFor: 'people' },
      expect: byGuard,
    },
    'a second person for an order is anybody with the role': { by: other, plan: asking(guardAsk('approval')), expect: byGuard },
  },
  self: {
    'the subject may not': { plan: people({ lead: ['p-ann'] }), expect: refused('subject') },
    'the subject may not, whatever else their token may be': {
      by: { name: 'lead', roles: ['admin', 'approver'] },
      plan: people({ lead: ['p-bot', 'p-ann'] }),
      expect: refused('subject'),
    },
    'somebody else of the same first name may': { plan: people({ lead: ['p-ann-2'] }), expect: yes() },
    'a plan about no person has no subject': { plan: { subject: null, ...people({ lead: ['p-ann'] }) }, expect: yes() },
    'who is said to be somebody whom nobody knows may be anybody, and may not': {
      plan: people({ lead: 'nobody' }),
      expect: refused('unknown'),
    },
    'the subject is told so before who stands in which list': { by: other, plan: people({ other: ['p-ann'] }), expect: refused('subject') },
    'the subject may not lift a limit either': {
      plan: { ...asking(guardAsk('people')), heldFor: 'people', ...people({ lead: ['p-ann'] }) },
      expect: refused('subject'),
    },
  },
  author: {
    'the author may not': { plan: { authors: ['lead'] }, expect: refused('author') },
    'the author may not in another spelling': { plan: { authors: ['Lead'] }, expect: refused('author') },
    'the author may not under another token': {
      plan: { authors: ['laptop'], ...people({ lead: ['p-lee'], laptop: ['p-lee'] }) },
      expect: refused('author'),
    },
    'two tokens of nobody known are two': { plan: { authors: ['laptop'] }, expect: yes() },
    'an author who is said to be somebody unknown is no other person for that': {
      plan: { authors: ['laptop'], ...people({ laptop: 'nobody' }) },
      expect: yes(),
    },
  },
  quorum: {
    'of two who must, the first counts': { plan: two, expect: one },
    'of two who must, the second lets it go': { plan: { ...two, given: [said('second')] }, expect: yes() },
    'of three who must, the second counts': { plan: { ...asking(ask(['group:soc-l2'], 3)), given: [said('second')] }, expect: one },
    'what was said while it waited for a limit does not count': { plan: { ...two, given: [said('second', 'people')] }, expect: one },
    'what was said while another guard named the hold counts': { plan: { ...two, given: [said('second', 'quietHours')] }, expect: yes() },
    'what was said for another approval does not count': {
      plan: { ...two, given: [said('second', 'approval', ['TP-002/owner'])] },
      expect: one,
    },
    'what was said before it was kept for what counts for all': {
      plan: { ...two, given: [said('second', 'approval', null)] },
      expect: yes(),
    },
    'two who became one person since count once': {
      by: kim,
      plan: {
        ...asking(ask(['group:soc-l2', 'user:kim'], 3)),
        given: [said('lead'), said('second')],
        ...people({ lead: ['p-lee'], second: ['p-lee'] }),
      },
      expect: one,
    },
  },
  'several approvals at once': {
    'who stands in both lists speaks for both': {
      by: kim,
      plan: asking(ask(['group:soc-l2', 'user:kim']), owner),
      expect: yes('TP-001/socLead', 'TP-002/owner'),
    },
    'who stands in one of two lists speaks for that one': { plan: both, expect: counted(1, ['TP-002/owner']) },
    'one of each list lets it go': { by: kim, plan: { ...both, given: [said('lead')] }, expect: yes('TP-002/owner') },
    'two of one list do not make up for the other': {
      by: second,
      plan: { ...both, given: [said('lead')] },
      expect: counted(1, ['TP-002/owner']),
    },
    'who stands in neither may not': { by: other, plan: both, expect: refused('approver') },
    'each has a number of its own': {
      by: kim,
      plan: { ...asking(ask(['group:soc-l2'], 2), owner), given: [said('lead')] },
      expect: counted(1, ['TP-001/socLead'], 'TP-002/owner'),
    },
    'the largest number that is missing is told': {
      by: kim,
      plan: asking(ask(['group:soc-l2'], 2), owner),
      expect: counted(2, ['TP-001/socLead'], 'TP-002/owner'),
    },
    'a guard beside it is met by the same yes': {
      plan: { ...asking(guardAsk('executiveApproval'), ask(), guardAsk('quietHours')), heldFor: 'executiveApproval' },
      expect: yes(),
    },
    'a guard in front of it asks nobody whom it does not ask': {
      by: other,
      plan: { ...asking(guardAsk('executiveApproval'), ask()), heldFor: 'executiveApproval' },
      expect: refused('approver'),
    },
    'two guards are met by one yes': {
      by: other,
      plan: { ...asking(guardAsk('ownerApproval'), guardAsk('freshContext')), heldFor: 'ownerApproval' },
      expect: byGuard,
    },
    'an admin speaks for the groups without an entry, and only for these': {
      by: admin,
      plan: asking(ask(), ask(['group:nobody-yet'], 1, 'TP-003/late')),
      expect: counted(1, ['TP-001/socLead'], 'TP-003/late'),
    },
  },
  repeated: {
    'the same one counts once': { plan: { ...two, given: [said('lead')] }, expect: { kind: 'repeated' } },
    'the same person under another token counts once': {
      by: { name: 'lead-phone', roles: ['approver'] },
      plan: { ...two, given: [said('lead')], ...people({ lead: ['p-lee'], 'lead-phone': ['p-lee'] }) },
      expect: { kind: 'repeated' },
    },
    'said again after it went, it changes nothing': {
      plan: { state: 'released', heldFor: null, given: [said('lead')] },
      expect: { kind: 'repeated' },
    },
    'said again after it was done, it changes nothing': {
      plan: { state: 'done', heldFor: null, given: [said('lead')] },
      expect: { kind: 'repeated' },
    },
    'who approved cannot lift the limit as well': {
      plan: { ...asking(guardAsk('people')), heldFor: 'people', given: [said('lead')] },
      expect: { kind: 'repeated' },
    },
    'another one lifts the limit': { plan: { ...asking(guardAsk('people')), heldFor: 'people', given: [said('second')] }, expect: byGuard },
    'who approved another time is told first that its evidence is gone': {
      plan: { ...two, given: [said('lead')], dismissed: true },
      expect: lapsed('dismissed'),
    },
  },
  'two at once': {
    'the second finds it gone': { plan: { state: 'released', heldFor: null, given: [said('second')] }, expect: refused('state') },
    'the second finds it being waited for by something else': {
      plan: { ...asking(guardAsk('people')), heldFor: 'people', given: [said('second')] },
      expect: byGuard,
    },
  },
  expired: {
    'what was denied stays denied': { plan: { state: 'refused', heldFor: 'denied' }, expect: refused('state') },
    'what has expired stays so': { plan: { state: 'expired' }, expect: refused('state') },
    'at its end its time is over, though nobody looked': { plan: { heldUntil: now }, expect: refused('expired') },
    'a moment before its end it goes': { plan: { heldUntil: now + 1 }, expect: yes() },
    'a yes in time does not save it for the second, too late': {
      plan: { ...two, given: [said('second')], heldUntil: now },
      expect: refused('expired'),
    },
  },
  'changed list': {
    'another list than was seen is no approval': { sameList: false, expect: refused('list') },
    'who may not decide is not told whether the list has changed': { by: other, sameList: false, expect: refused('approver') },
    'a changed list is no repetition': { plan: { given: [said('lead')] }, sameList: false, expect: refused('list') },
  },
  'dismissed or fallen meanwhile': {
    'evidence that was dismissed meanwhile ends it': { plan: { dismissed: true }, expect: lapsed('dismissed') },
    'evidence that was dismissed ends it before the second of two speaks': {
      plan: { ...two, dismissed: true },
      expect: lapsed('dismissed'),
    },
    'a score that fell below the step ends it': { plan: { actions: [undefined] }, expect: lapsed('score') },
    'a score that fell for one of two actions ends it': { plan: { actions: [...go, undefined] }, expect: lapsed('score') },
    'nothing left to do ends it': { plan: { actions: [] }, expect: lapsed('score') },
    'whoever may not decide does not end it': { by: other, plan: { dismissed: true }, expect: refused('approver') },
    'the subject does not end it': { plan: { dismissed: true, ...people({ lead: ['p-ann'] }) }, expect: refused('subject') },
  },
  'guards meanwhile': {
    'a person who became protected ends it': {
      plan: { actions: [{ fate: 'refused', by: 'protected' }] },
      expect: lapsed('guard', { guard: 'protected' }),
    },
    'protected, it ends although more people would be needed': {
      plan: { ...two, actions: [{ fate: 'refused', by: 'protected' }] },
      expect: lapsed('guard', { guard: 'protected' }),
    },
    'the last administrator ends it': {
      plan: { actions: [{ fate: 'refused', by: 'adminFloor' }] },
      expect: lapsed('guard', { guard: 'adminFloor' }),
    },
    'score against rung is never lifted': {
      plan: { actions: [{ fate: 'refused', by: 'scoreAgainstRung' }] },
      expect: lapsed('guard', { guard: 'scoreAgainstRung' }),
    },
    'a ceiling that was lowered ends it': {
      plan: { actions: [{ fate: 'reported', by: 'ceiling' }] },
      expect: lapsed('guard', { guard: 'ceiling' }),
    },
    'a policy that only reports by now ends it': {
      plan: { actions: [{ fate: 'reported' }] },
      expect: lapsed('guard', { guard: 'policy' }),
    },
    'a pause is waited for': { plan: { actions: [{ fate: 'held', by: 'killSwitch' }] }, expect: refused('pause') },
    'a limit that is full by now holds it anew': {
      plan: { actions: [{ fate: 'held', by: 'people' }] },
      expect: { kind: 'heldAnew', meets: ['TP-001/socLead'], heldFor: 'people' },
    },
    'an open breaker holds it anew': {
      plan: { actions: [{ fate: 'held', by: 'breaker' }] },
      expect: { kind: 'heldAnew', meets: ['TP-001/socLead'], heldFor: 'breaker' },
    },
    'a limit is not asked before the last approval is given': { plan: { ...two, actions: [{ fate: 'held', by: 'people' }] }, expect: one },
    'a refusal outranks a limit': {
      plan: {
        actions: [
          { fate: 'held', by: 'people' },
          { fate: 'refused', by: 'protected' },
        ],
      },
      expect: lapsed('guard', { guard: 'protected' }),
    },
  },
};

describe.each(Object.entries(tables))('the word of a person on a held plan: %s', (_title, table) => {
  it.each(Object.entries(table))('%s', (_row, row) => {
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

describe('what a plan may wait for', () => {
  it('is one list: who lifts it, what is an incident, and what opens the breaker are views of it', () => {
    const gathered = guardIds.filter(isGathered);
    expect(gathered.filter((guard) => !hitGuards.some((hit) => hit === guard))).toEqual(['breaker', 'leavers', 'operator']);
    expect(hitGuards.filter((guard) => !isGathered(guard))).toEqual([]);
    expect(guardIds.filter(asksForApproval)).toEqual(['approval', 'ownerApproval', 'executiveApproval', 'freshContext', 'quietHours']);
    expect(['pause', 'person'].every(isForRelease)).toBe(true);
    expect(['nonPerson', 'protected', 'constructor', 'undo'].some(isGathered)).toBe(false);
    expect([...liftedBy(['people'])].sort()).toEqual([...hitGuards, 'breaker', 'leavers', 'operator', 'undo', 'cooldown'].sort());
  });
});

describe('the terms of a hold', () => {
  const approval = {
    policyId: 'TP-001',
    name: 'socLead',
    approvers: ['group:soc-l2'],
    required: 1,
    timeoutMs: 60_000,
    onTimeout: 'escalate' as const,
  };
  const other = {
    ...approval,
    policyId: 'TP-002',
    name: 'owner',
    approvers: ['user:kim'],
    required: 2,
    timeoutMs: 30_000,
    onTimeout: 'deny' as const,
  };
  const hold = { heldFor: 'approval', also: [], cause: 'risk' as const, profile: 'standard' as const, rung: 5 };
  const socLead = { guard: 'approval', approval: 'TP-001/socLead', approvers: ['group:soc-l2'], required: 1 };

  it('are those of the approval that the step demands', () => {
    expect(holdTerms(hold, [approval], guards)).toEqual({ asks: [socLead], timeoutMs: 60_000, onTimeout: 'escalate' });
  });
  it('of two approvals ask each, for the shorter time, and end as the first says', () => {
    const owner = { guard: 'approval', approval: 'TP-002/owner', approvers: ['user:kim'], required: 2 };
    expect(holdTerms(hold, [approval, other], guards)).toEqual({ asks: [socLead, owner], timeoutMs: 30_000, onTimeout: 'escalate' });
    expect(holdTerms(hold, [other, approval], guards)).toEqual({ asks: [owner, socLead], timeoutMs: 30_000, onTimeout: 'deny' });
  });
  it('of a guard in front of an approval ask both, and end as the guard says', () => {
    const { asks, ...rest } = holdTerms({ ...hold, heldFor: 'executiveApproval' }, [other], guards);
    expect(asks.map(({ guard }) => guard)).toEqual(['executiveApproval', 'approval']);
    expect(rest).toEqual({ timeoutMs: 30_000, onTimeout: 'fallback' });
  });
  it('of a guard behind an approval ask both, and no policy makes the time of the guard longer', () => {
    const { asks, ...rest } = holdTerms({ ...hold, also: ['quietHours'] }, [{ ...approval, timeoutMs: 86_400_000 }], guards);
    expect(asks.map(({ guard }) => guard)).toEqual(['approval', 'quietHours']);
    expect(rest).toEqual({ timeoutMs: 600_000, onTimeout: 'escalate' });
  });
  it("of a guard are its rung's time, and anybody with the role", () => {
    for (const [rung, minutes] of [
      [3, 10],
      [5, 10],
      [6, 30],
    ] as const) {
      expect(holdTerms({ ...hold, heldFor: 'people', also: ['quietHours'], rung }, [approval], guards)).toEqual({
        asks: [{ guard: 'people', approval: null, approvers: [], required: 1 }],
        timeoutMs: minutes * 60_000,
        onTimeout: 'fallback',
      });
    }
  });
  it('of a pause and of an order know no lesser step', () => {
    expect(holdTerms({ ...hold, heldFor: 'pause' }, [], guards).onTimeout).toBe('deny');
    expect(holdTerms({ ...hold, cause: 'person' }, [], guards)).toMatchObject({ asks: [guardAsk('approval')], onTimeout: 'deny' });
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
