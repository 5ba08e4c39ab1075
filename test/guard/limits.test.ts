import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { admit, allowedPeople, createTally, review } from '../../src/guard/index.ts';
import type { AccountId, IdentityId } from '../../src/model/ids.ts';
import { enforcing, fates, guards, intentOf, judge, situationOf, usesOf, want, weighed } from './support.ts';

const hour = 3_600_000;

describe('how limits count', () => {
  it.each([
    ['source in 2,000 people', 0.4, 8, 2_000, 8],
    ['people in an hour, 2,000', 0.5, 10, 2_000, 10],
    ['people in a day, 2,000', 1, 20, 2_000, 20],
    ['source in 20,000 people', 0.4, 8, 20_000, 79],
    ['a share that is no whole number', 0.5, 1, 2_100, 10],
    ['a share that floating point would lift', 0.7, 1, 1_000, 6],
    ['a population under 50', 50, 2, 49, 2],
    ['a population of 50', 50, 2, 50, 24],
    ['nobody', 1, 3, 0, 3],
    ['a count', 0, 5, 20_000, 5],
  ])('%s', (_, percent, count, population, allowed) => {
    expect(allowedPeople({ windowMs: hour, percent, count }, population, 50)).toBe(allowed);
  });

  it.each([
    [9, 'session.revoke released'],
    [10, 'session.revoke held by people'],
    [11, 'session.revoke held by people'],
  ])('with %i others in the hour', (used, fate) => {
    expect(fates(judge(intentOf([want()]), { used }))).toEqual([fate]);
  });

  it('all windows of a guard bind', () => {
    const readings = (hourly: number, daily: number) => [
      { scope: 'people', windowMs: hour, used: hourly },
      { scope: 'people', windowMs: 24 * hour, used: daily },
    ];
    expect(fates(judge(intentOf([want()]), { readings: readings(9, 19) }))).toEqual(['session.revoke released']);
    const daily = judge(intentOf([want()]), { readings: readings(0, 20) });
    expect(fates(daily)).toEqual(['session.revoke held by people']);
    expect(daily.reasons).toEqual([{ code: 'guard', ref: 'people', detail: '20 of 20 in 1440 min' }]);
  });

  it('a counter that nobody read is full', () => {
    expect(fates(judge(intentOf([want()]), { readings: [] }))).toEqual(['session.revoke held by people']);
    expect(fates(judge(intentOf([want()]), { readings: [{ scope: 'people', windowMs: hour, used: 0 }] }))).toEqual([
      'session.revoke held by people',
    ]);
  });

  it('a step over the limit is held and the next lower one taken, if it keeps the limit itself', () => {
    const fallbacks = [[want('mfa.require', { step: 'stepUp' })], [want('risk.set', { step: 'tag' })]];
    const conclusion = judge(intentOf([want()], { fallbacks }), { used: 10 });
    expect(fates(conclusion)).toEqual(['session.revoke held by people', 'risk.set released']);
    expect(conclusion).toMatchObject({
      outcome: 'partial',
      plans: [{ state: 'held', heldFor: 'people' }, { state: 'released' }],
    });
    expect(usesOf('people', conclusion)).toEqual([]);
  });

  it('sandboxes have a limit and a counter of their own', () => {
    const intent = intentOf([want('session.revoke', { connection: 'sandbox' })]);
    const released = judge(intent, { used: 999 });
    expect(released.outcome).toBe('released');
    expect(usesOf('people', released)).toEqual([{ scope: 'people:sandbox', subject: 'person-1' }]);
    expect(judge(intent, { used: 1000 }).outcome).toBe('held');
  });

  it('a small organisation has its own, on the same counter', () => {
    const intent = intentOf([want('session.revoke', { connection: 'tiny' })]);
    const released = judge(intent, { used: 2 });
    expect(released.outcome).toBe('released');
    expect(usesOf('people', released)).toEqual([{ scope: 'people', subject: 'person-1' }]);
    expect(judge(intent, { used: 3 }).outcome).toBe('held');
  });

  it('an action below rung 2, a report and a refusal use no limit', () => {
    for (const action of [want('risk.set'), want('session.revoke', { enforced: false }), want('account.disable')]) {
      const reviewed = review(intentOf([action]), situationOf(), weighed, guards, enforcing, [], new Map());
      expect(reviewed.asked.filter((asked) => !asked.own)).toEqual([]);
      expect(reviewed.uses.filter(({ scope }) => !scope.startsWith('cooldown:'))).toEqual([]);
    }
  });

  it('one person is one use, however many actions and accounts', () => {
    const intent = intentOf([want(), want('token.revoke'), want('session.revoke', { accountId: 'account-2' as AccountId })]);
    expect(usesOf('people', judge(intent))).toEqual([{ scope: 'people', subject: 'person-1' }]);
  });
});

