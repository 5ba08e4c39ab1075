/** How calls to Okta wait for their turn: half of each allowance, the most urgent first, and what a 429 says is obeyed. */
import { describe, expect, test } from 'vitest';
import type { HttpAnswer } from '../../../src/adapters/http.ts';
import { createBudget, type Urgency } from '../../../src/adapters/okta/budget.ts';
import { createManualClock, type ManualClock } from '../../support/clock.ts';
import { flood } from './flood.ts';

const never = new AbortController().signal;

function answerOf(clock: ManualClock, limit: number, remaining: number, resetMs: number, status = 200): HttpAnswer {
  const headers = {
    'x-rate-limit-limit': String(limit),
    'x-rate-limit-remaining': String(remaining),
    'x-rate-limit-reset': String(Math.ceil((clock.now() + resetMs) / 1_000)),
  };
  return { kind: 'response', status, headers, text: '' };
}

function open(atOnce = 16) {
  const clock = createManualClock();
  const budget = createBudget(clock, atOnce);
  const sent: string[] = [];
  const settled: string[] = [];
  /** Answers come when they are let. */
  const open = new Map<string, (answer: HttpAnswer) => void>();
  const ask = (name: string, { urgency = 'action' as Urgency, path = '/api/v1/users/1', signal = never } = {}) => {
    const turn = budget.send({ path, urgency, signal }, () => {
      sent.push(name);
      return new Promise((resolve) => open.set(name, resolve));
    });
    turn.then(
      () => settled.push(`${name} answered`),
      (error: { facts: { code: string; retryAfterMs?: number } }) =>
        settled.push(`${name} ${error.facts.code} ${error.facts.retryAfterMs ?? ''}`.trim()),
    );
  };
  return {
    ...{ clock, budget, sent, settled, ask },
    async answer(name: string, answer: HttpAnswer) {
      open.get(name)?.(answer);
      await clock.advance(0);
    },
  };
}

