import { describe, expect, it } from 'vitest';
import { AppError } from '../../src/model/errors.ts';
import { createBatcher, poisonReason, settleByHalves } from '../../src/signals/index.ts';

const closed = () => new Error('closed');
const tick = () => new Promise<void>((resolve) => setImmediate(resolve));

describe('the batcher', () => {
  it('settles a single signal at once, a second beside it, and gathers what comes meanwhile', async () => {
    const batches: number[][] = [];
    const waiting: (() => void)[] = [];
    const batcher = createBatcher<number, number>(
      async (items) => {
        batches.push([...items]);
        await new Promise<void>((resolve) => waiting.push(resolve));
        return items.map((item) => item * 10);
      },
      { cap: 256, closed },
    );
    const first = batcher.submit([1]);
    await tick();
    const second = batcher.submit([2]);
    await tick();
    const others = [batcher.submit([3]), batcher.submit([4, 5])];
    await tick();
    expect(batches).toEqual([[1], [2]]);
    waiting.pop()?.();
    expect(await second).toEqual([20]);
    await tick();
    expect(batches).toEqual([[1], [2], [3, 4, 5]]);
    for (const end of waiting) end();
    expect(await first).toEqual([10]);
    expect(await Promise.all(others)).toEqual([[30], [40, 50]]);
  });

  it('cuts a large body into parts and lets small bodies in between', async () => {
    const batches: number[] = [];
    const settle = async (items: readonly number[]) => {
      batches.push(items.length);
      return [...items];
    };
    const batcher = createBatcher<number, number>(settle, { cap: 3, closed });
    const large = batcher.submit([1, 2, 3, 4, 5, 6, 7]);
    const small = batcher.submit([9]);
    expect(await large).toEqual([1, 2, 3, 4, 5, 6, 7]);
    expect(await small).toEqual([9]);
    expect(batches[0]).toBe(3);
    expect(Math.max(...batches)).toBe(3);
  });

  it('rejects those of a batch that failed, and goes on', async () => {
    let fail = true;
    const batcher = createBatcher<number, number>(
      async (items) => {
        if (fail) throw new Error('away');
        return [...items];
      },
      { cap: 8, closed },
    );
    await expect(batcher.submit([1])).rejects.toThrow('away');
    fail = false;
    expect(await batcher.submit([2])).toEqual([2]);
  });

  it('waits for those inside when it drains, and refuses newcomers', async () => {
    const batcher = createBatcher<number, number>(async (items) => [...items], { cap: 2, closed });
    const inside = batcher.submit([1, 2, 3, 4, 5]);
    const drained = batcher.drain();
    await expect(batcher.submit([9])).rejects.toThrow('closed');
    await drained;
    expect(await inside).toEqual([1, 2, 3, 4, 5]);
  });
});

describe('a batch that holds something the database refuses', () => {
  const poison = Object.assign(new Error('refused'), { code: '22P02' });

  it('is settled by halves until the culprits stand alone', async () => {
    const settled: number[] = [];
    const buried: number[] = [];
    const results = await settleByHalves(
      Array.from({ length: 256 }, (_, n) => n),
      async (items) => {
        if (items.some((item) => item === 17 || item === 200)) throw poison;
        settled.push(...items);
        return items.map(() => 'settled');
      },
      async (item, reason) => {
        buried.push(item);
        return `buried, ${reason}`;
      },
    );
    expect(buried).toEqual([17, 200]);
    expect(settled).toHaveLength(254);
    expect(results[17]).toBe('buried, database refused: 22P02');
    expect(results.filter((result) => result === 'settled')).toHaveLength(254);
  });

  it.each([
    [Object.assign(new Error('a text of the data'), { code: '23514' }), 'database refused: 23514'],
    [new RangeError('a text of the data'), 'step failed: RangeError'],
    [new AppError('ledger.notCanonical', 'a text of the data'), 'step failed: ledger.notCanonical'],
    [new AppError('store.unavailable', 'away'), undefined],
    [new AppError('keys.unusable', 'gone'), undefined],
    [Object.assign(new Error('lost'), { code: '57P01' }), undefined],
    [Object.assign(new Error('lost'), { code: 'ECONNRESET' }), undefined],
    ['no error', undefined],
  ])('says why a culprit is one, and never in words of the data: %s', (error, reason) => {
    expect(poisonReason(error)).toBe(reason);
  });

  it('is not divided for a fault that is not of the data', async () => {
    const lost = Object.assign(new Error('lost'), { code: '57P01' });
    await expect(
      settleByHalves(
        [1, 2],
        async () => Promise.reject(lost),
        async () => 1,
      ),
    ).rejects.toBe(lost);
  });
});
