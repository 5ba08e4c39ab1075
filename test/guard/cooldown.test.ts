import { describe, expect, it } from 'vitest';
import { admit, concludeReview, createTally, review } from '../../src/guard/index.ts';
import type { CounterUse, Intent } from '../../src/model/decision.ts';
import type { AccountId } from '../../src/model/ids.ts';
import { enforcing, fates, guards, intentOf, situationOf, want, weighed } from './support.ts';

const minute = 60_000;
const start = Date.UTC(2026, 4, 4, 10);

interface Asks {
  /** Minutes after the start. */
  readonly at: number;
  readonly intent: Intent;
  /** Set where the signal proves; minutes after the start at which what it proves happened. */
  readonly provedAt?: number;
  readonly situation?: ReturnType<typeof situationOf>;
}

/** Decides one after the other, each in a batch of its own, and remembers what was used. */
function inTurn(...asks: readonly Asks[]) {
  const stored: (CounterUse & { at: number })[] = [];
  return asks.map(({ at, intent, provedAt, situation = situationOf() }) => {
    const now = start + at * minute;
    const occurredAt = provedAt === undefined ? now : start + provedAt * minute;
    const standing = { directories: { okta: now, sandbox: now, tiny: now }, admins: {} };
    const given = { ...situation, now, standing, signal: { ...situation.signal, occurredAt } };
    const proof = provedAt !== undefined;
    const reviewed = review(intent, given, { ...weighed, signal: { proof, confidence: 1 } }, guards, enforcing, [], new Map());
    const readings = reviewed.asked
      .filter((asked) => !asked.own)
      .map(({ scope, windowMs }) => ({
        scope,
        windowMs,
        used: new Set(stored.filter((use) => use.scope === scope && use.at > now - windowMs).map((use) => use.subject)).size,
      }));
    const latest = [...new Map([...stored].sort((a, b) => a.at - b.at).map((use) => [`${use.scope} ${use.subject}`, use])).values()];
    const tally = createTally({ readings, present: latest }, now);
    const conclusion = concludeReview(intent, admit(reviewed, tally.readingsFor(reviewed.asked)), given.subject);
    stored.push(...conclusion.uses.map((use) => ({ ...use, at: now })));
    return conclusion;
  });
}

const revoke = (more: Parameters<typeof want>[1] = {}) => intentOf([want('session.revoke', more)]);
const states = (...asks: readonly Asks[]) => inTurn(...asks).map((conclusion) => fates(conclusion).join(', '));
const released = 'session.revoke released';
const cooled = 'session.revoke refused by cooldown';

describe('the same action on the same account', () => {
  it('is not released twice within its time, and uses no limit', () => {
    const [first, second] = inTurn({ at: 0, intent: revoke() }, { at: 59, intent: revoke({ policyId: 'RP-901' }) });
    expect([first, second].map((conclusion) => fates(conclusion as NonNullable<typeof first>))).toEqual([[released], [cooled]]);
    expect(second).toMatchObject({
      outcome: 'refused',
      mode: 'enforce',
      plans: [],
      uses: [],
      reasons: [{ code: 'cooldown', ref: 'session.revoke', detail: '60 min' }],
    });
  });

  it('is released again when its time is over', () => {
    expect(states({ at: 0, intent: revoke() }, { at: 60, intent: revoke({ policyId: 'RP-901' }) })).toEqual([released, released]);
  });

  it('counts from the last release, not from the last try', () => {
    const tries = [0, 30, 59, 60].map((at) => ({ at, intent: revoke({ policyId: `RP-${at}` }) }));
    expect(states(...tries)).toEqual([released, cooled, cooled, released]);
  });

  it('is another action on another account, with another group, for another session', () => {
    const one = { scope: 'one' as const };
    const session = (id: string) => ({ ...situationOf({ kind: 'session' }), subject: { kind: 'session' as const, id } });
    expect(
      states(
        { at: 0, intent: revoke() },
        { at: 1, intent: revoke({ policyId: 'RP-901', accountId: 'account-2' as AccountId }) },
        { at: 2, intent: revoke({ policyId: 'RP-902', parameters: one }), situation: session('a') },
        { at: 3, intent: revoke({ policyId: 'RP-902', parameters: one }), situation: session('b') },
        { at: 4, intent: revoke({ policyId: 'RP-903', parameters: one }), situation: session('b') },
      ),
    ).toEqual([released, released, released, released, cooled]);
    const leave = (group: string, policyId: string) => intentOf([want('group.remove', { parameters: { group }, policyId })]);
    expect(
      states({ at: 0, intent: leave('a', 'RP-1') }, { at: 1, intent: leave('b', 'RP-2') }, { at: 2, intent: leave('a', 'RP-3') }),
    ).toEqual(['group.remove released', 'group.remove released', 'group.remove refused by cooldown']);
  });

  it('is the same action for longer: how long is not what', () => {
    const block = (expires: string, policyId: string) =>
      intentOf([want('ip.block', { accountId: null, parameters: { expires }, policyId })]);
    const situation = situationOf({ kind: 'network', person: null });
    expect(states({ at: 0, situation, intent: block('1h', 'RP-1') }, { at: 1, situation, intent: block('24h', 'RP-2') })).toEqual([
      'ip.block released',
      'ip.block refused by cooldown',
    ]);
  });
});

