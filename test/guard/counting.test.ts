/** The guards that count: what each counts, for whom, and how far. */
import { describe, expect, it } from 'vitest';
import { createTally, review } from '../../src/guard/index.ts';
import type { IdentityId } from '../../src/model/ids.ts';
import { enforcing, fates, type Given, guards, intentOf, judge, situationOf, usesOf, want, weighed } from './support.ts';

const minute = 60_000;
const day = 24 * 60 * minute;
const stepUp = want('mfa.require', { step: 'stepUp' });
const suspend = want('account.suspend', { step: 'suspend' });
const scopes = (guard: Parameters<typeof usesOf>[0], given: Given, action = want(), reached: Readonly<Record<string, number>> = {}) =>
  usesOf(
    guard,
    judge(intentOf([action]), {
      situation: situationOf(given),
      reachedWithout: () => new Map(Object.entries(reached).map(([source, rung]) => [source, new Map([['RP-900', rung]])])),
    }),
  ).map(({ scope }) => scope);

describe('surge', () => {
  it('counts by source and signal type, and rung 2 apart from what ends sessions', () => {
    expect(scopes('surge', {})).toEqual(['surge:session_revoked:idp']);
    expect(scopes('surge', {}, stepUp)).toEqual(['surge:rung2:session_revoked:idp']);
  });

  it.each([
    ['the 8th person', 2_000, 7, want(), 'released'],
    ['the 9th person', 2_000, 8, want(), 'held by surge'],
    ['the 8th person of 500: 1 % does not make it less', 500, 7, stepUp, 'released'],
    ['the 19th step-up of 2,000 people', 2_000, 18, stepUp, 'released'],
    ['the 20th, which is 1 %', 2_000, 19, stepUp, 'held by surge'],
    ['the 9th step-up of 40 people: counts instead of percents', 40, 8, stepUp, 'held by surge'],
  ])('%s', (_, population, used, action, fate) => {
    const conclusion = judge(intentOf([action]), { situation: situationOf({ population }), usedOf: { surge: used } });
    expect(fates(conclusion)).toEqual([`${action.type} ${fate}`]);
  });

  it('remembers what it held until a person has judged it, and what was released it does not', () => {
    expect(judge(intentOf([want()]), { usedOf: { surge: 8 } }).hits).toEqual(['surge:session_revoked:idp']);
    expect(judge(intentOf([want()]), { usedOf: { surge: 7 } }).hits).toEqual([]);
    expect(judge(intentOf([want()]), { used: 10 }).hits).toEqual([]);
  });
});

describe('source', () => {
  it('counts against the trigger and every source without which the step would not have been reached', () => {
    expect(scopes('source', {}, want(), { liar: 2, witness: 3 })).toEqual(['source:idp', 'source:liar']);
    // Of the step-up that would have come anyway nobody but the trigger is the cause.
    expect(scopes('source', {}, stepUp, { liar: 2, witness: 3 })).toEqual(['source:idp']);
  });

  it('counts what a detection found against the sources of its events', () => {
    expect(scopes('source', { source: 'DT-002', more: { behind: ['idp', 'partner'] } })).toEqual([
      'source:DT-002',
      'source:idp',
      'source:partner',
    ]);
  });

  it('does not ask who else is behind it where nothing would be released', () => {
    let asked = 0;
    const reachedWithout = () => {
      asked++;
      return new Map();
    };
    for (const action of [want('risk.set'), want('session.revoke', { enforced: false }), want('session.revoke', { approval: 'humanFast' })])
      judge(intentOf([action]), { reachedWithout });
    expect(asked).toBe(0);
    judge(intentOf([want(), want('token.revoke')], { fallbacks: [[stepUp]] }), { reachedWithout });
    expect(asked).toBe(1);
  });

  it.each([
    ['2,000 people', 2_000, 8],
    ['20,000 people', 20_000, 79],
    ['40 people', 40, 8],
  ])('lets as many through as %s allow', (_, population, allowed) => {
    const run = (used: number) => fates(judge(intentOf([stepUp]), { situation: situationOf({ population }), usedOf: { source: used } }));
    expect(run(allowed - 1)).toEqual(['mfa.require released']);
    expect(run(allowed)).toEqual(['mfa.require held by source']);
  });
});

