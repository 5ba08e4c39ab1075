import { describe, expect, it } from 'vitest';
import type { WantedAction } from '../../src/model/decision.ts';
import type { Situation } from '../../src/model/situation.ts';
import type { Identity, Tier } from '../../src/model/subject.ts';
import { compileList, lasting } from '../../src/policy/lists.ts';
import { accountOf, dayMs } from './standing-cells.ts';
import { enforcing, fates, intentOf, judge, situationOf, want } from './support.ts';

type Judging = NonNullable<Parameters<typeof judge>[1]>;

const suspend = want('account.suspend');
const fateOf = (action: WantedAction, judging: Judging = {}) => fates(judge(intentOf([action]), judging))[0];
const at = (more: Partial<Situation>, person: Partial<Identity> = {}): Situation => ({ ...situationOf({ person }), ...more });
const proof = { signal: { proof: true, confidence: 1 } };

describe('corroboration', () => {
  it.each([
    ['two groups', { groupsActive: 2 }, 'released'],
    ['one group', { groupsActive: 1 }, 'refused by corroboration'],
    ['one group with proof', { groupsActive: 1, ...proof }, 'released'],
    ['a base just short of 80', { base: 79.9999 }, 'refused by corroboration'],
    ['a base of 80', { base: 80 }, 'released'],
    ['proof without the base', { base: 79, ...proof }, 'refused by corroboration'],
  ])('from rung 5: %s', (_, weighed, fate) => {
    expect(fateOf(suspend, { weighed })).toBe(`account.suspend ${fate}`);
    expect(fateOf(want('password.expire'), { weighed })).toBe('password.expire released');
  });

  it('binds direct policies too', () => {
    expect(fateOf(want('account.disable', { direct: true }), { weighed: { groupsActive: 1 } })).toBe(
      'account.disable refused by corroboration',
    );
  });
});

describe('late evidence', () => {
  it.each([
    ['of exactly a day', dayMs, {}, 'released'],
    ['a moment older', dayMs + 1, {}, 'refused by lateEvidence'],
    ['a moment older, proven', dayMs + 1, proof, 'released'],
  ])('%s, at rung 3', (_, now, weighed, fate) => {
    expect(fateOf(want(), { situation: at({ now }), weighed })).toBe(`session.revoke ${fate}`);
  });

  it('goes to rung 2', () => {
    expect(fateOf(want('mfa.require'), { situation: at({ now: 30 * dayMs }) })).toBe('mfa.require released');
  });
});

describe('people still learning', () => {
  const signedIn = (logins: number) => at({ surroundings: { hist: { logins, suspensions30d: 0 } } });
  it.each([
    ['nine sign-ins and statistics alone', signedIn(9), true, 'refused by learning'],
    ['ten sign-ins', signedIn(10), true, 'released'],
    ['nine sign-ins and more than statistics', signedIn(9), false, 'released'],
    ['nobody counted their sign-ins', situationOf(), true, 'released'],
  ])('%s', (_, situation, statisticalOnly, fate) => {
    expect(fateOf(want(), { situation, weighed: { statisticalOnly } })).toBe(`session.revoke ${fate}`);
    expect(fateOf(want('mfa.require'), { situation, weighed: { statisticalOnly } })).toBe('mfa.require released');
  });
});

describe('fresh context', () => {
  const hour = 3_600_000;
  it.each([
    ['read an hour ago', { okta: 0 }, hour, 'released'],
    ['read a moment longer ago', { okta: 0 }, hour + 1, 'held by freshContext'],
    ['never read', {}, 0, 'held by freshContext'],
    ['read at another connection', { entra: 0 }, 0, 'held by freshContext'],
  ])('a directory %s', (_, directories, now, fate) => {
    expect(fateOf(suspend, { situation: at({ now, standing: { directories, admins: {} } }) })).toBe(`account.suspend ${fate}`);
  });

  it('is not asked below rung 5', () => {
    expect(fateOf(want(), { situation: at({ standing: { directories: {}, admins: {} } }) })).toBe('session.revoke released');
  });
});

