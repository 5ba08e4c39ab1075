/** Settles a batch that holds something the database refuses: by halves, until the culprit stands alone and the rest is settled. */

/** SQLSTATE classes that speak of the data itself: cardinality, data exception, constraint, program limit. */
const poisonClasses = new Set(['21', '22', '23', '54']);

/** The SQLSTATE where an error is the database's word on the data, else `undefined`. */
export function poisonState(error: unknown): string | undefined {
  const state = (error as { code?: unknown } | null)?.code;
  return typeof state === 'string' && state.length === 5 && poisonClasses.has(state.slice(0, 2)) ? state : undefined;
}

/** `bury` stores a culprit without judging it. Anything but poison is thrown on; what was settled before it stays settled. */
export async function settleByHalves<Item, Result>(
  items: readonly Item[],
  settle: (items: readonly Item[]) => Promise<readonly Result[]>,
  bury: (item: Item, sqlState: string) => Promise<Result>,
): Promise<readonly Result[]> {
  try {
    return await settle(items);
  } catch (error) {
    const state = poisonState(error);
    if (state === undefined) throw error;
    const [only] = items;
    if (items.length === 1 && only !== undefined) return [await bury(only, state)];
    const middle = Math.ceil(items.length / 2);
    const left = await settleByHalves(items.slice(0, middle), settle, bury);
    return [...left, ...(await settleByHalves(items.slice(middle), settle, bury))];
  }
}