describe('rungs and policy', () => {
  it.each([
    ['rungs', want(), 'rungs:rung3to4', 50],
    ['rungs', stepUp, 'rungs:rung2', 200],
    ['rungs', suspend, 'rungs:rung5to6', 5],
    ['policy', want(), 'policy:RP-900:rung3to4', 20],
    ['policy', suspend, 'policy:RP-900:rung5to6', 3],
  ] as const)('%s counts %o as %s', (guard, action, scope, allowed) => {
    expect(new Set(scopes(guard, {}, action))).toEqual(new Set([scope]));
    const run = (used: number) => fates(judge(intentOf([action]), { usedOf: { [guard]: used } }));
    expect(run(allowed - 1)).toEqual([`${action.type} released`]);
    expect(run(allowed)).toEqual([`${action.type} held by ${guard}`]);
  });

  it('a policy has no limit of its own for step-ups', () => {
    expect(scopes('policy', {}, stepUp)).toEqual([]);
  });

  it('a step is held as a whole, its step-up with it, and what disturbs nobody goes ahead', () => {
    const step = [want(), want('mfa.require'), want('risk.set')];
    expect(fates(judge(intentOf(step), { usedOf: { rungs: 50 } }))).toEqual([
      'session.revoke held by rungs',
      'mfa.require held by rungs',
      'risk.set released',
    ]);
  });

  it('are off in a sandbox, which has room for a thousand people of one source', () => {
    const sandbox = want('session.revoke', { connection: 'sandbox' });
    expect(scopes('rungs', {}, sandbox)).toEqual([]);
    expect(scopes('policy', {}, sandbox)).toEqual([]);
    expect(scopes('group', { person: { groups: ['site:lisbon'] } }, sandbox)).toEqual([]);
    expect(scopes('source', {}, sandbox)).toEqual(['source:sandbox/idp']);
    expect(judge(intentOf([sandbox]), { usedOf: { source: 999, surge: 999 } }).outcome).toBe('released');
  });

  it('a small organisation has three of one source', () => {
    const tiny = want('session.revoke', { connection: 'tiny' });
    for (const guard of ['surge', 'source'] as const) {
      expect(judge(intentOf([tiny]), { usedOf: { [guard]: 2 } }).outcome).toBe('released');
      expect(fates(judge(intentOf([tiny]), { usedOf: { [guard]: 3 } }))).toEqual([`session.revoke held by ${guard}`]);
    }
  });
});

describe('group', () => {
  it('counts by the groups whose names say department, role or site', () => {
    const groups = ['staff', 'department:sales', 'site:lisbon', 'team:blue', 'role', 'rolex:1'];
    expect(scopes('group', { person: { groups } })).toEqual(['group:department:sales', 'group:site:lisbon']);
    expect(scopes('group', { person: { groups } }, stepUp)).toEqual([]);
  });

  it.each([
    ['of a hundred', { 'site:lisbon': 100 }, 19],
    ['of ten', { 'site:lisbon': 10 }, 3],
    ['of nobody knows how many', {}, 3],
  ])('lets a fifth %s through', (_, groupSizes, allowed) => {
    const situation = situationOf({ person: { groups: ['site:lisbon'] }, groupSizes: groupSizes as Record<string, number> });
    const run = (used: number) => fates(judge(intentOf([want()]), { situation, usedOf: { group: used } }));
    expect(run(allowed - 1)).toEqual(['session.revoke released']);
    expect(run(allowed)).toEqual(['session.revoke held by group']);
  });
});

describe('tier0, operator and leavers', () => {
  it('tier0 counts those alone who are', () => {
    expect(scopes('tier0', { person: { tier: 'standing' } })).toEqual([]);
    expect(scopes('tier0', { person: { tier: 'tier0' } })).toEqual(['tier0']);
  });

  it('operator counts by who says so, and whatever names itself among the facts is nobody', () => {
    const operators = { source: 'operators', sourceKind: 'operators' } as const;
    expect(scopes('operator', { ...operators, more: { by: 'ann' } })).toEqual(['operator:ann']);
    expect(scopes('operator', { ...operators, more: { facts: { by: 'ben' } } })).toEqual(['operator:unknown']);
    expect(scopes('operator', { ...operators, cause: 'person', more: { facts: { by: 'ann' } } })).toEqual(['operator:ann']);
    expect(scopes('operator', { source: 'api:feed', sourceKind: 'api', more: { by: 'ann' } })).toEqual([]);
  });

  it.each([
    ['nobody ever left', 0, 10],
    ['three left on the busiest day', 3, 10],
    ['seven left on the busiest day', 7, 21],
  ])('leavers: where %s, the limit is the larger of ten and three times that', (_, highest, allowed) => {
    const situation = situationOf({ cause: 'leaver' });
    const run = (used: number) => fates(judge(intentOf([want()]), { situation, usedOf: { leavers: used }, highest }));
    expect(run(allowed - 1)).toEqual(['session.revoke released']);
    expect(run(allowed)).toEqual(['session.revoke held by leavers']);
  });
});

