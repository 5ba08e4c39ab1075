/** Who may end a pause, and when one ends by itself. */
import { describe, expect, it } from 'vitest';
import { mayEnd } from '../../src/app/pausing.ts';
import type { PeopleBehind } from '../../src/guard/index.ts';
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
    expect(mayEnd(record, by, at, rule, new Map())).toBe(expected);
  });

  const people: PeopleBehind = new Map<string, readonly string[] | 'nobody'>([
    ['ben', ['person-b']],
    ['ben-ci', ['person-x', 'person-b']],
    ['ann-ci', ['person-a']],
    ['ann', ['person-a']],
    ['cid', ['person-c']],
    ['ghost', 'nobody'],
  ]);
  it.each<[string, PauseRecord, string, number, boolean]>([
    ['not by one person under two names', pause({ by: 'ben', at: minute }), 'ben-ci', 2 * minute, false],
    ['not by one name in two spellings', pause({ by: 'ben', at: minute }), 'Ben', 2 * minute, false],
    ['by two people', pause({ by: 'ben-ci', at: minute }), 'cid', 2 * minute, true],
    ['by the pauser under another name after half an hour', pause(), 'ann-ci', 30 * minute, true],
    ['not by whoever might be anybody', pause({ by: 'ben', at: minute }), 'ghost', 2 * minute, false],
    ['not on the wish of whoever might be anybody', pause({ by: 'ghost', at: minute }), 'ben', 2 * minute, false],
  ])('%s', (_, record, by, at, expected) => {
    expect(mayEnd(record, by, at, rule, people)).toBe(expected);
  });

  it('by one person where the profile asks for one', () => {
    expect(mayEnd(pause(), 'ben', 1, { ...rule, people: 1 }, new Map())).toBe(true);
  });
});
