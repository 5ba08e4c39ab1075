import canonicalize from 'canonicalize';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalise, parseCanonical } from '../../src/ledger/canonical.ts';

describe('canonical JSON (RFC 8785)', () => {
  it('writes the example of section 3.2.2, but for its numbers that are no integers', () => {
    const value = { numbers: [333333333, 4, 2, 1], string: '\u20ac$\u000f\nA\'B"\\\\"/', literals: [null, true, false] };
    expect(canonicalise(value, 'whole')).toBe(
      '{"literals":[null,true,false],"numbers":[333333333,4,2,1],"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}',
    );
  });

  it('writes finite numbers as section 3.2.2.3 says', () => {
    const value = [Number('333333333.33333329'), 1e30, 4.5, 2e-3, 0.000000000000000000000000001, 1e21, 1e-7, -0];
    expect(canonicalise(value, 'finite')).toBe('[333333333.3333333,1e+30,4.5,0.002,1e-27,1e+21,1e-7,0]');
  });

  it('sorts names by UTF-16 code units (section 3.2.3)', () => {
    const value = { '\u20ac': 1, '\r': 2, '\ufb33': 3, '1': 4, '\ud83d\ude00': 5, '\u0080': 6, '\u00f6': 7 };
    expect(Object.keys(JSON.parse(canonicalise(value, 'whole')))).toHaveLength(7);
    expect(canonicalise(value, 'whole')).toBe('{"\\r":2,"1":4,"\u0080":6,"\u00f6":7,"\u20ac":1,"\ud83d\ude00":5,"\ufb33":3}');
    expect(canonicalise({ 10: 1, 9: 2 }, 'whole')).toBe('{"10":1,"9":2}');
    expect(canonicalise({ a: { 10: [{ '01': 1 }], '': 2 } }, 'whole')).toBe('{"a":{"":2,"10":[{"01":1}]}}');
    expect(canonicalise(JSON.parse('{"b":1,"__proto__":{"a":2}}'), 'whole')).toBe('{"__proto__":{"a":2},"b":1}');
    const many = Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`k${(i * 17) % 40}`, i]));
    expect(canonicalise(many, 'whole')).toBe(canonicalize(many));
  });

  it('agrees with an independent implementation on any JSON value', () => {
    fc.assert(
      fc.property(fc.jsonValue({ noUnicodeString: false, maxDepth: 5 }), (value) => {
        fc.pre(wellFormed(value));
        expect(canonicalise(value, 'finite')).toBe(canonicalize(value));
      }),
    );
  });

  it('gives the same text again when its own text is parsed and written', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 4 }), (value) => {
        const text = canonicalise(value, 'finite');
        expect(canonicalise(parseCanonical(text, 'finite'), 'finite')).toBe(text);
      }),
    );
  });

  const cyclic: Record<string, unknown> = {};
  cyclic.self = cyclic;
  const refused: [name: string, value: unknown][] = [
    ['undefined', undefined],
    ['an undefined member', { a: undefined }],
    ['a hole in an array', new Array(2)],
    ['NaN', [Number.NaN]],
    ['Infinity', Number.POSITIVE_INFINITY],
    ['-0', { a: -0 }],
    ['a float', 0.5],
    ['an integer beyond 2^53-1', 2 ** 53],
    ['a bigint', 1n],
    ['a Date', new Date(0)],
    ['a Map', new Map()],
    ['bytes', Buffer.from('a')],
    ['an instance of a class', new (class A {})()],
    ['an object with toJSON', { toJSON: () => 'x' }],
    ['a function', () => 1],
    ['a symbol', Symbol('a')],
    ['a lone high surrogate', 'a\ud800'],
    ['a lone low surrogate in a long text', `${'a'.repeat(300)}\udc00`],
    ['a lone surrogate in a name', { '\udfff': 1 }],
    ['a cycle', cyclic],
  ];
  it.each(refused)('refuses %s before it is hashed', (_name, value) => {
    expect(() => canonicalise(value, 'whole')).toThrow(expect.objectContaining({ code: 'ledger.notCanonical' }));
  });

  it('names the member that it refuses, and not its value', () => {
    expect(() => canonicalise({ a: [{ b: 1.5 }] }, 'whole')).toThrow('a.0.b: not a whole number within 2^53-1');
  });

  it.each([
    ['a duplicate name', '{"a":1,"a":2}'],
    ['white space', '{"a": 1}'],
    ['names out of order', '{"b":1,"a":2}'],
    ['an escape that is not needed', '"\\u0041"'],
    ['a number in another form', '1.0'],
    ['no JSON', '{'],
  ])('refuses a text with %s when parsing', (_name, text) => {
    expect(() => parseCanonical(text, 'whole')).toThrow(expect.objectContaining({ code: 'ledger.notCanonical' }));
  });
});

function wellFormed(value: unknown): boolean {
  return !/\\ud[89a-f]/i.test(JSON.stringify(value));
}