describe('things', () => {
  const block = want('ip.block', { accountId: null });
  const network = (geo: NonNullable<Given['surroundings']>['geo'], id = '203.0.113.9') =>
    situationOf({
      kind: 'network',
      person: null,
      surroundings: { ...(geo === undefined ? {} : { geo }) },
      more: { claim: { kind: 'network', person: [], id } },
    });
  const device = (people?: number) =>
    situationOf({ kind: 'device', person: null, surroundings: people === undefined ? {} : { device: { people } } });

  it.each([
    ['our own', network({ egress: 'own' })],
    ['shared', network({ egress: 'shared' })],
    ['of whom nobody knows whose it is', network(undefined)],
    ['private', network({ egress: 'none' }, '10.1.2.3')],
    ['private as a range', network({ egress: 'none' }, '192.168.0.0/16')],
    ['private in the other notation', network({ egress: 'none' }, '::ffff:10.1.2.3')],
    ['of this machine', network({ egress: 'none' }, '::1')],
  ])('a network that is %s is not blocked, whoever approved it', (_, situation) => {
    expect(fates(judge(intentOf([block]), { situation }))).toEqual(['ip.block refused by nonPerson']);
  });

  it('a network is blocked up to a hundred in an hour, and the fallback taken then', () => {
    const situation = network({ egress: 'none', peopleSeen: 0 });
    expect(fates(judge(intentOf([block]), { situation, usedOf: { nonPerson: 99 } }))).toEqual(['ip.block released']);
    const fallbacks = [[want('case.open', { accountId: null, step: 'tell' })]];
    expect(fates(judge(intentOf([block], { fallbacks }), { situation, usedOf: { nonPerson: 100 } }))).toEqual([
      'ip.block refused by nonPerson',
      'case.open released',
    ]);
  });

  it.each([
    ['of a source that is believed', 0.9, 'released'],
    ['of one that is not quite', 0.89, 'refused by nonPerson'],
  ])('a device is acted on at the word %s', (_, confidence, fate) => {
    expect(fates(judge(intentOf([want()]), { situation: device(1), confidence }))).toEqual([`session.revoke ${fate}`]);
  });

  it('no thing is acted on above rung 4', () => {
    expect(fates(judge(intentOf([want('playbook.start', { rung: 5 })]), { situation: device(1) }))).toEqual([
      'playbook.start refused by nonPerson',
    ]);
  });

  it.each([
    ['three people', device(3), ['device:person-1:1', 'device:person-1:2', 'device:person-1:3']],
    ['nobody knows how many', device(), ['device:person-1:1']],
    ['nobody', network({ egress: 'none', peopleSeen: 0 }), []],
  ])('%s behind a thing count as people', (_, situation, people) => {
    const conclusion = judge(intentOf([want('session.revoke', { accountId: null })]), { situation });
    for (const guard of ['people', 'source', 'surge'] as const)
      expect(usesOf(guard, conclusion).map(({ subject }) => subject)).toEqual(people);
  });

  it('the person whom the source names with a device is one of them', () => {
    const situation = situationOf({ kind: 'device', surroundings: { device: { people: 2 } } });
    expect(usesOf('people', judge(intentOf([want()]), { situation })).map(({ subject }) => subject)).toEqual([
      'person-1',
      'device:person-1:2',
    ]);
  });

  it('all of them must fit: a device that nine people use is held, and two after one another', () => {
    expect(fates(judge(intentOf([want()]), { situation: device(8) }))).toEqual(['session.revoke released']);
    expect(fates(judge(intentOf([want()]), { situation: device(9) }))).toEqual(['session.revoke held by surge']);
    expect(fates(judge(intentOf([want()]), { situation: device(3), usedOf: { source: 6 } }))).toEqual(['session.revoke held by source']);
  });
});

describe('a window that does not run out', () => {
  const asked = review(
    intentOf([want()]),
    situationOf({ person: { id: 'person-9' as IdentityId } }),
    weighed,
    guards,
    enforcing,
    [],
    new Map(),
  ).asked.filter(({ scope }) => scope === 'source:idp');
  const counted = (from?: number) => ({
    readings: [{ scope: 'source:idp', windowMs: day, used: 8, ...(from === undefined ? {} : { from }) }],
    present: [{ scope: 'source:idp', subject: 'person-9', at: -2 * day }],
  });

  it('knows those of its people whom time alone would have forgotten', () => {
    expect(createTally(counted(-3 * day), 0).readingsFor(asked)).toEqual([{ scope: 'source:idp', windowMs: day, used: 7 }]);
    expect(createTally(counted(), 0).readingsFor(asked)).toEqual([{ scope: 'source:idp', windowMs: day, used: 8 }]);
  });
});
