/**
 * Gathers what arrives while batches are being settled, so that one commit serves many. The next batch is cut as soon as one of
 * those in flight ends. No timer: an idle service settles a single signal at once.
 */

/** While the database works for one batch, the other is judged. They meet there as the batches of two processes do. */
const maxInFlight = 2;

export interface Batcher<Item, Result> {
  /**
   * Settles the items of one body and answers in their order. A body of more than `cap` items is settled in parts, in order, each
   * in a batch with what others sent meanwhile. Rejects with what `settle` threw; nothing of a rejected part was accepted.
   */
  submit(items: readonly Item[]): Promise<readonly Result[]>;
  /** Refuses new bodies and waits for those inside. */
  drain(): Promise<void>;
}

interface Waiting<Item, Result> {
  readonly items: readonly Item[];
  resolve(results: readonly Result[]): void;
  reject(error: unknown): void;
}

export function createBatcher<Item, Result>(
  settle: (items: readonly Item[]) => Promise<readonly Result[]>,
  options: { readonly cap: number; readonly closed: () => Error },
): Batcher<Item, Result> {
  let queue: Waiting<Item, Result>[] = [];
  let inFlight = 0;
  let scheduled = false;
  let openBodies = 0;
  let emptied: (() => void) | undefined;
  let draining = false;

  function schedule(): void {
    if (scheduled || inFlight >= maxInFlight || queue.length === 0) return;
    scheduled = true;
    setImmediate(async () => {
      scheduled = false;
      inFlight += 1;
      await settleNext();
      inFlight -= 1;
      schedule();
    });
  }

  async function settleNext(): Promise<void> {
    const batch = takeBatch();
    try {
      const results = await settle(batch.flatMap((waiting) => waiting.items));
      let from = 0;
      for (const waiting of batch) {
        waiting.resolve(results.slice(from, from + waiting.items.length));
        from += waiting.items.length;
      }
    } catch (error) {
      for (const waiting of batch) waiting.reject(error);
    }
  }

  function takeBatch(): Waiting<Item, Result>[] {
    let size = 0;
    let count = 0;
    for (const waiting of queue) {
      if (count > 0 && size + waiting.items.length > options.cap) break;
      size += waiting.items.length;
      count += 1;
    }
    const batch = queue.slice(0, count);
    queue = queue.slice(count);
    return batch;
  }

  function enqueue(items: readonly Item[]): Promise<readonly Result[]> {
    return new Promise((resolve, reject) => {
      queue.push({ items, resolve, reject });
      schedule();
    });
  }

  return {
    async submit(items) {
      if (draining) throw options.closed();
      openBodies += 1;
      try {
        const results: Result[] = [];
        for (let from = 0; from < items.length; from += options.cap)
          results.push(...(await enqueue(items.slice(from, from + options.cap))));
        return results;
      } finally {
        openBodies -= 1;
        if (openBodies === 0) emptied?.();
      }
    },
    async drain() {
      draining = true;
      if (openBodies > 0)
        await new Promise<void>((resolve) => {
          emptied = resolve;
        });
    },
  };
}
