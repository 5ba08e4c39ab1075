import { describe, expect, it } from 'vitest';
import { goldenChecks } from './goldens.ts';
import { asItStands } from './room.ts';

const checks = goldenChecks(asItStands);

describe('worked examples', () => {
  it.each(checks)('$name', ({ run }) => run({ numRuns: 1 }));

  it('are all there', () => {
    const upTo = (letter: string, last: number) => Array.from({ length: last }, (_, index) => `${letter}${index + 1}`);
    const wanted = [...upTo('G', 24), ...upTo('N', 19).filter((id) => id !== 'N3')];
    const known = new Set(checks.map(({ name }) => name.split(/[: ]/, 1)[0]));
    expect(wanted.filter((id) => !known.has(id))).toEqual([]);
  });
});
