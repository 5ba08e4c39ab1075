/** What a process does by the clock: follow the others, follow the policy folder, settle again what was undecided, tidy up. */
import { openText } from '../ledger/index.ts';
import type { Clock } from '../model/clock.ts';
import { formatFaults } from '../model/document.ts';
import { AppError } from '../model/errors.ts';
import type { SignalId } from '../model/ids.ts';
import type { Log } from '../model/log.ts';
import { type Batcher, type Item, itemAgain } from '../signals/index.ts';
import { sweepExpiredRecords } from '../store/adapter-storage.ts';
import { sweepConfirmations } from '../store/confirmation.ts';
import { sweepRings } from '../store/detection-rings.ts';
import { sweepGuardUses } from '../store/guard-use.ts';
import { dueUndecided } from '../store/judged-by.ts';
import type { Keyring } from '../store/keyring.ts';
import { sweepNotices } from '../store/notices.ts';
import type { Store } from '../store/open.ts';
import { ensureMonthlyPartitions } from '../store/partitions.ts';
import { sweepSignIns } from '../store/sign-in.ts';
import { endGoneUndos } from '../store/undo-due.ts';
import { sweepUnresolved } from '../store/unresolved.ts';
import type { ConnectedAdapters } from './adapters.ts';
import type { Breakers } from './breakers.ts';
import { loadPolicies } from './core.ts';
import type { HeldLevels } from './held-levels.ts';
import type { HoldTimeouts } from './hold-timeouts.ts';
import type { Judging } from './judging.ts';
import { keepPauses, type PausingParts } from './pausing.ts';
import type { PeopleParts } from './people.ts';
import { watchPolicyFolder } from './policy-folder.ts';
import { type RecordParts, recordBundle } from './records.ts';
import { resolveWaiting } from './resolving.ts';
import { repeat } from './system.ts';
import type { Undos } from './undo.ts';

export interface BackgroundParts {
  readonly store: Store;
  readonly judging: Judging;
  readonly batcher: Batcher<Item, unknown>;
  readonly keyring: Keyring;
  readonly records: RecordParts;
  readonly people: PeopleParts;
  readonly policyFolder: string;
  readonly adapters: ConnectedAdapters;
  readonly levels: HeldLevels;
  readonly breakers: Breakers;
  readonly holds: HoldTimeouts;
  readonly undos: Undos;
  readonly pausing: PausingParts;
  readonly clock: Clock;
  readonly log: Log;
}

/** A pause binds every process within a second; another active bundle within five. */
const pausesEveryMs = 500;
const followEveryMs = 3_000;
const undecidedEveryMs = 5_000;
const resolveEveryMs = 2_000;
/** Nothing follows from a signal of before that, whoever is meant. */
const unresolvedKeptMs = 90 * 86_400_000;
/** What was told, or was not, is looked up that long. */
const noticesKeptMs = 90 * 86_400_000;
/** A provider repeats itself within hours, and is read again within days. */
const confirmationsKeptMs = 14 * 86_400_000;
/** Readers are shown the right level at once; this is for what is told by itself. */
const levelsEveryMs = 2_000;
const breakersEveryMs = 5_000;
/** It counts the signals of an hour. */
const sourcesEveryMs = 60_000;
/** Whoever decides after the end is told so at once. */
const holdsEveryMs = 2_000;
/** An end is never missed by more than a moment. */
const undoEveryMs = 1_000;
const watchEveryMs = 5_000;
const tidyEveryMs = 6 * 3_600_000;

export function startBackground(parts: BackgroundParts): { stop(): Promise<void> } {
  const { judging, store, clock, log, levels, breakers, holds, undos, pausing } = parts;
  const failed = (task: string) => (error: unknown) =>
    log.warn({ task, code: error instanceof AppError ? error.code : (error as Error).name }, 'background.failed');
  const ending = new AbortController();
  const tasks = [
    repeat(clock, pausesEveryMs, () => keepPauses(pausing).then(() => judging.refreshPauses()), failed('pauses')),
    repeat(clock, followEveryMs, () => judging.refresh(), failed('follow')),
    repeat(clock, undecidedEveryMs, () => settleUndecided(parts), failed('undecided')),
    repeat(clock, resolveEveryMs, () => resolveWaiting(parts, ending.signal), failed('resolve')),
    repeat(clock, levelsEveryMs, () => levels.look(), failed('levels')),
    repeat(clock, breakersEveryMs, () => breakers.look(), failed('breakers')),
    repeat(clock, sourcesEveryMs, () => breakers.lookAtSources(), failed('sources')),
    repeat(clock, holdsEveryMs, () => holds.sweep(), failed('holds')),
    repeat(clock, undoEveryMs, () => undos.look(), failed('undo')),
    repeat(clock, watchEveryMs, () => undos.watch(ending.signal), failed('watch')),
    repeat(clock, tidyEveryMs, () => tidy(store, clock), failed('tidy')),
  ];
  const folder = watchPolicies(parts, failed('policies'));
  return {
    async stop() {
      folder.stop();
      ending.abort();
      await Promise.all(tasks.map((task) => task.stop()));
    },
  };
}

async function tidy(store: Store, clock: Clock): Promise<void> {
  await ensureMonthlyPartitions(store, clock.now());
  await sweepExpiredRecords(store, clock.now());
  await sweepSignIns(store, clock.now());
  await sweepGuardUses(store, clock.now());
  await sweepRings(store, clock.now());
  await endGoneUndos(store, clock.now());
  await sweepNotices(store, clock.now() - noticesKeptMs);
  await sweepConfirmations(store, clock.now() - confirmationsKeptMs);
  await sweepUnresolved(store, clock.now() - unresolvedKeptMs);
}

/** Undecided signals whose time has come enter the same way as new ones, under their old names. */
async function settleUndecided({ store, clock, keyring, batcher, log }: BackgroundParts): Promise<void> {
  for (const row of await dueUndecided(store, clock.now(), 64)) {
    const opened = openText(row.sealed, row.signalId, await keyring.connectionKey(row.source));
    if (opened === undefined) log.error({ signalId: row.signalId }, 'signal.cannotBeOpened');
    else await batcher.submit([itemAgain(JSON.parse(opened.pii), row.signalId as SignalId, row.attempts)]);
  }
}

/** A good change becomes the active bundle; a broken one leaves the active bundle in force and alarms. */
function watchPolicies(
  { policyFolder, judging, records, clock, log }: BackgroundParts,
  failed: (error: unknown) => void,
): { stop(): void } {
  const take = async () => {
    try {
      const bundle = await loadPolicies(policyFolder);
      if (bundle.hash === judging.state().bundle.hash) return;
      await recordBundle(bundle, records);
      await judging.adopt(bundle);
      log.info({ bundleHash: bundle.hash }, 'policies.changed');
    } catch (error) {
      if (error instanceof AppError && error.code === 'policies.invalid')
        log.error({ faults: formatFaults(error.faults) }, 'policies.broken');
      else throw error;
    }
  };
  return watchPolicyFolder(policyFolder, clock, () => void take().catch(failed), failed);
}
