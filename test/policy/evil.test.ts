import { describe, expect, it } from 'vitest';
import { createConditionEvaluator } from '../../src/policy/condition.ts';
import { compileList, lasting } from '../../src/policy/lists.ts';
import { valuesOf } from '../../src/policy/values.ts';
import { assessment, catalogue, policyText, settings, situation, tryCompile } from './support.ts';

const evaluator = createConditionEvaluator(catalogue, new Set(['egress']));
const codesOf = (text: string) => {
  const compiled = evaluator.compile(text, {});
  return compiled.ok ? [] : compiled.faults.map((fault) => fault.code);
};

describe('a condition that would run for long, or look where it may not', () => {
  it.each([
    ['matches as a method', 'signal.ip.matches("(a+)+$")', 'E104'],
    ['matches as a function', 'matches(signal.ip, "(a+)+$")', 'E104'],
    ['matches hidden in a macro', 'risk.groups.exists(g, g.matches("(a+)+$"))', 'E104'],
    ['matches behind a ternary', 'true ? signal.ip.matches("a") : false', 'E104'],
    ['matches behind spaces and a line break', 'signal.ip .\n matches ("a")', 'E104'],
    ['matches behind a comment', 'signal.ip. // now\n matches("a")', 'E104'],
    ['matches of a literal', '"aaa".matches("(a+)+$")', 'E104'],
    ['matches inside has', 'has(signal.ip.matches("a"))', 'E104'],
    ['matches inside a list', '["a".matches("a")] == [true]', 'E104'],
    ['matches of another room', 're.matches(signal.ip, "a")', 'E104'],
    ['matches in backticks', 'signal.ip.`matches`("a")', 'E102'],
    ['matches behind a leading dot', '.matches(signal.ip, "a")', 'E102'],
    ['an extension for regular expressions', 'regex.extract(signal.ip, "a") == "b"', 'E102'],
    ['a format', '"%s".format([signal.ip]) == "a"', 'E102'],
    ['a list made longer', 'risk.groups.map(g, g) == risk.groups', 'E102'],
    ['a macro in a macro', 'risk.groups.all(a, risk.groups.all(b, a != b))', 'E105'],
    ['a macro in the receiver of a macro inside a macro', 'risk.groups.all(a, risk.groups.filter(b, b == a).exists(c, c == a))', 'E105'],
    ['brackets nested deeply', `${'('.repeat(40)}true${')'.repeat(40)}`, 'E105'],
    ['a negation nested deeply', `${'!'.repeat(600)}true`, 'E105'],
    ['lists nested deeply', `${'['.repeat(300)}${']'.repeat(300)} == []`, 'E105'],
    ['choices nested deeply', `${'true ? '.repeat(300)}true${' : true'.repeat(300)}`, 'E105'],
    ['macros chained for long', `risk.groups${'.filter(g, true)'.repeat(200)}.size() == 1`, 'E105'],
    ['a path that does not end', `subject${'.a'.repeat(1900)} == 1`, 'E105'],
    ['a sum that does not end', `${Array.from({ length: 300 }, () => 'signal.ip').join(' + ')} == "a"`, 'E105'],
    ['a huge text', `signal.ip == "${'a'.repeat(2_000_000)}"`, 'E105'],
    ['a text that does not end', `"${'a'.repeat(3000)}`, 'E102'],
    ['a huge number of arguments', `size(${Array.from({ length: 900 }, () => '"a"').join(',')}) == 1`, 'E105'],
    ['bytes', 'b"a" == b"a"', 'E102'],
    ['an unsigned number', '1u == 1u', 'E102'],
    ['a huge list', `risk.score in [${Array.from({ length: 700 }, () => '1.0').join(', ')}]`, 'E105'],
    ['a field hidden by dyn', 'dyn(risk).nope == 1', 'E102'],
    ['a field behind brackets', 'subject["kind"] == "person"', 'E102'],
    ['a map of its own', '{"a": 1}.a == 1', 'E102'],
    ['bind, which renames', 'cel.bind(x, risk.score, x > 1.0)', 'E102'],
    ['the type of a value', 'type(risk.score) == double', 'E102'],
    ['an object as a value', 'subject == subject', 'E103'],
    ['a macro variable that hides a variable', 'risk.groups.exists(risk, risk == "data")', 'E102'],
    ['has of a text, which is always true', 'has(subject.tier)', 'E102'],
    ['a list by a computed name', 'cidr(signal.ip, signal.source)', 'E102'],
    ['a list that there is not', 'cidr(signal.ip, "nope")', 'E106'],
    ['a count of what leaves no evidence', 'recent("session_revoked", duration("1h")) > 1', 'E106'],
    ['an instant that is none', 'now > timestamp("yesterday")', 'E102'],
    ['the prototype of an object', 'subject.__proto__ == "x"', 'E103'],
    ['the constructor of an object', 'facts.constructor == "x"', 'E107'],
  ])('is refused at loading: %s', (_what, text, code) => {
    const before = performance.now();
    expect(codesOf(text)).toContain(code);
    expect(performance.now() - before).toBeLessThan(500);
  });
});