describe('a step-up', () => {
  const stepUp = (strength: string, policyId: string) => intentOf([want('mfa.require', { parameters: { strength }, policyId })]);

  it('rests for four hours', () => {
    const asks = [0, 239, 240].map((at) => ({ at, intent: stepUp('any', `RP-${at}`) }));
    expect(states(...asks)).toEqual(['mfa.require released', 'mfa.require refused by cooldown', 'mfa.require released']);
  });

  it('to a stronger factor is not held back by a weaker one; a weaker one is, by a stronger', () => {
    const asks = ['any', 'phishingResistant', 'any'].map((strength, n) => ({ at: n * 200, intent: stepUp(strength, `RP-${n}`) }));
    expect(states(...asks)).toEqual(['mfa.require released', 'mfa.require released', 'mfa.require refused by cooldown']);
  });
});

describe('the same policy on the same subject', () => {
  const other = want('token.revoke', { parameters: { scope: 'all' } });

  it('does nothing more of its rung within its time', () => {
    const [, second, third] = inTurn(
      { at: 0, intent: revoke() },
      { at: 29, intent: intentOf([other]) },
      { at: 30, intent: intentOf([other]) },
    );
    expect(second?.reasons).toEqual([{ code: 'cooldown', ref: 'RP-900', detail: '30 min' }]);
    expect(third?.outcome).toBe('released');
  });

  it('may go further than it went, and not less far afterwards', () => {
    expect(
      states(
        { at: 0, intent: revoke() },
        { at: 1, intent: intentOf([want('password.expire')]) },
        { at: 2, intent: intentOf([want('risk.set')]) },
        { at: 3, intent: intentOf([want('risk.set', { policyId: 'RP-901' })]) },
      ),
    ).toEqual([released, 'password.expire released', 'risk.set refused by cooldown', 'risk.set released']);
  });

  it('rests longer where the policy says so, never shorter', () => {
    const long = revoke({ cooldown: { policyMs: 24 * 60 * minute } });
    expect(states({ at: 0, intent: long }, { at: 1439, intent: long }, { at: 1440, intent: long })).toEqual([released, cooled, released]);
    const short = revoke({ cooldown: { actionMs: minute, policyMs: minute } });
    expect(states({ at: 0, intent: short }, { at: 5, intent: short })).toEqual([released, cooled]);
  });
});

describe('proof', () => {
  it('of what happened after the release resets; of what happened before, it does not', () => {
    expect(states({ at: 0, intent: revoke() }, { at: 10, intent: revoke(), provedAt: 5 })).toEqual([released, released]);
    expect(states({ at: 6, intent: revoke() }, { at: 10, intent: revoke(), provedAt: 5 })).toEqual([released, cooled]);
  });

  it('that repeats the same event is not new', () => {
    const proved = (at: number) => ({ at, intent: revoke(), provedAt: 1 });
    expect(states(proved(2), proved(3), proved(61), proved(62))).toEqual([released, cooled, cooled, released]);
  });
});

