/** One-time codes against the vectors of RFC 6238 appendix B (eight digits there; ours are their last six) and RFC 4648 section 10. */
import { expect, test } from 'vitest';
import { codeOf, stepAt, toBase32 } from '../../src/adapters/sandbox/totp.ts';

const secret = Buffer.from('12345678901234567890');

test.each([
  [59, '287082'],
  [1_111_111_109, '081804'],
  [1_111_111_111, '050471'],
  [1_234_567_890, '005924'],
  [2_000_000_000, '279037'],
  [20_000_000_000, '353130'],
])('at %i seconds the code is %s', (seconds, code) => expect(codeOf(secret, stepAt(seconds * 1000))).toBe(code));

test.each([
  ['', ''],
  ['f', 'MY'],
  ['fo', 'MZXQ'],
  ['foo', 'MZXW6'],
  ['foobar', 'MZXW6YTBOI'],
])('%j is %j in base32', (text, encoded) => expect(toBase32(Buffer.from(text))).toBe(encoded));
