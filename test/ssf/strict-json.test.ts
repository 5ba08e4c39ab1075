import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { maxJsonDepth, readStrictJson } from '../../src/ssf/strict-json.ts';

const faultOf = (source: string | Uint8Array) => {
  const result = readStrictJson(source);
  return result.ok ? undefined : result.fault;
};

describe('strict JSON', () => {
  it.each([
    ['a member twice', '{"a":1,"a":2}', 'duplicateMember'],
    ['a member twice, deep inside', '{"x":[{"a":{"b":1 , "b"\t:\n2}}]}', 'duplicateMember'],
    ['a member twice, once escaped', '{"a":1,"\\u0061":2}', 'duplicateMember'],
    ['__proto__', '{"__proto__":{"admin":true}}', 'forbiddenName'],
    ['__proto__, escaped', '{"__pr\\u006fto__":1}', 'forbiddenName'],
    ['constructor', '{"a":{"constructor":{}}}', 'forbiddenName'],
    ['prototype', '{"prototype":1}', 'forbiddenName'],
    ['NUL in a text', '{"a":"x\\u0000y"}', 'badString'],
    ['NUL in a name', '{"a\\u0000":1}', 'badString'],
    ['a lone surrogate', '["\\ud800"]', 'badString'],
    ['a number out of range', '[1e999]', 'badNumber'],
    ['no JSON', '{"a":1', 'syntax'],
    ['two documents', '{}{}', 'syntax'],
    ['a byte order mark', '\ufeff{}', 'syntax'],
    ['nothing', '', 'syntax'],
  ])('refuses %s', (_name, text, fault) => {
    expect(faultOf(text)).toBe(fault);
    expect(faultOf(Buffer.from(text))).toBe(fault);
  });

  it.each([
    ['an overlong sequence', [0x22, 0xc0, 0xaf, 0x22]],
    ['UTF-16', [0xff, 0xfe, 0x7b, 0x00, 0x7d, 0x00]],
    ['latin1', [0x22, 0xe9, 0x22]],
  ])('refuses bytes that are not UTF-8: %s', (_name, bytes) => {
    expect(faultOf(Uint8Array.from(bytes))).toBe('encoding');
  });

  it('refuses deep nesting without a crash, however deep', () => {
    const nest = (depth: number) => '['.repeat(depth) + ']'.repeat(depth);
    expect(faultOf(nest(maxJsonDepth))).toBeUndefined();
    expect(faultOf(nest(maxJsonDepth + 1))).toBe('tooDeep');
    expect(faultOf(nest(100_000))).toBe('tooDeep');
    expect(faultOf('{"a":'.repeat(50_000))).toBe('syntax');
  });

  it('gives objects without a prototype', () => {
    const result = readStrictJson('{"toString":1,"a":{"valueOf":2}}');
    if (!result.ok) throw new Error(result.fault);
    expect(Object.getPrototypeOf(result.value)).toBeNull();
    expect(Object.getPrototypeOf((result.value as { a: object }).a)).toBeNull();
    expect((result.value as Record<string, unknown>).hasOwnProperty).toBeUndefined();
  });

  it('is not misled by quotes, backslashes and colons inside texts', () => {
    const value = { 'a\\': 'b":"c', 'd"': '\\":{"e":1}', ':': ['":', '\\\\'], '': '"' };
    for (const text of [JSON.stringify(value), JSON.stringify(value, null, 2)]) {
      const result = readStrictJson(text);
      expect(result.ok && structuredClone(result.value)).toEqual(value);
    }
  });

  const plain = fc.jsonValue({ maxDepth: 8, stringUnit: 'binary' }).filter((value) => {
    const text = JSON.stringify(value);
    return !/"(__proto__|constructor|prototype)"\s*:/.test(text) && !text.includes('\\u0000') && !/\\ud[89a-f]/i.test(text);
  });

  it('reads whatever JSON.stringify writes, as JSON.parse does', () => {
    fc.assert(
      fc.property(plain, fc.boolean(), (value, spaced) => {
        const text = JSON.stringify(value, null, spaced ? 2 : undefined);
        const result = readStrictJson(text);
        expect(result.ok && JSON.stringify(result.value)).toBe(JSON.stringify(JSON.parse(text)));
      }),
      { numRuns: 500 },
    );
  });

  it('accepts no text that JSON.parse refuses, and agrees with it otherwise', () => {
    const pieces = fc.array(
      fc.constantFrom('{', '}', '[', ']', ':', ',', '"a"', '"b\\""', '"\\\\"', '1', '-0', 'null', ' ', '"', '\\', '1e5'),
      { maxLength: 12 },
    );
    fc.assert(
      fc.property(pieces, (parts) => {
        const text = parts.join('');
        const result = readStrictJson(text);
        if (result.ok) expect(JSON.stringify(result.value)).toBe(JSON.stringify(JSON.parse(text)));
      }),
      { numRuns: 3000 },
    );
  });

  it('finds any member that is written twice', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.string({ minLength: 1 }), { minLength: 1, maxLength: 6 }), fc.nat(), (names, pick) => {
        const safe = names.map((name) => `k${name}`);
        const members = safe.map((name) => `${JSON.stringify(name)}:1`);
        const twice = members[pick % members.length] as string;
        const result = readStrictJson(`{${[...members, twice].join(',')}}`);
        expect(result.ok).toBe(false);
      }),
    );
  });
});
