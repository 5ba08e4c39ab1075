import { describe, expect, it } from 'vitest';
import type { AccountId } from '../../src/model/ids.ts';
import { fates, intentOf, judge, situationOf, usesOf, want } from './support.ts';

describe('the outcome', () => {
  it('is none when nothing is wanted, and asks no counter', () => {
    expect(judge(intentOf([]))).toEqual({
      mode: null,
      outcome: 'none',
      actions: [],
      reasons: [],
      plans: [],
      uses: [],
      hits: [],
      direct: false,
    });
  });

  it('is reported when policies only report, without plan or counter', () => {
    const conclusion = judge(intentOf([want('session.revoke', { enforced: false })], { reasons: [{ code: 'policyMode', ref: 'RP-900' }] }));
    expect(conclusion).toMatchObject({ mode: 'report-only', outcome: 'reported', plans: [], uses: [] });
    expect(conclusion.reasons).toEqual([{ code: 'policyMode', ref: 'RP-900' }]);
  });

  it('is released when another policy only reports beside it', () => {
    expect(judge(intentOf([want(), want('account.suspend', { policyId: 'RP-901', enforced: false })])).outcome).toBe('released');
  });

  it('is partial when the ceiling cut a higher step of the same policy', () => {
    expect(judge(intentOf([want(), want('account.suspend', { step: 'suspend', enforced: false })])).outcome).toBe('partial');
  });

  it('is held when nothing goes to work and a part waits', () => {
    const conclusion = judge(intentOf([want('session.revoke', { approval: 'a' }), want('mfa.require', { unsupported: true })]));
    expect(conclusion.outcome).toBe('held');
  });

  it('says whether something direct was released', () => {
    expect(judge(intentOf([want('session.revoke', { direct: true })])).direct).toBe(true);
    expect(judge(intentOf([want('session.revoke', { direct: true, approval: 'a' })])).direct).toBe(false);
  });
});

describe('plans', () => {
  const second = 'account-2' as AccountId;
  it('are one for each account and fate, in the order in which actions were wanted', () => {
    const conclusion = judge(
      intentOf([
        want('session.revoke'),
        want('token.revoke', { parameters: { scope: 'all' } }),
        want('session.revoke', { accountId: second, connection: 'sandbox' }),
        want('mfa.require', { unsupported: true }),
      ]),
    );
    expect(conclusion.plans).toEqual([
      {
        lane: 'account-1',
        connection: 'okta',
        accountId: 'account-1',
        profile: 'standard',
        state: 'released',
        heldFor: null,
        actions: [
          { type: 'session.revoke', accountId: 'account-1', parameters: {} },
          { type: 'token.revoke', accountId: 'account-1', parameters: { scope: 'all' } },
        ],
      },
      {
        lane: 'account-2',
        connection: 'sandbox',
        accountId: 'account-2',
        profile: 'sandbox',
        state: 'released',
        heldFor: null,
        actions: [{ type: 'session.revoke', accountId: 'account-2', parameters: {} }],
      },
      {
        lane: 'account-1',
        connection: 'okta',
        accountId: 'account-1',
        profile: 'standard',
        state: 'refused',
        heldFor: 'unsupported',
        actions: [{ type: 'mfa.require', accountId: 'account-1', parameters: {} }],
      },
    ]);
  });

  it('of a subject without a person run in a lane of their own', () => {
    const conclusion = judge(intentOf([want('ip.block', { accountId: null })]), {
      situation: situationOf({ kind: 'network', person: null }),
    });
    expect(conclusion.plans).toMatchObject([{ lane: 'okta:network:person-1', accountId: null, state: 'released' }]);
    expect(usesOf('people', conclusion)).toEqual([]);
  });

  it('hold a connection that the configuration no longer knows to the profile of the organisation', () => {
    const conclusion = judge(intentOf([want('session.revoke', { connection: 'gone' })]), { used: 10 });
    expect(fates(conclusion)).toEqual(['session.revoke held by people']);
  });
});
