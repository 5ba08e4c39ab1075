import { celEnv, isCelError, parse, plan } from '@bufbuild/cel';
import fc from 'fast-check';
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

describe('against another implementation of the language', () => {
  const oracle = celEnv();
  const comparison = fc.oneof(
    fc.tuple(fc.constantFrom('>=', '<', '==', '!='), fc.integer({ min: 0, max: 100 })).map(([op, n]) => `risk.score ${op} ${n}.0`),
    fc.constantFrom('none', 'low', 'high').map((level) => `risk.level == "${level}"`),
    fc.constantFrom('data', 'session').map((group) => `"${group}" in risk.groups`),
    fc.constantFrom('okta', 'x').map((source) => `signal.source == "${source}"`),
    // Nobody knows these: unknown here, an error there, and both must spread alike.
    fc.constantFrom(
      'device.people >= 3',
      'subject.hr.endsInMinutes <= 0',
      'has(device.people)',
      'risk.groups.exists(g, device.people > 1)',
    ),
    fc.constantFrom(
      'risk.groups.all(g, g != "data")',
      'risk.groups.exists(g, g.startsWith("da"))',
      'size(risk.groups) == 1',
      'risk.score > 50.0 ? risk.level == "high" : false',
    ),
  );
  const expression: fc.Arbitrary<string> = fc.letrec<{ node: string }>((tie) => ({
    node: fc.oneof(
      { maxDepth: 4 },
      comparison,
      fc.tuple(tie('node'), tie('node')).map(([a, b]) => `(${a} && ${b})`),
      fc.tuple(tie('node'), tie('node')).map(([a, b]) => `(${a} || ${b})`),
      tie('node').map((a) => `!(${a})`),
    ),
  })).node;

  it('means the same', () => {
    fc.assert(
      fc.property(expression, fc.integer({ min: 0, max: 100 }), fc.constantFrom('none', 'low', 'high'), (text, score, level) => {
        const scored = { score, level } as const;
        const bindings = { risk: { score, level, groups: ['data'] }, signal: { source: 'okta' }, device: {}, subject: { hr: {} } };
        const wanted = plan(oracle, parse(text))(bindings as never);
        expect(truth(text, values({}, scored))).toBe(isCelError(wanted) ? 'unknown' : String(wanted));
      }),
      { numRuns: 200 },
    );
  });
});
