/** Keeps what is judged by at hand: the active bundle, running pauses, the number of people, first sights of sources. */
import { type Bundle, compileBundle } from '../engine.ts';
import type { Instant } from '../model/clock.ts';
import { AppError } from '../model/errors.ts';
import type { Log } from '../model/log.ts';
import type { Pause } from '../model/pause.ts';
import type { JudgingSettings } from '../model/settings.ts';
import type { JudgingState } from '../pipeline/parts.ts';
import { activeBundleHash, countGroups, countPopulation, readBundle, readSources } from '../store/judged-by.ts';
import type { Store } from '../store/open.ts';
import { runningPauses } from '../store/pause-read.ts';

export interface Judging {
  state(): JudgingState;
  /** Follows what other processes did: another active bundle, pauses, sources, people. */
  refresh(): Promise<void>;
  /** Only the pauses, which must be seen within a second. */
  refreshPauses(): Promise<void>;
  /** After this process made a bundle active. */
  adopt(bundle: Bundle): void;
  sawSources(sources: readonly string[], at: Instant): void;
  /** A bundle by its hash, compiled once. */
  bundle(hash: string): Promise<Bundle | undefined>;
}

export async function openJudging(parts: {
  readonly store: Store;
  readonly bundle: Bundle;
  readonly settings: JudgingSettings;
  readonly configHash: string;
  readonly kindOf: JudgingState['kindOf'];
  readonly log: Log;
}): Promise<Judging> {
  const { store, log } = parts;
  const compiled = new Map<string, Bundle>([[parts.bundle.hash, parts.bundle]]);
  const sources = new Map<string, Instant>();
  let state: JudgingState = {
    bundle: parts.bundle,
    settings: parts.settings,
    configHash: parts.configHash,
    pauses: [],
    population: 0,
    groupSizeOf: () => undefined,
    sourceSince: (source) => sources.get(source),
    // What a detection finds is a correlation of ours, as a SIEM's rule is one of theirs.
    kindOf: (source) => parts.kindOf(source) ?? (state.bundle.detections.byId.has(source) ? 'siem' : undefined),
  };

  async function bundle(hash: string): Promise<Bundle | undefined> {
    const known = compiled.get(hash);
    if (known !== undefined) return known;
    const files = await readBundle(store, hash);
    if (files === undefined) return undefined;
    const result = compileBundle(files);
    if (!result.ok)
      throw new AppError('policies.invalid', `the stored bundle ${hash} does not load in this version`, { faults: result.faults });
    compiled.set(hash, result.bundle);
    return result.bundle;
  }

  async function refreshPauses(): Promise<void> {
    const pauses = (await runningPauses(store)).map(({ id, scope, since }): Pause => ({ id, scope, since }));
    state = { ...state, pauses };
  }

  async function refresh(): Promise<void> {
    for (const [source, at] of await readSources(store)) sources.set(source, at);
    const hash = await activeBundleHash(store);
    if (hash !== null && hash !== state.bundle.hash) {
      const other = await bundle(hash).catch((error: unknown) => {
        log.error({ bundleHash: hash, code: error instanceof AppError ? error.code : 'unknown' }, 'policies.notFollowed');
        return undefined;
      });
      if (other !== undefined) state = { ...state, bundle: other };
    }
    const population = await countPopulation(store);
    const groups = await countGroups(store, state.bundle.guards.guards.group.keys);
    state = { ...state, population, groupSizeOf: (name) => groups.get(name) };
    await refreshPauses();
  }

  await refresh();
  return {
    state: () => state,
    refresh,
    refreshPauses,
    adopt(other) {
      compiled.set(other.hash, other);
      state = { ...state, bundle: other };
    },
    sawSources(names, at) {
      for (const name of names) if (!sources.has(name)) sources.set(name, at);
    },
    bundle,
  };
}
