/** An adapter's storage in memory, with the promises of the real one; its content can be kept for a second adapter, as after a restart. */
import type { AdapterStorage, StorageIndex, StoredRecord } from '../../src/adapters/contract.ts';
import type { Clock } from '../../src/model/clock.ts';

interface Kept {
  readonly kind: string;
  readonly key: string;
  readonly record: StoredRecord;
  readonly nth: number;
}

/** Records whose `expiresAt` has passed are not there. Values are copied, as a database would. */
export function createMemoryStorage(clock: Clock): AdapterStorage & { readonly size: number } {
  const records = new Map<string, Kept>();
  let births = 0;
  const nameOf = (kind: string, key: string) => `${kind}\u0000${key}`;
  const lives = ({ record }: Kept) => record.expiresAt === undefined || record.expiresAt > clock.now();
  const peek = (kind: string, key: string) => {
    const kept = records.get(nameOf(kind, key));
    return kept && lives(kept) ? kept : undefined;
  };
  const ofKind = (kind: string) => [...records.values()].filter((kept) => kept.kind === kind && lives(kept));

  return {
    get size() {
      return records.size;
    },
    async get(kind, key) {
      const kept = peek(kind, key);
      return kept && structuredClone(kept.record);
    },
    async put(kind, key, record, options) {
      if (options?.onlyIf && !peek(options.onlyIf.kind, options.onlyIf.key)) return false;
      records.set(nameOf(kind, key), { kind, key, record: JSON.parse(JSON.stringify(record)) as StoredRecord, nth: births++ });
      return true;
    },
    async delete(kind, key) {
      const there = peek(kind, key) !== undefined;
      records.delete(nameOf(kind, key));
      return there;
    },
    async find(kind: string, index: StorageIndex, value: string) {
      return ofKind(kind)
        .filter(({ record }) => record[index] === value)
        .sort((a, b) => b.nth - a.nth)
        .map(({ key, record }) => ({ ...structuredClone(record), key }));
    },
    async deleteBy(kinds, index, value) {
      const meant = [...records].filter(([, kept]) => kinds.includes(kept.kind) && kept.record[index] === value);
      for (const [name] of meant) records.delete(name);
      return meant.length;
    },
    async list(kind, after, limit) {
      return ofKind(kind)
        .filter(({ key }) => after === undefined || key > after)
        .sort((a, b) => (a.key < b.key ? -1 : 1))
        .slice(0, limit)
        .map(({ key, record }) => ({ ...structuredClone(record), key }));
    },
  };
}
