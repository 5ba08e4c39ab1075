import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createIdMaker, type Id, isId } from '../../src/model/ids.ts';

it('ids are UUIDv7, hold their instant, and rise in the order in which they were asked for', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 1, maxLength: 200 }), (steps) => {
      const maker = createIdMaker((size) => new Uint8Array(size).fill(0xff));
      let at = Date.UTC(2026, 0, 1);
      const ids = steps.map((step) => {
        at += step;
        return maker.next<Id<'x'>>(at);
      });
      for (const id of ids) expect(isId(id)).toBe(true);
      expect([...ids].sort()).toEqual(ids);
      expect(new Set(ids).size).toBe(ids.length);
    }),
  );
});

it('more ids than a millisecond holds borrow from the next', () => {
  const maker = createIdMaker((size) => new Uint8Array(size));
  const ids = Array.from({ length: 5000 }, () => maker.next<Id<'x'>>(1_800_000_000_000));
  expect([...ids].sort()).toEqual(ids);
  expect(new Set(ids).size).toBe(5000);
});
