/** What `doctor` looks at of the database: reachable, its schema, its clock, and whether the keys in it open. Nothing is written. */
import { access } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { systemRandom } from '../../app/system.ts';
import type { Clock } from '../../model/clock.ts';
import { createIdMaker } from '../../model/ids.ts';
import { silentLog } from '../../model/log.ts';
import type { Settings } from '../../settings/index.ts';
import { instantStatement } from '../../store/database-clock.ts';
import { type Keyring, openKeyring } from '../../store/keyring.ts';
import { migrationStatus } from '../../store/migrate.ts';
import { openStore, type Store } from '../../store/open.ts';
import { type WrapKeySource, wrapKeyFromFile, wrapKeyFromValue } from '../../store/wrap-key.ts';
import { doubt, type Finding, fault, ok, shownError } from './finding.ts';

const about = 'process';
const clockDoubtMs = 2_000;
const clockFaultMs = 60_000;

export interface Opened {
  readonly findings: readonly Finding[];
  /** Undefined where it could not be opened, or was never used. */
  readonly store: Store | undefined;
  readonly keyring: Keyring | undefined;
}

/** The caller closes the store. An embedded database that does not run is started for as long. */
export async function examineDatabase(settings: Settings, workingDir: string, clock: Clock): Promise<Opened> {
  const dataDir = resolve(workingDir, settings.dataDir);
  const { url } = settings.database;
  const nothing = { store: undefined, keyring: undefined };
  if (url === undefined && !(await exists(join(dataDir, 'pg'))))
    return { ...nothing, findings: [ok(about, 'database', 'made at the first start')] };
  let store: Store;
  try {
    store = await openStore({ ...(url === undefined ? {} : { url }), dataDir, clock, log: silentLog, hold: false, poolSize: 2 });
  } catch (error) {
    return { ...nothing, findings: [fault(about, 'database', shownError(error))] };
  }
  try {
    const schema = await examineSchema(store);
    const findings = [ok(about, 'database'), schema, await examineClock(store, clock)];
    if (schema.state !== 'ok') return { store, keyring: undefined, findings };
    const keys = await openKeys(store, settings, workingDir, clock);
    return { store, keyring: keys.keyring, findings: [...findings, keys.finding] };
  } catch (error) {
    return { store, keyring: undefined, findings: [fault(about, 'database', shownError(error))] };
  }
}

async function examineSchema(store: Store): Promise<Finding> {
  const { pending, unknown } = await migrationStatus(store);
  if (unknown.length > 0) return fault(about, 'schema', `a newer version wrote it (${unknown.at(-1)}): run that version`);
  return pending.length === 0 ? ok(about, 'schema') : doubt(about, 'schema', `${pending.length} steps behind: the next start brings it up`);
}

/** Several processes on one database share its time; what this machine's clock says stands beside it in records. */
async function examineClock(store: Store, clock: Clock): Promise<Finding> {
  const before = clock.now();
  const { rows } = await store.query<{ at: number }>(instantStatement);
  const apartMs = Math.abs((before + clock.now()) / 2 - Number(rows[0]?.at));
  const said = `${(apartMs / 1000).toFixed(1)} s apart from the database's: let both follow one time server`;
  if (apartMs > clockFaultMs) return fault(about, 'clock', said);
  return apartMs > clockDoubtMs ? doubt(about, 'clock', said) : ok(about, 'clock');
}

/** Opens what is there; where no service has made keys yet, none are made. */
async function openKeys(
  store: Store,
  settings: Settings,
  workingDir: string,
  clock: Clock,
): Promise<{ readonly finding: Finding; readonly keyring: Keyring | undefined }> {
  const { rows } = await store.query<{ count: number }>('select count(*)::int as count from service_key');
  if (rows[0]?.count === 0) return { finding: ok(about, 'keys', 'made at the first start'), keyring: undefined };
  try {
    const wrap = wrapKeyOf(settings, workingDir);
    const keyring = await openKeyring({ store, wrap, random: systemRandom, ids: createIdMaker(systemRandom), clock });
    return { finding: ok(about, 'keys'), keyring };
  } catch (error) {
    return { finding: fault(about, 'keys', shownError(error)), keyring: undefined };
  }
}

function wrapKeyOf({ keys, dataDir }: Settings, workingDir: string): WrapKeySource {
  if (keys?.wrap !== undefined) return wrapKeyFromValue(keys.wrap);
  return wrapKeyFromFile({ dir: resolve(workingDir, keys?.dir ?? `${dataDir}/keys`), random: systemRandom, log: silentLog, quiet: true });
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
