/** Settles a batch that holds something that cannot be written: by halves, until the culprit stands alone and the rest is settled. */
import { AppError, type ErrorCode } from '../model/errors.ts';

/** SQLSTATE classes that speak of the data itself: cardinality, data exception, constraint, program limit. */
const poisonClasses = new Set(['21', '22', '23', '54']);

/** Faults of ours that a signal's own content can bring about. */
const poisonCodes: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['ledger.notCanonical', 'internal']);

/**
 * Why an error speaks of the data and not of the store or the service, for the record of the culprit: the database's word on it, or a
 * step that threw. Undefined for everything else. Never the message, which may quote the data.
 */
export function poisonReason(error: unknown): string | undefined {
  if (error instanceof AppError) return poisonCodes.has(error.code) ? `step failed: ${error.code}` : undefined;
  if (!(error instanceof Error)) return undefined;
  const { code } = error as { code?: unknown };
  if (code === undefined) return `step failed: ${error.name}`;
  return typeof code === 'string' && code.length === 5 && poisonClasses.has(code.slice(0, 2)) ? `database refused: ${code}` : undefined;
}

/** `bury` stores a culprit without judging it. Anything but poison is thrown on; what was settled before it stays settled. */
export async function settleByHalves<Item, Result>(
  items: readonly Item[],
  settle: (items: readonly Item[]) => Promise<readonly Result[]>,
  bury: (item: Item, reason: string) => Promise<Result>,
): Promise<readonly Result[]> {
  try {
    return await settle(items);
  } catch (error) {
    const reason = poisonReason(error);
    if (reason === undefined) throw error;
    const [only] = items;
    if (items.length === 1 && only !== undefined) return [await bury(only, reason)];
    const middle = Math.ceil(items.length / 2);
    const left = await settleByHalves(items.slice(0, middle), settle, bury);
    return [...left, ...(await settleByHalves(items.slice(middle), settle, bury))];
  }
}