describe('calls to Okta', () => {
  test('go one at a time until an answer has told what is allowed, and then only half of it goes in a window', async () => {
    const { clock, sent, ask, answer } = open();
    for (const name of ['a', 'b', 'c', 'd', 'e', 'f', 'g']) ask(name);
    expect(sent).toEqual(['a']);
    await answer('a', answerOf(clock, 10, 9, 1_000));
    expect(sent).toEqual(['a', 'b', 'c', 'd', 'e']);
    await clock.advance(1_000);
    // Those that are not answered may count in this window as well.
    expect(sent).toEqual(['a', 'b', 'c', 'd', 'e', 'f']);
    await answer('f', answerOf(clock, 10, 9, 1_000));
    expect(sent).toEqual(['a', 'b', 'c', 'd', 'e', 'f']);
    await clock.advance(1_000);
    expect(sent).toContain('g');
  });

  test('keep to a window of a clock that is minutes ahead of ours, whatever part of a second its answers are from', async () => {
    const { clock, sent, ask, answer } = open();
    const aheadMs = 180_000;
    const from = (remaining: number): HttpAnswer => {
      const theirs = clock.now() + aheadMs;
      const headers = {
        'x-rate-limit-limit': '10',
        'x-rate-limit-remaining': String(remaining),
        'x-rate-limit-reset': String((Math.floor(theirs / 60_000) + 1) * 60),
        date: new Date(theirs).toUTCString(),
      };
      return { kind: 'response', status: 200, headers, text: '' };
    };
    await clock.advance(58_500);
    for (const name of ['a', 'b', 'c', 'd', 'e', 'f']) ask(name);
    await answer('a', from(9));
    await clock.advance(490);
    for (const [name, remaining] of [
      ['b', 8],
      ['c', 7],
    ] as const)
      await answer(name, from(remaining));
    expect(sent).toEqual(['a', 'b', 'c', 'd', 'e']);
    await clock.advance(2_000);
    expect(sent).toEqual(['a', 'b', 'c', 'd', 'e', 'f']);
  });

  test('leave alone what others have used up', async () => {
    const { clock, sent, ask, answer } = open();
    for (const name of ['a', 'b', 'c']) ask(name);
    await answer('a', answerOf(clock, 100, 1, 1_000));
    expect(sent).toEqual(['a', 'b']);
    await answer('b', answerOf(clock, 100, 0, 1_000));
    expect(sent).toEqual(['a', 'b']);
    await clock.advance(1_000);
    expect(sent).toEqual(['a', 'b', 'c']);
  });

  test('go by their urgency: actions, then what is read back, the directory, and polling last', async () => {
    const { clock, sent, ask, answer } = open(1);
    ask('first');
    for (const urgency of ['polling', 'directory', 'readBack', 'action'] as const) ask(urgency, { urgency });
    ask('elsewhere', { urgency: 'readBack', path: '/api/v1/logs' });
    for (const name of ['first', 'action', 'readBack', 'elsewhere', 'directory']) await answer(name, answerOf(clock, 100, 90, 1_000));
    expect(sent.slice(0, 2)).toEqual(['first', 'action']);
    expect(sent.slice(2, 4).sort()).toEqual(['elsewhere', 'readBack']);
    expect(sent.slice(4)).toEqual(['directory', 'polling']);
  });

  test('are given back with their delay where the allowance is used up for longer than they wait', async () => {
    const { clock, settled, ask, answer } = open();
    for (const name of ['a', 'b', 'c']) ask(name);
    await answer('a', answerOf(clock, 2, 1, 60_000));
    expect(settled.sort()).toEqual(['a answered', 'b rateLimited 60000', 'c rateLimited 60000']);
  });

  test('obey what a 429 says, whether by Retry-After or by its reset', async () => {
    const { clock, sent, settled, ask, answer } = open();
    ask('a');
    const { headers } = answerOf(clock, 100, 50, 1_000) as { headers: Record<string, string> };
    await answer('a', { kind: 'response', status: 429, headers, text: '', retryAfterMs: 1_500 });
    ask('b');
    await clock.advance(1_400);
    expect(sent).toEqual(['a']);
    await clock.advance(100);
    expect(sent).toEqual(['a', 'b']);
    await answer('b', answerOf(clock, 100, 0, 30_000, 429));
    ask('c');
    await clock.advance(0);
    expect(settled.at(-1)).toMatch(/^c rateLimited (29|30|31)000$/);
  });

  test('are fewer at once after a 429 about too many at once, and more again with each answer', async () => {
    const { clock, sent, ask, answer } = open(4);
    for (const name of ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']) ask(name);
    await answer('a', answerOf(clock, 100, 90, 1_000));
    expect(sent).toEqual(['a', 'b', 'c', 'd', 'e']);
    await answer('b', answerOf(clock, 0, 0, 1_000, 429));
    expect(sent).toEqual(['a', 'b', 'c', 'd', 'e']);
    await clock.advance(1_000);
    // Three are in flight, and two may be.
    expect(sent).toEqual(['a', 'b', 'c', 'd', 'e']);
    await answer('c', answerOf(clock, 100, 90, 1_000));
    await answer('d', answerOf(clock, 100, 90, 1_000));
    expect(sent).toEqual(['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']);
  });

  test('that are called off while they wait are not sent', async () => {
    const { clock, sent, settled, ask, answer } = open();
    const stop = new AbortController();
    ask('a');
    ask('b', { signal: stop.signal });
    stop.abort();
    await clock.advance(0);
    expect(settled).toEqual(['b aborted']);
    await answer('a', answerOf(clock, 100, 90, 1_000));
    expect(sent).toEqual(['a']);
  });

  test('go on where answers tell no allowance, and where they are lost', async () => {
    const { sent, ask, answer } = open();
    for (const name of ['a', 'b', 'c', 'd']) ask(name);
    await answer('a', { kind: 'lost', code: 'cut' });
    expect(sent).toEqual(['a', 'b']);
    await answer('b', { kind: 'response', status: 200, headers: {}, text: '' });
    expect(sent).toEqual(['a', 'b', 'c', 'd']);
  });

  test('of 500 orders at 100 calls a second are all made, none too many, and before a reading of the directory', async () => {
    const { done, others, above, busiest, afterDirectory } = await flood({ calls: 100, orders: 500 });
    expect({ done, others, above }).toEqual({ done: 500, others: 0, above: 0 });
    expect(busiest).toBeLessThanOrEqual(51);
    expect(afterDirectory).toBe(0);
  }, 40_000);
});
