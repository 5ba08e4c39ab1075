/** What a process writes into the log about itself: its start, the configuration it runs, the policies it made active. */
import type { Bundle } from '../engine/bundle.ts';
import type { AppendEntries } from '../ledger/index.ts';
import type { Clock } from '../model/clock.ts';
import type { EntryId, IdMaker } from '../model/ids.ts';
import type { JudgingSettings } from '../model/settings.ts';
import { diffSettings, type RedactedSettings } from '../settings/index.ts';
import type { Tx } from '../store/db.ts';
import { requestRecheck } from '../store/held-level.ts';
import { activateBundle, activeBundleHash, lastConfig, storeBundle, storeConfig } from '../store/judged-by.ts';
import type { Store } from '../store/open.ts';

export interface RecordParts {
  readonly store: Store;
  readonly append: AppendEntries<Tx>;
  readonly ids: IdMaker;
  readonly clock: Clock;
}

export interface Build {
  readonly version: string;
  /** SHA-256 over the program's files. */
  readonly build: string;
}

/** A change of configuration that is enforced by hand is nobody's proven decision. */
const unproven = 'unproven';

/** Writes `config.changed` where the configuration is another one than the last that ran. */
export async function recordConfig(
  config: { readonly hash: string; readonly judging: JudgingSettings; readonly redacted: RedactedSettings },
  build: Build,
  parts: RecordParts,
): Promise<void> {
  const { store, clock, ids } = parts;
  const before = await lastConfig(store);
  if (before?.hash === config.hash) return;
  const at = clock.now();
  await store.transaction(async (tx) => {
    await storeConfig(tx, config, at);
    await requestRecheck(tx, ids.next(at));
    await parts.append(tx, [
      {
        id: ids.next<EntryId>(at),
        type: 'config.changed',
        at,
        core: {
          configHash: config.hash,
          previous: before?.hash ?? null,
          ...build,
          changes: diffSettings((before?.redacted ?? {}) as RedactedSettings, config.redacted).map(({ path, change }) => ({
            path,
            change,
          })),
          overrides: overridesOf(config.judging),
          proof: unproven,
        },
        pii: null,
      },
    ]);
  });
}

/** Writes what was done about a connection at its provider, under the configuration that runs: the same hash before and after. */
export async function recordSubscription(
  changed: { readonly connection: string; readonly change: 'added' | 'removed' | 'changed'; readonly by: string },
  build: Build,
  { store, append, clock, ids }: RecordParts,
): Promise<void> {
  const at = clock.now();
  await store.transaction(async (tx) => {
    const running = await lastConfig(tx);
    if (running === undefined) throw new Error('a service runs, and the log knows no configuration');
    const { connection, change, by } = changed;
    const core = {
      ...{ configHash: running.hash, previous: running.hash, ...build },
      changes: [{ path: `connections.${connection}.subscription`, change }],
      ...{ overrides: overridesOf(running.judging), proof: unproven, by },
    };
    await append(tx, [{ id: ids.next<EntryId>(at), type: 'config.changed', at, core, pii: null }]);
  });
}

function overridesOf({ overrides }: JudgingSettings): string[] {
  return Object.keys(overrides)
    .sort()
    .map((id) => `${id}, ${unproven}`);
}

/** Makes the bundle the active one for all processes, with `policy.changed`, where it is not. */
export async function recordBundle(bundle: Bundle, parts: RecordParts): Promise<boolean> {
  const { store, clock, ids } = parts;
  if ((await activeBundleHash(store)) === bundle.hash) return false;
  const at = clock.now();
  await store.transaction(async (tx) => {
    await storeBundle(tx, bundle.hash, bundle.files, at);
    const previous = await activateBundle(tx, bundle.hash, at);
    await requestRecheck(tx, ids.next(at));
    await parts.append(tx, [
      {
        id: ids.next<EntryId>(at),
        type: 'policy.changed',
        at,
        core: { bundleHash: bundle.hash, previous, documents: bundle.documents.map(({ path, hash }) => ({ path, hash })), proof: unproven },
        pii: null,
      },
    ]);
  });
  return true;
}

export async function recordStart(
  started: Build & { readonly process: string; readonly node: string; readonly configHash: string; readonly bundleHash: string },
  parts: RecordParts,
): Promise<void> {
  const at = parts.clock.now();
  await parts.store.transaction((tx) =>
    parts.append(tx, [{ id: parts.ids.next<EntryId>(at), type: 'process.started', at, core: { ...started }, pii: null }]),
  );
}