describe('whatever the order and the batching', () => {
  interface Asked {
    readonly person: number;
    readonly at: number;
    readonly type: 'session.revoke' | 'mfa.require' | 'risk.set';
    readonly protected: boolean;
  }
  const asks = fc.array(
    fc.record({
      person: fc.integer({ min: 0, max: 40 }),
      at: fc.integer({ min: 0, max: 30 * 60 }),
      type: fc.constantFrom('session.revoke' as const, 'mfa.require' as const, 'risk.set' as const),
      protected: fc.constant(false),
    }),
    { minLength: 20, maxLength: 120 },
  );

  /** Settles as the pipeline does: what is stored is read at the batch's instant, what the batch adds is tallied. */
  function settle(batches: readonly (readonly Asked[])[]) {
    const stored: { scope: string; subject: string; at: number }[] = [];
    const released: { person: number; at: number; rung: number }[] = [];
    for (const batch of batches) {
      const now = Math.max(...batch.map((ask) => ask.at)) * 60_000;
      const reviews = batch.map((ask) => {
        const person = { id: `person-${ask.person}` as IdentityId, protected: ask.protected };
        return {
          ask,
          reviewed: review(
            intentOf([want(ask.type, { accountId: `account-${ask.person}` as AccountId })]),
            // A source each, so that what binds is the limit of people.
            situationOf({ person, source: `idp-${ask.person}` }),
            weighed,
            guards,
            enforcing,
            [],
            new Map(),
          ),
        };
      });
      const questions = reviews.flatMap(({ reviewed }) => reviewed.asked);
      const readings = [...new Map(questions.map((q) => [`${q.scope} ${q.windowMs}`, q])).values()].map(({ scope, windowMs }) => ({
        scope,
        windowMs,
        used: new Set(stored.filter((use) => use.scope === scope && use.at > now - windowMs).map((use) => use.subject)).size,
      }));
      const latest = new Map<string, { scope: string; subject: string; at: number }>();
      for (const use of stored)
        if ((latest.get(`${use.scope} ${use.subject}`)?.at ?? -1) < use.at) latest.set(`${use.scope} ${use.subject}`, use);
      const tally = createTally({ readings, present: [...latest.values()] }, now);
      for (const { ask, reviewed } of reviews) {
        const final = admit(reviewed, tally.readingsFor(reviewed.asked));
        tally.add(final.uses);
        stored.push(...final.uses.map((use) => ({ ...use, at: now })));
        for (const action of final.actions)
          if (action.fate === 'released') released.push({ person: ask.person, at: now, rung: action.wanted.rung });
      }
    }
    return released;
  }

  const cut = (items: readonly Asked[], sizes: readonly number[]) => {
    const batches: Asked[][] = [];
    for (let at = 0, n = 0; at < items.length; n++) {
      const size = sizes[n % sizes.length] ?? 1;
      batches.push(items.slice(at, at + size));
      at += size;
    }
    return batches;
  };

  it('never more than 10 distinct people an hour and 20 a day are acted on at rung 2 or more', () => {
    fc.assert(
      fc.property(asks, fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 5 }), (items, sizes) => {
        const released = settle(
          cut(
            [...items].sort((a, b) => a.at - b.at),
            sizes,
          ),
        ).filter((one) => one.rung >= 2);
        for (const [windowMs, allowed] of [
          [hour, 10],
          [24 * hour, 20],
        ] as const) {
          for (const { at } of released) {
            const people = new Set(released.filter((one) => one.at <= at && one.at > at - windowMs).map((one) => one.person));
            expect(people.size).toBeLessThanOrEqual(allowed);
          }
        }
      }),
      { numRuns: 60 },
    );
  });

  it('the limit is used to the full, in one batch as in many', () => {
    const items = Array.from({ length: 30 }, (_, person): Asked => ({ person, at: 0, type: 'session.revoke', protected: false }));
    for (const size of [1, 7, 30]) expect(new Set(settle(cut(items, [size])).map((one) => one.person)).size).toBe(10);
  });

  it('a protected person is never released, and the strictest of pause, ceiling and policy wins', () => {
    const mode = fc.constantFrom('enforce' as const, 'report-only' as const);
    fc.assert(
      fc.property(
        fc.boolean(),
        fc.boolean(),
        mode,
        fc.boolean(),
        fc.boolean(),
        fc.constantFrom('session.revoke' as const, 'account.suspend' as const),
        fc.integer({ min: 0, max: 6 }),
        (isProtected, paused, ceiling, enforced, direct, type, maxRung) => {
          const settings = {
            ...enforcing,
            enforcement: { ...enforcing.enforcement, connections: { okta: { mode: ceiling, maxRung: maxRung as 0 } } },
          };
          const action = want(type, { enforced, direct });
          const conclusion = judge(intentOf([action], { fallbacks: [[want('mfa.require', { step: 'x', enforced })]] }), {
            settings,
            situation: situationOf({ person: { protected: isProtected } }),
            pauses: paused ? [{ id: 'p', scope: {}, since: 0 }] : [],
          });
          const released = conclusion.plans.filter((plan) => plan.state === 'released').flatMap((plan) => plan.actions);
          if (isProtected || paused || ceiling === 'report-only' || !enforced) expect(released).toEqual([]);
          for (const done of released) expect(action.rung <= maxRung || done.type === 'mfa.require').toBe(true);
          if (ceiling === 'report-only' || !enforced) expect(conclusion.plans).toEqual([]);
          if (conclusion.mode === 'report-only') expect(released).toEqual([]);
        },
      ),
      { numRuns: 500 },
    );
  });
});
