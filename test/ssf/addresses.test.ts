/** Addresses have one spelling: what is written right already is taken as it is, and only that. */
import fc from 'fast-check';
import ipaddr from 'ipaddr.js';
import { expect, it } from 'vitest';
import { canonicalAddress } from '../../src/ssf/index.ts';

const octet = fc.oneof(fc.nat(300).map(String), fc.constantFrom('00', '01', '007', '010', '0', '255', '256', '1e1', '', ' 1', '-1'));
const dotted = fc.array(octet, { minLength: 3, maxLength: 5 }).map((octets) => octets.join('.'));

it('of dotted decimals, the strict form alone is an address as it stands', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        dotted,
        dotted.map((text) => `${text}.`),
        dotted.map((text) => `${text}\n`),
        fc.ipV4(),
      ),
      (text) => {
        const isStrict =
          /^\d+\.\d+\.\d+\.\d+$/.test(text) &&
          text.split('.').every((one) => String(Number(one)) === one && Number(one) < 256) &&
          !text.endsWith('\n');
        const got = canonicalAddress(text);
        if (isStrict) expect(got).toBe(text);
        if (got !== undefined) expect(got).toBe(ipaddr.process(text).toString());
      },
    ),
    { numRuns: 5_000 },
  );
});
