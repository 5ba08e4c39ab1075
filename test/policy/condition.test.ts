import { describe, expect, it } from 'vitest';
import { createConditionEvaluator } from '../../src/policy/condition.ts';
import { valuesOf } from '../../src/policy/values.ts';
import { assessment, catalogue, settings, situation } from './support.ts';

const evaluator = createConditionEvaluator(catalogue);
const values = (given: Parameters<typeof situation>[0] = {}, scored = {}) =>
  valuesOf(situation(given), assessment(scored), settings(), { lists: new Map(), facts: {} });

function truth(text: string, given = values()) {
  const compiled = evaluator.compile(text, {});
  if (!compiled.ok) throw new Error(compiled.faults.map((fault) => fault.message).join('; '));
  return compiled.condition.evaluate(given);
}

describe('three-valued logic', () => {
  // device.people has no value here, so reading it is unknown.
  const unknown = 'device.people >= 3';
  it.each([
    [`${unknown} && false`, 'false'],
    [`false && ${unknown}`, 'false'],
    [`${unknown} && true`, 'unknown'],
    [`${unknown} || true`, 'true'],
    [`true || ${unknown}`, 'true'],
    [`${unknown} || false`, 'unknown'],
    [`!(${unknown})`, 'unknown'],
    ['10 / signal.ageMinutes > 1', 'error'],
    ['10 / signal.ageMinutes > 1 && false', 'false'],
    [`10 / signal.ageMinutes > 1 || ${unknown}`, 'error'],
    ['device.compliance == "nonCompliant"', 'false'],
    ['known(device.compliance)', 'false'],
    ['has(device.people)', 'false'],
  ])('%s is %s', (text, expected) => expect(truth(text)).toBe(expected));
});

describe('what a condition may not say', () => {
  it.each([
    ['E104', 'signal.source.matches("(a+)+$")'],
    ['E103', 'risk.scorr >= 1.0'],
    ['E103', 'has(subject.typo)'],
    ['E107', 'facts.malware == "confirmed"'],
    ['E102', 'risk.score'],
    ['E102', 'risk.level >= 3'],
    ['E102', 'risk.score >='],
    ['E105', '[1].all(a, [2].all(b, a < b))'],
    ['E106', 'hasGroup("nonsense")'],
    ['E106', 'recent("nonsense", duration("1h")) > 0'],
    ['E102', 'recent("mass_download", duration("soon")) > 0'],
  ])('is refused with %s: %s', (code, text) => {
    const compiled = evaluator.compile(text, {});
    expect(compiled.ok).toBe(false);
    if (!compiled.ok) expect(compiled.faults.map((fault) => fault.code)).toContain(code);
  });
});

it('a condition of more than 500 nodes is refused with E105', () => {
  const compiled = evaluator.compile(Array.from({ length: 300 }, () => 'risk.score >= 1.0').join(' && '), {});
  expect(compiled.ok ? [] : compiled.faults.map((fault) => fault.code)).toContain('E105');
});

describe('a clause', () => {
  it.each([
    ['keeps its brackets', 'risk.score - (risk.score - 1.0) == 1.0', 'true'],
    ['keeps the brackets of a comparison', 'signal.late == (risk.score == 1.0)', 'true'],
    ['keeps the brackets of a choice', '-(signal.late ? 1.0 : risk.score) < 0.0', 'true'],
    ['keeps small numbers', 'risk.score * 1e-10 < 1e-11', 'false'],
    ['keeps large numbers', 'risk.score < 1e+30', 'true'],
    ['keeps characters of every plane', 'signal.source != "\u{1f600}"', 'true'],
    ['keeps quotes and backslashes', `signal.source != "a\\\\\\"b"`, 'true'],
  ])('%s', (_what, text, expected) => {
    expect(truth(text)).toBe(expected);
    const compiled = evaluator.compile(text, {});
    expect(compiled.ok && compiled.condition.trace(values())).toEqual([{ clause: text, value: expected }]);
  });
});