describe('expiry', () => {
  const expiresOf = (action: WantedAction) => judge(intentOf([action])).actions[0]?.parameters['expires'];
  it.each([
    ['account.suspend', '72h', '72h'],
    ['account.suspend', '73h', '72h'],
    ['account.suspend', '30m', '30m'],
    ['account.suspend', undefined, '4h'],
    ['account.suspend', 'for ever', '4h'],
    ['ip.block', undefined, '1h'],
    ['ip.block', '2d', '24h'],
    ['device.disable', '365d', '72h'],
  ] as const)('%s for %s becomes %s', (type, asked, given) => {
    expect(expiresOf(want(type, { parameters: asked === undefined ? {} : { expires: asked } }))).toBe(given);
  });

  it('is told where it changed something, and other actions get none', () => {
    const { reasons } = judge(intentOf([want('account.suspend', { parameters: { expires: '96h' } })]));
    expect(reasons).toEqual([{ code: 'guard', ref: 'expiry', detail: 'account.suspend: 96h becomes 72h' }]);
    expect(expiresOf(want())).toBeUndefined();
  });
});

describe('quiet hours', () => {
  const oslo = { timeZone: 'Europe/Oslo', workingHours: '08:00-17:00' };
  const fate = (instant: string, calendar: object, more: Judging = {}, person: Partial<Identity> = {}) => {
    const now = Date.parse(instant);
    const situation = at({
      ...situationOf({ person }),
      now,
      standing: { directories: { okta: now }, admins: { okta: { active: 9, roles: {} } } },
    });
    const fresh = { ...situation, signal: { ...situation.signal, occurredAt: now } };
    return fateOf(suspend, { situation: fresh, settings: { ...enforcing, calendar }, ...more });
  };
  it.each([
    ['eight on a summer morning in Oslo', '2026-06-01T06:00:00Z', oslo, 'released'],
    ['a minute earlier', '2026-06-01T05:59:00Z', oslo, 'held by quietHours'],
    ['the same hour in winter', '2026-12-01T06:00:00Z', oslo, 'held by quietHours'],
    ['five in the afternoon', '2026-06-01T15:00:00Z', oslo, 'held by quietHours'],
    ['Saturday noon', '2026-06-06T10:00:00Z', oslo, 'held by quietHours'],
    ['noon without hours', '2026-06-01T10:00:00Z', { timeZone: 'Europe/Oslo' }, 'held by quietHours'],
    ['noon without a zone', '2026-06-01T10:00:00Z', { workingHours: '08:00-17:00' }, 'held by quietHours'],
    ['a night shift', '2026-06-01T23:00:00Z', { timeZone: 'UTC', workingHours: '22:00-06:00' }, 'released'],
    ['midday of a night shift', '2026-06-01T12:00:00Z', { timeZone: 'UTC', workingHours: '22:00-06:00' }, 'held by quietHours'],
  ])('%s', (_, instant, calendar, expected) => {
    expect(fate(instant, calendar)).toBe(`account.suspend ${expected}`);
  });

  it('do not stop proof against a privileged person, which must be both', () => {
    const night = '2026-06-01T23:00:00Z';
    expect(fate(night, oslo, { weighed: proof }, { tier: 'standing' })).toBe('account.suspend released');
    expect(fate(night, oslo, { weighed: proof })).toBe('account.suspend held by quietHours');
    expect(fate(night, oslo, {}, { tier: 'standing' })).toBe('account.suspend held by quietHours');
  });
});

