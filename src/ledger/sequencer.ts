/**
 * The sequencer: gives committed entries their place in the tree and signs the new head, a round a transaction. Any process may run
 * rounds (they exclude each other in the store); leadership only keeps one from repeating the other's timer.
 */
import type { Clock, Instant } from '../model/clock.ts';
import { AppError } from '../model/errors.ts';
import type { Log } from '../model/log.ts';
import { openCheckpoint, signCheckpoint } from './checkpoint.ts';
import type { Leadership, SequencingRound, SequencingStore, StoredHead } from './contract.ts';
import { emptyGrowth, type Growth, grow, loadGrowth, rootAt } from './growth.ts';
import type { NoteKey, NoteSigner } from './note.ts';
import { leafHash, rootOf } from './tree.ts';

/** Keys that sign now, and all that ever did: an older head must stand under one of these. */
export interface LedgerKeys {
  readonly signers: readonly NoteSigner[];
  readonly known: readonly NoteKey[];
}

export interface SequencerOptions {
  readonly store: SequencingStore;
  readonly leadership: Leadership;
  readonly origin: string;
  readonly keys: () => Promise<LedgerKeys>;
  readonly clock: Clock;
  readonly log: Log;
  /** Pause between two looks at what is pending; 1000 where not given. */
  readonly intervalMs?: number;
}

export interface SequencerStatus {
  readonly leading: boolean;
  /** Why nothing is signed any more, where the stored log does not fit its head. */
  readonly broken: string | null;
  readonly size: number;
  readonly signedAt: Instant | null;
}

export interface Sequencer {
  /** Sequences in the background while this process leads. */
  start(): void;
  /** Resolves when no round is running and leadership is given up. */
  stop(): Promise<void>;
  /** Gives a place to everything that was committed before the call, leading or not; undefined while the log is empty. */
  flush(): Promise<StoredHead | undefined>;
  status(): SequencerStatus;
}

/** Keeps one round's hashing, which blocks the process, at some ten milliseconds. */
const entriesPerRound = 2048;
const defaultIntervalMs = 1000;
const brokenIntervalMs = 60_000;

export function createSequencer(options: SequencerOptions): Sequencer {
  const { clock, log } = options;
  const round = createRounds(options);
  let head: StoredHead | undefined;
  let broken: string | null = null;
  let leading = false;
  let running: Promise<unknown> = Promise.resolve();
  let waiting: Promise<StoredHead | undefined> | undefined;
  let stopTimer: (() => void) | undefined;
  let ticking: Promise<void> = Promise.resolve();

  async function drain(): Promise<StoredHead | undefined> {
    for (;;) {
      const result = await round();
      head = result.head;
      broken = null;
      if (!result.more) return head;
    }
  }

  /** One drain at a time; callers that come while one waits to start share it, because it will see their commits too. */
  function flush(): Promise<StoredHead | undefined> {
    waiting ??= running.then(() => {
      waiting = undefined;
      return drain();
    });
    running = waiting.catch(() => {});
    return waiting;
  }

  async function tick(): Promise<void> {
    try {
      leading = await options.leadership.acquire();
      if (leading) await flush();
    } catch (error) {
      const isBroken = error instanceof AppError && error.code === 'ledger.broken';
      if (isBroken) broken = error.detail;
      log.error(
        { code: error instanceof AppError ? error.code : 'internal', detail: error instanceof AppError ? error.detail : undefined },
        'ledger.roundFailed',
      );
    }
  }

  function schedule(delayMs: number): void {
    const timer = clock.after(delayMs, () => {
      ticking = tick().then(() => {
        if (stopTimer) schedule(broken === null ? (options.intervalMs ?? defaultIntervalMs) : brokenIntervalMs);
      });
    });
    stopTimer = () => timer.cancel();
  }

  return {
    start() {
      if (!stopTimer) schedule(0);
    },
    async stop() {
      stopTimer?.();
      stopTimer = undefined;
      await ticking;
      await running;
      leading = false;
      await options.leadership.release();
    },
    flush,
    status: () => ({ leading, broken, size: head?.size ?? 0, signedAt: head?.signedAt ?? null }),
  };
}

/** One round after another, remembering the right edge between them. */
function createRounds({ store, origin, keys, clock }: SequencerOptions): () => Promise<{ head: StoredHead | undefined; more: boolean }> {
  let known: Growth = emptyGrowth;
  return async () => {
    const { signers, known: knownKeys } = await keys();
    const result = await store.round(async (round) => {
      const head = await round.head();
      const current = await growthAt(head, known, round, origin, knownKeys);
      const { entries, more } = await round.take(entriesPerRound);
      if (entries.length === 0) return { head, growth: current, more: false };
      const { growth, tiles } = grow(
        current,
        entries.map((entry) => leafHash(entry.body)),
      );
      const next = { size: growth.range.size, root: rootOf(growth.range) };
      const signed: StoredHead = { ...next, checkpoint: signCheckpoint(origin, next, signers), signedAt: clock.now() };
      await round.write({ firstIndex: current.range.size, entryIds: entries.map((entry) => entry.id), tiles, head: signed });
      return { head: signed, growth, more };
    });
    // Only what is committed is remembered.
    known = result.growth;
    return result;
  };
}

/**
 * The right edge below the stored head. A log MUST NOT sign a checkpoint inconsistent with one that it signed before (C2SP
 * tlog-checkpoint), so a head that the tiles, its own signature or this process's memory contradict is refused as `ledger.broken`.
 */
async function growthAt(
  head: StoredHead | undefined,
  known: Growth,
  round: SequencingRound,
  origin: string,
  keys: readonly NoteKey[],
): Promise<Growth> {
  const { size } = known.range;
  if (head === undefined) {
    if (size > 0) throw new AppError('ledger.broken', 'the head of the log is gone');
    return emptyGrowth;
  }
  if (size > 0 && head.size === size && head.root.equals(rootOf(known.range))) return known;
  if (head.size < size) throw new AppError('ledger.broken', `the head went back from ${size} to ${head.size} entries`);
  const checkpoint = openCheckpoint(head.checkpoint, origin, keys);
  if (!checkpoint.ok) throw new AppError('ledger.broken', `the head's checkpoint: ${checkpoint.fault}`);
  if (checkpoint.head.size !== head.size || !checkpoint.head.root.equals(head.root))
    throw new AppError('ledger.broken', 'the head differs from its checkpoint');
  const loaded = await loadGrowth(head.size, round.tiles);
  if (!rootOf(loaded.range).equals(head.root)) throw new AppError('ledger.broken', 'the tiles do not lead to the root of the head');
  if (size > 0 && !(await rootAt(size, round.tiles)).equals(rootOf(known.range))) {
    throw new AppError('ledger.broken', `the first ${size} entries are not those of the head before`);
  }
  return loaded;
}
