/** At most so many pieces of work at once; others wait in the order in which they came. */
export interface Limiter {
  /** Runs `work` when a place is free. */
  run<T>(work: () => Promise<T>): Promise<T>;
}

export function createLimiter(places: number): Limiter {
  let free = Math.max(1, places);
  const queue: (() => void)[] = [];
  return {
    async run(work) {
      if (free > 0) free -= 1;
      else await new Promise<void>((resolve) => void queue.push(resolve));
      try {
        return await work();
      } finally {
        const next = queue.shift();
        if (next) next();
        else free += 1;
      }
    },
  };
}
