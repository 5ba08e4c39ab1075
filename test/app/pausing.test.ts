/** Who may end a pause, and when one ends by itself. */
import { describe, expect, it } from 'vitest';
import { mayEnd } from '../../src/app/pausing.ts';
import type { PauseRecord } from '../../src/store/pause-read.ts';

const minute = 60_000;
const rule = { people: 2, orPauserAfterMs: 30 * minute };
const pause = (asked?: { by: string; at: number }): PauseRecord => ({
  id: 'p',
  scope: {},
  since: 0,
  reason: 'test',
  setBy: 'ann',
  endedAt: null,
  endedBy: null,
  askedBy: asked?.by ?? null,
  askedAt: asked?.at ?? null,
});

describe('a pause is ended', () => {
  it.each<[string, PauseRecord, string, number, boolean]>([
    ['not by the pauser before half an hour', pause(), 'ann', 30 * minute - 1, false],
    ['by the pauser after half an hour', pause(), 'ann', 30 * minute, true],
    ['not by another alone, however late', pause(), 'ben', 600 * minute, false],
    ['by a second person', pause({ by: 'ben', at: minute }), 'cid', 2 * minute, true],
    ['by the pauser as the second', pause({ by: 'ben', at: minute }), 'ann', 2 * minute, true],
    ['not by the same person asking twice', pause({ by: 'ben', at: minute }), 'ben', 2 * minute, false],
    ['not on a wish of an hour ago', pause({ by: 'ben', at: minute }), 'cid', 61 * minute, false],
  ])('%s', (_, record, by, at, expected) => {
    expect(mayEnd(record, by, at, rule)).toBe(expected);
  });

  it('by one person where the profile asks for one', () => {
    expect(mayEnd(pause(), 'ben', 1, { ...rule, people: 1 })).toBe(true);
  });
});