describe('a step that rests', () => {
  const suspend = (at: number) => ({
    at,
    intent: intentOf([want('account.suspend', { step: 'suspend', approval: 'lead' })], {
      fallbacks: [[want('session.revoke', { step: 'contain' })], [want('mfa.require', { step: 'stepUp' })]],
    }),
  });

  it('asks for nothing less: what was done stands', () => {
    const [first, second] = inTurn(suspend(0), suspend(10));
    expect(fates(first as NonNullable<typeof first>)).toEqual(['account.suspend held by approval', released]);
    expect(fates(second as NonNullable<typeof second>)).toEqual(['account.suspend held by approval', cooled]);
    expect(second?.reasons.map((reason) => reason.code)).toEqual(['approval', 'cooldown']);
  });

  it('waits for no approval either', () => {
    const suspended = intentOf([want('account.suspend', { step: 'suspend' })]);
    const [, second] = inTurn({ at: 0, intent: suspended }, suspend(10));
    expect(fates(second as NonNullable<typeof second>)).toEqual(['account.suspend refused by cooldown']);
    expect(second?.plans).toEqual([]);
  });

  it('is known by the plan that did it, account by account', () => {
    const both = intentOf([want(), want('session.revoke', { accountId: 'account-2' as AccountId })]);
    const [only] = inTurn({ at: 0, intent: both });
    expect(only?.uses.filter((use) => use.lane !== undefined)).toEqual(
      ['account-1', 'account-2'].flatMap((lane) => [
        { scope: 'cooldown:action:session.revoke', subject: lane, lane },
        { scope: 'cooldown:policy:RP-900', subject: 'person:person-1:3', lane },
      ]),
    );
    expect(only?.plans.map((plan) => plan.lane)).toEqual(['account-1', 'account-2']);
  });

  it('leaves the other actions of the decision to go to work', () => {
    const both = intentOf([want(), want('session.revoke', { accountId: 'account-2' as AccountId, policyId: 'RP-901' })]);
    const [, second] = inTurn({ at: 0, intent: revoke() }, { at: 40, intent: both });
    expect(fates(second as NonNullable<typeof second>)).toEqual([cooled, released]);
    expect(second?.outcome).toBe('partial');
  });
});

describe('cooldown', () => {
  it('is off for sandboxes: they ask nothing and leave nothing behind', () => {
    const reviewed = review(revoke({ connection: 'sandbox' }), situationOf(), weighed, guards, enforcing, [], new Map());
    expect(reviewed.asked.filter((asked) => asked.own)).toEqual([]);
    expect(reviewed.uses.filter((use) => use.scope.startsWith('cooldown:'))).toEqual([]);
  });

  it('asks nothing for a report, a refusal or a signal that nobody wants anything of', () => {
    for (const intent of [intentOf([]), revoke({ enforced: false }), revoke({ unsupported: true })])
      expect(review(intent, situationOf(), weighed, guards, enforcing, [], new Map()).asked).toEqual([]);
  });

  it('that nobody looked up counts as running', () => {
    const reviewed = review(revoke(), situationOf(), weighed, guards, enforcing, [], new Map());
    expect(admit(reviewed, []).actions.map(({ fate, by }) => `${fate} ${by}`)).toEqual(['refused cooldown']);
  });

  it('holds inside one batch too', () => {
    const reviewed = review(revoke(), situationOf(), weighed, guards, enforcing, [], new Map());
    const counted = reviewed.asked.map(({ scope, windowMs }) => ({ scope, windowMs, used: 0 }));
    const tally = createTally({ readings: counted, present: [] }, 0);
    const outcomes = [1, 2].map(() => {
      const final = admit(reviewed, tally.readingsFor(reviewed.asked));
      tally.add(final.uses);
      return final.actions[0]?.fate;
    });
    expect(outcomes).toEqual(['released', 'refused']);
  });
});
