import { describe, expect, it } from 'vitest';
import { worstCase } from '../../src/guard/index.ts';
import { guardrailsOf, guards, shipped } from './support.ts';

const edited = (from: string | RegExp, to: string) => {
  const text = shipped.get('guardrails.yaml') as string;
  const changed = text.replace(from, to);
  expect(changed).not.toBe(text);
  return guardrailsOf(new Map([...shipped, ['guardrails.yaml', changed]]));
};

describe('the worst case', () => {
  it('of the shipped guards and 2,000 people', () => {
    expect(worstCase(guards, 'standard', 2_000)).toEqual({
      oneSource: 8,
      severalSources: { inAnHour: 10, inADay: 20 },
      oneOperator: 5,
      oneMerge: 20,
      hrFeed: { people: 10, times: 3 },
    });
  });

  it.each([
    [40, 'standard', 8, 10, 20],
    [20_000, 'standard', 79, 99, 199],
    [20, 'small', 3, 3, 5],
  ] as const)('of %i people under %s', (people, profile, oneSource, inAnHour, inADay) => {
    expect(worstCase(guards, profile, people)).toMatchObject({ oneSource, severalSources: { inAnHour, inADay } });
  });

  it('has no bound where a row leaves step-ups out, and another one where a row is the tighter', () => {
    expect(
      worstCase(
        edited('people: { binds: [risk, partner], fromRung: 2', 'people: { binds: [risk, partner], fromRung: 3'),
        'standard',
        2_000,
      ),
    ).toMatchObject({
      oneSource: 8,
      severalSources: { inAnHour: null, inADay: null },
      oneMerge: null,
    });
    expect(worstCase(edited('percent: 0.4, min: 8', 'percent: 4, min: 8'), 'standard', 2_000).oneSource).toBe(20);
    expect(worstCase(edited('decisive: true', 'decisive: false'), 'standard', 2_000).oneSource).toBe(20);
    expect(worstCase(edited('riskFrom: [operators]', 'riskFrom: []'), 'standard', 2_000).oneOperator).toBe(13);
    // Two every three hours, all day long.
    expect(worstCase(edited('{ percent: 0.4, min: 8, window: 24h }', '{ count: 2, window: 3h }'), 'standard', 2_000).oneSource).toBe(16);
  });
});
