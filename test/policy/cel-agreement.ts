/** Conditions evaluated by the service and by the other implementation of their language. */
import assert from 'node:assert/strict';
import { type ASTNode, Environment } from '@marcbachmann/cel-js';
import fc from 'fast-check';
import { textOf } from '../../src/policy/clause-text.ts';
import { createConditionEvaluator } from '../../src/policy/condition.ts';
import { compileList, lasting } from '../../src/policy/lists.ts';
import { childrenOf } from '../../src/policy/syntax.ts';
import { type Values, valuesOf } from '../../src/policy/values.ts';
import { anyCondition, facts, listEntries, listId } from './cel-expressions.ts';
import { bindingsOf, evaluateElsewhere } from './cel-oracle.ts';
import { assessment, catalogue, settings, situation } from './support.ts';

const evaluator = createConditionEvaluator(catalogue, new Set([listId]));
const lists = new Map([[listId, compileList(lasting(listEntries))]]);

const partly = <T extends Record<string, fc.Arbitrary<unknown>>>(members: T) => fc.record(members, { requiredKeys: [] });
const count = fc.constantFrom(0, 1, 2, 3, 60, 7200);

const anySnapshot: fc.Arbitrary<Values> = fc
  .record({
    surroundings: partly({
      session: partly({ mfa: fc.constantFrom('none', 'weak', 'strong'), ageMinutes: count }),
      device: partly({ compliance: fc.constantFrom('compliant', 'nonCompliant'), people: count }),
      geo: partly({ country: fc.constantFrom('NO', 'SE'), asn: count, egress: fc.constantFrom('own', 'none'), peopleSeen: count }),
      hr: fc.record({ status: fc.constantFrom('active', 'notice'), endsInMinutes: fc.constantFrom(-5, 0, 10) }),
    }),
    signal: fc.record({
      source: fc.constantFrom('okta', 'x'),
      severity: fc.constantFrom('low', 'medium', 'high'),
      facts: partly({ malware: fc.constantFrom('confirmed', 'suspected'), failures: count }),
      circumstances: partly({ ip: fc.constantFrom('198.51.100.7', '203.0.113.9', '2001:db8:40::1', 'no address') }),
    }),
    person: fc.option(
      fc.record({
        tier: fc.constantFrom('none', 'standing', 'unknown'),
        executive: fc.boolean(),
        groups: fc.subarray(['staff', 'admins']),
      }),
    ),
    scored: fc.record({
      score: fc.oneof(fc.constantFrom(0, 50, 99.9999), fc.double({ min: 0, max: 100, noNaN: true })),
      base: fc.constantFrom(0, 50, 70),
      level: fc.constantFrom('none', 'high'),
      groups: fc.subarray(['data', 'mfa', 'session']),
      seen: fc.array(fc.constantFrom(1_000, 600_000, 3_600_000, 7_200_000), { maxLength: 4 }),
    }),
  })
  .map(({ surroundings, signal, person, scored: { seen, ...scored } }) => {
    const given = situation({ signal, person, surroundings, ...(person === null ? { kind: 'device' } : {}) } as never);
    const family = { type: 'anomalous_token', band: 'medium', source: 'okta', tag: '', seen: seen.map((ago) => ['', given.now - ago]) };
    const evidence = { v: 1, families: seen.length === 0 ? [] : [family], marks: { classes: [], targets: [], occurrences: [] } };
    const assessed = assessment({ ...scored, groupsActive: scored.groups.length, evidence } as never);
    return valuesOf(given, assessed, settings(), { lists, facts });
  });

/** Why two verdicts may part, and what was decided. Everything else is a failure. */
const knownDifferences: readonly { readonly title: string; readonly fits: (text: string, why: string) => boolean }[] = [
  {
    // The language says error, and an error never acts: kept.
    title: 'double() of a text that is no number is an error here and not-a-number there',
    fits: (text) => text.includes('double("x")'),
  },
  {
    // Every number of a snapshot is far below; what a condition writes itself compares as the large number that it is: kept.
    title: 'int() of a double beyond 64 bits is that number here and an error there',
    fits: (_text, why) => why.includes('int overflow during type conversion'),
  },
  {
    // The language compares numbers as they lie on one line; there the whole number is rounded first: kept.
    title: 'a double beside a whole number of more than 53 bits is compared exactly here and rounded there',
    fits: (text) => text.includes('9223372036854775807'),
  },
];

export interface Tally {
  readonly verdicts: Record<string, number>;
  /** Conditions that the service does not load, by what it says of them. */
  readonly refused: Record<string, number>;
  readonly different: Record<string, number>;
}

export const emptyTally = (): Tally => ({ verdicts: {}, refused: {}, different: {} });

const add = (counts: Record<string, number>, key: string) => {
  counts[key] = (counts[key] ?? 0) + 1;
};

const parser = new Environment({ unlistedVariablesAreDyn: true, limits: { maxDepth: 100 } });

/** A tree without the places where its parts stood. */
function shapeOf(node: ASTNode): unknown {
  const own =
    node.op === 'value' || node.op === 'id'
      ? node.args
      : Array.isArray(node.args)
        ? node.args.filter((each) => typeof each === 'string')
        : [];
  return [node.op, own, childrenOf(node).map(shapeOf)];
}

/** Throws for a condition that is another one once it is written anew, and for one on which the two part for no known reason. */
export function compareConditions(runs: { readonly numRuns: number; readonly seed?: number }, tally: Tally): void {
  fc.assert(
    fc.property(anyCondition, anySnapshot, (text, snapshot) => {
      assert.deepEqual(shapeOf(parser.parse(textOf(parser.parse(text).ast)).ast), shapeOf(parser.parse(text).ast));
      const compiled = evaluator.compile(text, facts);
      if (!compiled.ok) {
        for (const { code, message } of compiled.faults) add(tally.refused, `${code} ${message}`.replace(/ \(at .*|`.*/, ''));
        return;
      }
      const ours = compiled.condition.evaluate(snapshot);
      const theirs = evaluateElsewhere(text, snapshot, bindingsOf(snapshot));
      add(tally.verdicts, ours);
      if ((ours === 'unknown' ? 'error' : ours) === theirs.truth) return;
      const known = knownDifferences.find(({ fits }) => fits(text, theirs.why));
      if (known !== undefined) add(tally.different, known.title);
      else assert.fail(`${ours} here, ${theirs.truth} there (${theirs.why}): ${text}`);
    }),
    runs,
  );
}
