/** Keeps what is judged by at hand: the active bundle, running pauses, the number of people, first sights of sources. */
import { type Bundle, compileBundle } from '../engine/bundle.ts';
import { endsAdministration } from '../guard/index.ts';
import type { Clock, Instant } from '../model/clock.ts';
import { AppError } from '../model/errors.ts';
import type { IdentityId } from '../model/ids.ts';
import type { Log } from '../model/log.ts';
import type { Pause } from '../model/pause.ts';
import type { JudgingSettings } from '../model/settings.ts';
import type { JudgingState } from '../pipeline/parts.ts';
import { openBreaker } from '../store/breaker.ts';
import { activeBundleHash, countGroups, countPopulation, readBundle, readSources } from '../store/judged-by.ts';
import type { Store } from '../store/open.ts';
import { runningPauses } from '../store/pause-read.ts';
import { countAdmins, peopleNamed, readDirectoryTimes } from '../store/standing.ts';

export interface Judging {
  state(): JudgingState;
  /** Follows what other processes did: another active bundle, pauses, sources, people. */
  refresh(): Promise<void>;
  /** Only the pauses and the open breaker, which must be seen within a second. */
  refreshPauses(): Promise<void>;
  /** After this process made a bundle active. */
  adopt(bundle: Bundle): Promise<void>;
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
  readonly clock: Clock;
  readonly log: Log;
}): Promise<Judging> {
  const { store, log } = parts;
  const compiled = new Map<string, Bundle>([[parts.bundle.hash, parts.bundle]]);
  const sources = new Map<string, Instant>();
  let listNames: ReadonlyMap<IdentityId, readonly string[]> = new Map();
  let state: JudgingState = {
    bundle: parts.bundle,
    settings: parts.settings,
    configHash: parts.configHash,
    pauses: [],
    breaker: undefined,
    population: 0,
    groupSizeOf: () => undefined,
    standing: { directories: {}, admins: {} },
    listNames: (id) => listNames.get(id),
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

  /** Whom the lists of people name by an alias or an address; ids and groups the guards know by themselves. */
  async function readLists({ guards, policies }: Bundle): Promise<void> {
    const { protectedList, executiveApproval } = guards.profiles.standard.standing;
    const now = parts.clock.now();
    const texts = [protectedList, executiveApproval.list].flatMap((list) => policies.lists.get(list)?.texts(now) ?? []);
    listNames = await peopleNamed(store, texts);
  }

  async function refreshPauses(): Promise<void> {
    const pauses = (await runningPauses(store)).map(
      ({ id, scope, since, until }): Pause => ({ id, scope, since, ...(until === undefined ? {} : { until }) }),
    );
    const open = await openBreaker(store, parts.clock.now());
    state = { ...state, pauses, breaker: open && { id: open.id, until: open.until } };
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
    await readLists(state.bundle);
    const [population, groups, directories, admins] = [
      await countPopulation(store),
      await countGroups(store, state.bundle.guards.guards.group.keys),
      await readDirectoryTimes(store),
      await countAdmins(store, [...endsAdministration]),
    ];
    state = { ...state, population, groupSizeOf: (name) => groups.get(name), standing: { directories, admins } };
    await refreshPauses();
  }

  await refresh();
  return {
    state: () => state,
    refresh,
    refreshPauses,
    async adopt(other) {
      compiled.set(other.hash, other);
      await readLists(other);
      state = { ...state, bundle: other };
    },
    sawSources(names, at) {
      for (const name of names) if (!sources.has(name)) sources.set(name, at);
    },
    bundle,
  };
}