describe('a word that is awaited', () => {
  const listed = (list: string, text: string) => new Map([[list, compileList(lasting([text]))]]);
  it.each([
    ['by the directory', { executive: true }, new Map()],
    ['by their id', {}, listed('executives-and-on-call', 'person-1')],
    ['by an alias', { names: ['ada'] }, listed('executives-and-on-call', 'ada')],
    ['by a directory group', { groups: ['board'] }, listed('executives-and-on-call', 'board')],
  ])('for an executive, known %s', (_, person, lists) => {
    expect(fateOf(suspend, { situation: situationOf({ person }), lists })).toBe('account.suspend held by executiveApproval');
    expect(fateOf(want('password.expire'), { situation: situationOf({ person }), lists })).toBe('password.expire released');
  });

  it.each(['service', 'sync', 'own'] as const)('for an account of kind %s, from rung 3', (kind) => {
    const situation = situationOf({ person: { accounts: [accountOf({ kind })] } });
    expect(fateOf(want(), { situation })).toBe('session.revoke held by ownerApproval');
    expect(fateOf(want('mfa.require'), { situation })).toBe('mfa.require released');
  });

  it('is named for all who are asked, and the most demanding of them names the hold', () => {
    const person = { executive: true, accounts: [accountOf({ kind: 'own' })] };
    const action = want('account.suspend', { approval: 'humanFast' });
    const conclusion = judge(intentOf([action]), { situation: situationOf({ person }), settings: { ...enforcing, calendar: {} } });
    expect(fates(conclusion)).toEqual(['account.suspend held by executiveApproval']);
    expect(conclusion.reasons).toEqual([
      { code: 'guard', ref: 'executiveApproval' },
      { code: 'guard', ref: 'ownerApproval', detail: 'own' },
      { code: 'approval', ref: 'humanFast' },
      { code: 'guard', ref: 'quietHours' },
    ]);
  });

  it('is not awaited where the evidence is too weak: a refusal outranks it', () => {
    const situation = situationOf({ person: { executive: true } });
    expect(fateOf(suspend, { situation, weighed: { groupsActive: 1 } })).toBe('account.suspend refused by corroboration');
  });

  it('lets the lower step run meanwhile', () => {
    const intent = intentOf([suspend], { fallbacks: [[want('session.revoke', { step: 'lower' })]] });
    const conclusion = judge(intent, { situation: situationOf({ person: { executive: true } }) });
    expect(fates(conclusion)).toEqual(['account.suspend held by executiveApproval', 'session.revoke released']);
  });
});

describe('the list of protected people', () => {
  it.each([
    ['an identity id', 'person-1', {}],
    ['an alias or an address', 'ada@corp.example', { names: ['ada@corp.example'] }],
    ['a directory group', 'on-call', { groups: ['on-call'] }],
  ])('protects by %s, whatever the approval', (_, text, person) => {
    const lists = new Map([['protected-people', compileList(lasting([text]))]]);
    const judging = { situation: situationOf({ person }), lists };
    expect(fateOf(want('session.revoke', { approval: 'a', direct: true }), judging)).toBe('session.revoke refused by protected');
    expect(fateOf(want('case.open'), judging)).toBe('case.open released');
  });

  it('protects nobody else, and nobody after an entry has ended', () => {
    const lists = new Map([['protected-people', compileList([{ value: 'person-1', until: 5 }])]]);
    expect(fateOf(want(), { situation: situationOf({ person: { id: 'person-2' as never } }), lists })).toBe('session.revoke released');
    expect(fateOf(want(), { situation: at({ now: 4 }), lists })).toBe('session.revoke refused by protected');
    expect(fateOf(want(), { situation: at({ now: 5 }), lists })).toBe('session.revoke released');
  });
});

describe('the floor of administrators', () => {
  const admin = (tier: Tier, active: number, roles: object = {}, status: 'active' | 'suspended' = 'active') =>
    at({ standing: { directories: { okta: 0 }, admins: { okta: { active, roles } } } } as Partial<Situation>, {
      tier,
      accounts: [accountOf({ status })],
    });
  const role = (active: number, all: number) => ({ standing: { active, all } });
  it.each([
    ['three active', admin('standing', 3), 'released'],
    ['two active', admin('standing', 2), 'refused by adminFloor'],
    ['half of a role would stay', admin('standing', 9, role(3, 4)), 'released'],
    ['less than half of a role would stay', admin('standing', 9, role(2, 4)), 'refused by adminFloor'],
    ['two active, of no known role', admin('unknown', 2), 'refused by adminFloor'],
    ['one who is suspended already', admin('standing', 2, {}, 'suspended'), 'released'],
    ['somebody who is no administrator', admin('none', 0), 'released'],
    ['nobody counted them', at({ standing: { directories: { okta: 0 }, admins: {} } }, { tier: 'tier0' }), 'refused by adminFloor'],
  ])('%s', (_, situation, fate) => {
    expect(fateOf(suspend, { situation })).toBe(`account.suspend ${fate}`);
    expect(fateOf(want(), { situation })).toBe('session.revoke released');
  });

  it('is one in the profile small', () => {
    const situation = at(
      { standing: { directories: { tiny: 0 }, admins: { tiny: { active: 2, roles: {} } } } },
      { tier: 'standing', accounts: [accountOf({ connection: 'tiny' })] },
    );
    expect(fateOf({ ...suspend, connection: 'tiny' }, { situation })).toBe('account.suspend released');
  });
});
