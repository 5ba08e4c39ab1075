import { describe, expect, it } from 'vitest';
import { type Measured, opens } from '../../src/guard/index.ts';
import { fates, guards, intentOf, judge, situationOf, want } from './support.ts';

const rule = guards.profiles.standard.standing.breaker;
if (rule === 'off') throw new Error('the standard has a breaker');
/** Of all conditions that are shipped, those that open. */
const opened = (measured: Measured) => rule.opensOn.flatMap((condition) => opens(condition, measured) ?? []);
const people = (count: number, population: number): Measured => ({
  of: 'peopleAboveMedium',
  people: count,
  population,
  countsOnlyBelow: 50,
});

describe('a breaker opens', () => {
  it.each<[string, Measured, boolean]>([
    ['not on one limit reached', { of: 'limitHits', hits: 1 }, false],
    ['on the second limit reached', { of: 'limitHits', hits: 2 }, true],
    ['not on four plans, all of them wrong', { of: 'undoneOrFalse', plans: 4, wrong: 4 }, false],
    ['on one wrong of five', { of: 'undoneOrFalse', plans: 5, wrong: 1 }, true],
    ['not on three wrong of twenty', { of: 'undoneOrFalse', plans: 20, wrong: 3 }, false],
    ['on four wrong of twenty', { of: 'undoneOrFalse', plans: 20, wrong: 4 }, true],
    ['not on nine failed actions that are all there were', { of: 'providerErrors', ref: 'okta', calls: 9, errors: 9 }, false],
    ['not on one failed action of ten', { of: 'providerErrors', ref: 'okta', calls: 10, errors: 1 }, false],
    ['on two failed actions of ten', { of: 'providerErrors', ref: 'okta', calls: 10, errors: 2 }, true],
    ['not on less than ten times the usual', { of: 'sourceRate', ref: 'idp', lastHour: 49, hourlyMean: 5 }, false],
    ['on ten times the usual', { of: 'sourceRate', ref: 'idp', lastHour: 50, hourlyMean: 5 }, true],
    ['not on nine signals of a source that hardly speaks', { of: 'sourceRate', ref: 'idp', lastHour: 9, hourlyMean: 0.1 }, false],
    ['on ten signals of a source that hardly speaks', { of: 'sourceRate', ref: 'idp', lastHour: 10, hourlyMean: 0.1 }, true],
    ['not on just below 30 % of people', people(599, 2_000), false],
    ['on 30 % of people', people(600, 2_000), true],
    ['not on a few people of a few', people(20, 49), false],
  ])('%s', (_, measured, expected) => {
    expect(opened(measured)).toHaveLength(expected ? 1 : 0);
  });
});

describe('an open breaker', () => {
  const open = { ...situationOf(), breaker: { id: 'b', until: 10 } };
  it('holds from rung 3, lets the lower step run, and is named', () => {
    const intent = intentOf([want()], { fallbacks: [[want('mfa.require', { step: 'stepUp' })]] });
    const conclusion = judge(intent, { situation: open });
    expect(fates(conclusion)).toEqual(['session.revoke held by breaker', 'mfa.require released']);
    expect(conclusion.reasons[0]).toEqual({ code: 'guard', ref: 'breaker', detail: 'b' });
    expect(conclusion.plans.map(({ state, heldFor }) => [state, heldFor])).toEqual([
      ['held', 'breaker'],
      ['released', null],
    ]);
  });

  it('holds until its time is up', () => {
    for (const [now, fate] of [
      [9, 'held by breaker'],
      [10, 'released'],
    ] as const)
      expect(fates(judge(intentOf([want()]), { situation: { ...open, now } }))).toEqual([`session.revoke ${fate}`]);
  });

  it('holds nothing at a sandbox', () => {
    expect(fates(judge(intentOf([want('session.revoke', { connection: 'sandbox' })]), { situation: open }))).toEqual([
      'session.revoke released',
    ]);
  });

  it('releases nobody whom another guard refuses', () => {
    const situation = { ...situationOf({ person: { protected: true } }), breaker: open.breaker };
    expect(fates(judge(intentOf([want()]), { situation }))).toEqual(['session.revoke refused by protected']);
  });
});
