/**
 * Looks for the people of signals that were decided as unresolved: among those known by now, and, where nobody is, by asking the
 * directories. Who is found is taken over, and the signal is decided anew.
 */
import { resolveClaim } from '../context/index.ts';
import { openText } from '../ledger/index.ts';
import type { Clock } from '../model/clock.ts';
import type { Log } from '../model/log.ts';
import type { Arrival, Verified } from '../model/signal.ts';
import type { IdentifierKey } from '../model/subject.ts';
import { type Batcher, type Item, itemReopened } from '../signals/index.ts';
import type { Keyring } from '../store/keyring.ts';
import type { Store } from '../store/open.ts';
import { namesOf } from '../store/people-names.ts';
import { dueUnresolved, noteLookedFor, type WaitingSignal, wakeUnresolved } from '../store/unresolved.ts';
import type { ConnectedAdapters } from './adapters.ts';
import { type PeopleParts, takeOver } from './people.ts';

export interface ResolvingParts {
  readonly store: Store;
  readonly keyring: Keyring;
  readonly batcher: Batcher<Item, unknown>;
  readonly adapters: ConnectedAdapters;
  readonly people: PeopleParts;
  readonly clock: Clock;
  readonly log: Log;
}

/** After the first attempt half a minute, then four times as long each time: the sixth and last comes after nearly three hours. */
const backOffMs = 30_000;
const backOffFactor = 4;
const mostAttempts = 6;
const pageSize = 128;
const wokenByOne = 1_000;

interface Waiting {
  readonly row: WaitingSignal;
  readonly arrival: Verified<Arrival>;
}

/** One round, at most one page: what is left comes with the next. */
export async function resolveWaiting(parts: ResolvingParts, signal: AbortSignal): Promise<void> {
  const at = parts.clock.now();
  const waiting = await openAll(await dueUnresolved(parts.store, at, pageSize), parts);
  if (waiting.length === 0) return;
  let resolve = await readResolver(waiting, parts.store);
  const strangers = waiting.filter(({ row, arrival }) => isDue(row, at) && resolve(arrival.claim).kind === 'nobody');
  if (await askDirectories(strangers, parts, signal)) {
    // Earlier signals of the same people may have given up asking.
    await wakeUnresolved(parts.store, at, wokenByOne);
    resolve = await readResolver(waiting, parts.store);
  }
  const known = waiting.filter(({ arrival }) => resolve(arrival.claim).kind === 'identity');
  if (known.length > 0) await parts.batcher.submit(known.map(({ row, arrival }) => itemReopened(arrival, row.signalId)));
  for (const { row, arrival } of waiting) {
    const found = resolve(arrival.claim);
    const candidates = found.kind === 'ambiguous' ? found.identityIds : [];
    await noteLookedFor(parts.store, row, { ...nextOf(row, at), candidates });
  }
}

function isDue(row: WaitingSignal, at: number): boolean {
  return row.nextAt !== null && row.nextAt <= at;
}

function nextOf(row: WaitingSignal, at: number): Pick<WaitingSignal, 'attempts' | 'nextAt'> {
  if (!isDue(row, at)) return row;
  const attempts = row.attempts + 1;
  return { attempts, nextAt: attempts >= mostAttempts ? null : at + backOffMs * backOffFactor ** (attempts - 1) };
}

async function openAll(rows: readonly WaitingSignal[], { store, keyring, log }: ResolvingParts): Promise<readonly Waiting[]> {
  const waiting: Waiting[] = [];
  for (const row of rows) {
    const opened = openText(row.sealed, row.signalId, await keyring.connectionKey(row.source));
    if (opened !== undefined) waiting.push({ row, arrival: JSON.parse(opened.pii) as Verified<Arrival> });
    else {
      log.error({ signalId: row.signalId }, 'signal.cannotBeOpened');
      await noteLookedFor(store, row, { attempts: mostAttempts, nextAt: null, candidates: [] });
    }
  }
  return waiting;
}

/** Resolves claims by what is known now. */
async function readResolver(waiting: readonly Waiting[], store: Store) {
  const lookup = await namesOf(
    store,
    waiting.flatMap(({ arrival }) => arrival.claim.person),
  );
  return (claim: Arrival['claim']) => resolveClaim(claim, lookup);
}

/**
 * Every identifier is asked for at every directory, so that a claim that names two people finds both. Answers whether anybody was
 * taken over.
 */
async function askDirectories(strangers: readonly Waiting[], parts: ResolvingParts, signal: AbortSignal): Promise<boolean> {
  const keys = new Map<string, IdentifierKey>();
  for (const { arrival } of strangers) for (const key of arrival.claim.person) keys.set(`${key.format} ${key.value}`, key);
  let anybody = false;
  for (const { id, adapter } of parts.adapters.all()) {
    if (adapter.find === undefined) continue;
    for (const key of keys.values()) {
      if (signal.aborted) return anybody;
      try {
        const person = await adapter.find(key, signal);
        if (person === undefined) continue;
        await takeOver(id, person, parts.people);
        anybody = true;
      } catch (error) {
        // One that does not answer is not asked for the others either: they come again with their next attempt.
        parts.log.warn({ connection: id, error: (error as Error).name }, 'directory.askFailed');
        break;
      }
    }
  }
  return anybody;
}