describe('functions', () => {
  const now = Date.UTC(2026, 4, 4, 10);
  const evidence = {
    v: 1 as const,
    families: [
      {
        type: 'anomalous_token',
        band: 'medium' as const,
        source: 'okta',
        tag: '',
        seen: [['', now - 1000] as const, ['n:1', now - 7_200_000] as const],
      },
    ],
    marks: { classes: [], targets: [], occurrences: [] },
  };
  const lists = new Map([['egress', compileList(lasting(['198.51.100.0/24', '2001:db8:40::/48', 'a-word']))]]);
  const truth = (text: string, given: Parameters<typeof situation>[0] = {}) => {
    const compiled = evaluator.compile(text, {});
    if (!compiled.ok) throw new Error(compiled.faults[0]?.message);
    return compiled.condition.evaluate(valuesOf(situation(given), assessment({ evidence }), settings(), { lists, facts: {} }));
  };
  const from = (ip: string) => ({ signal: { circumstances: { ip } } });

  it.each([
    ['recent counts inside its window only', 'recent("anomalous_token", duration("1h")) == 1', {}, 'true'],
    ['recent counts to the edge', 'recent("anomalous_token", duration("2h")) == 2', {}, 'true'],
    ['hasGroup asks for active evidence', 'hasGroup("data") && !hasGroup("session")', {}, 'true'],
    ['inGroup asks the directory', 'inGroup("staff")', { person: { groups: ['staff'] } }, 'true'],
    ['inGroup of what is no person is unknown', 'inGroup("staff")', { kind: 'device', person: null }, 'unknown'],
    ['cidr finds an address', 'cidr(signal.ip, "egress")', from('198.51.100.7'), 'true'],
    ['cidr sees through a mapped address', 'cidr(signal.ip, "egress")', from('::ffff:198.51.100.7'), 'true'],
    ['cidr finds an IPv6 address', 'cidr(signal.ip, "egress")', from('2001:db8:40:1::9'), 'true'],
    ['cidr tells another address apart', 'cidr(signal.ip, "egress")', from('203.0.113.9'), 'false'],
    ['cidr of an unknown address is unknown, and so is its negation', '!cidr(signal.ip, "egress")', {}, 'unknown'],
    ['cidr of what is no address is unknown', 'cidr(signal.ip, "egress")', from('198.51.100.7.evil'), 'unknown'],
    ['inList compares texts', 'inList(signal.source, "egress")', { signal: { source: 'a-word' } }, 'true'],
    ['inList of an unknown text is unknown', 'inList(device.compliance, "egress")', {}, 'unknown'],
    ['a lone unknown decides nothing beside a false', 'cidr(signal.ip, "egress") && false', {}, 'false'],
  ] as const)('%s', (_what, text, given, expected) => expect(truth(text, given as Parameters<typeof situation>[0])).toBe(expected));
});

describe('a document that is hostile', () => {
  it.each([
    [
      'aliases that multiply',
      `a: &a [x, x]\n${Array.from({ length: 12 }, (_, n) => `b${n}: [${Array.from({ length: 12 }, () => '*a').join(', ')}]`).join('\n')}`,
    ],
    ['a key twice', policyText().replace('mode: enforce', 'mode: enforce\nmode: report-only')],
    ['two documents in one file', `${policyText()}---\n${policyText({ id: 'RP-901' })}`],
    ['a list instead of a document', '- 1'],
    ['nothing', ''],
  ])('is E101 and nothing else breaks: %s', (_what, text) => {
    const result = tryCompile(text);
    expect(result.ok).toBe(false);
    if (!result.ok) expect(result.faults.map((fault) => fault.code)).toContain('E101');
  });

  it('does not repeat a secret that it holds', () => {
    const secret = 'xoxb-123456789012-abcdefABCDEF123456';
    const result = tryCompile(policyText().replace('An example', `token ${secret}`));
    expect(JSON.stringify(result)).not.toContain(secret);
  });
});
