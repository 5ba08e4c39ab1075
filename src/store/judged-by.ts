/** What is judged by, as it was: bundles and configurations under their hashes, the active bundle, first sights of sources. */
import type { Instant } from '../model/clock.ts';
import type { JudgingSettings } from '../model/settings.ts';
import type { Db, Tx } from './db.ts';

/** The files of a policy bundle by path. */
export type BundleFiles = ReadonlyMap<string, string>;

export async function storeBundle(db: Db, hash: string, files: BundleFiles, at: Instant): Promise<void> {
  await db.query(`insert into bundle (hash, documents, first_at) values ($1, $2, to_timestamp($3::float8 / 1000)) on conflict do nothing`, [
    hash,
    JSON.stringify([...files]),
    at,
  ]);
}

export async function readBundle(db: Db, hash: string): Promise<BundleFiles | undefined> {
  const { rows } = await db.query<{ documents: string }>('select documents from bundle where hash = $1', [hash]);
  return rows[0] && new Map(JSON.parse(rows[0].documents) as [string, string][]);
}

export async function activeBundleHash(db: Db): Promise<string | null> {
  return (await db.query<{ hash: string }>('select hash from active_bundle')).rows[0]?.hash ?? null;
}

/** Makes a stored bundle the one that all processes run. Answers the one before. */
export async function activateBundle(tx: Tx, hash: string, at: Instant): Promise<string | null> {
  // The row may not exist yet, so a lock of its own keeps two processes apart.
  await tx.query(`select pg_advisory_xact_lock(hashtextextended('active bundle', 0))`);
  const before = await activeBundleHash(tx);
  await tx.query(
    `insert into active_bundle (hash, since) values ($1, to_timestamp($2::float8 / 1000)) on conflict ("only") do update set hash = excluded.hash, since = excluded.since`,
    [hash, at],
  );
  return before;
}

export interface ConfigVersion {
  readonly hash: string;
  readonly judging: JudgingSettings;
  readonly redacted: unknown;
}

/** Answers false where that very configuration was stored before. */
export async function storeConfig(db: Db, config: ConfigVersion, at: Instant): Promise<boolean> {
  const { rowCount } = await db.query(
    `insert into config_version (hash, judging, redacted, first_at) values ($1, $2, $3, to_timestamp($4::float8 / 1000)) on conflict do nothing`,
    [config.hash, JSON.stringify(config.judging), JSON.stringify(config.redacted), at],
  );
  return rowCount === 1;
}

export async function readConfig(db: Db, hash: string): Promise<ConfigVersion | undefined> {
  return (await readConfigs(db, 'where hash = $1', [hash]))[0];
}

/** The configuration that the last `config.changed` tells of. */
export async function lastConfig(db: Db): Promise<ConfigVersion | undefined> {
  const { rows } = await db.query<{ hash: string }>(
    `select core::json->>'configHash' as hash from ledger_entry where type = 'config.changed' order by id desc limit 1`,
  );
  return rows[0] && readConfig(db, rows[0].hash);
}

async function readConfigs(db: Db, where: string, values: unknown[]): Promise<readonly ConfigVersion[]> {
  const { rows } = await db.query<{ hash: string; judging: string; redacted: string }>(
    `select hash, judging, redacted from config_version ${where}`,
    values,
  );
  return rows.map((row) => ({
    hash: row.hash,
    judging: JSON.parse(row.judging) as JudgingSettings,
    redacted: JSON.parse(row.redacted) as unknown,
  }));
}

export async function readSources(db: Db): Promise<ReadonlyMap<string, Instant>> {
  const { rows } = await db.query<{ source: string; firstAt: Instant }>('select source, first_at as "firstAt" from source_seen');
  return new Map(rows.map((row) => [row.source, row.firstAt]));
}

/** Active people: those with an account that is not disabled, or with none at all. */
const active = `i.merged_into is null
  and (exists (select from account a where a.identity_id = i.id and a.status <> 'disabled') or not exists (select from account a where a.identity_id = i.id))`;

export async function countPopulation(db: Db): Promise<number> {
  const { rows } = await db.query<{ count: number }>(`select count(*)::int as count from identity i where ${active}`);
  return rows[0]?.count ?? 0;
}

/** Active people of each group whose name begins with one of the keys and a colon. */
export async function countGroups(db: Db, keys: readonly string[]): Promise<ReadonlyMap<string, number>> {
  const { rows } = await db.query<{ name: string; count: number }>(
    `select g.name, count(distinct i.id)::int as count from identity i cross join unnest(i.groups) as g(name)
     where split_part(g.name, ':', 1) = any ($1) and strpos(g.name, ':') > 0 and ${active} group by g.name`,
    [keys],
  );
  return new Map(rows.map(({ name, count }) => [name, count]));
}

export interface Organisation {
  readonly origin: string;
  readonly kind: string;
}

/** Remembers whose records these are; answers what is remembered. */
export async function claimOrganisation(db: Db, organisation: Organisation, at: Instant): Promise<Organisation> {
  await db.query(
    `insert into organisation (origin, kind, created_at) values ($1, $2, to_timestamp($3::float8 / 1000)) on conflict do nothing`,
    [organisation.origin, organisation.kind, at],
  );
  return (await db.query<{ origin: string; kind: string }>('select origin, kind from organisation')).rows[0] as Organisation;
}

export interface DueUndecided {
  readonly signalId: string;
  readonly source: string;
  readonly sealed: Buffer;
  readonly attempts: number;
}

/** Undecided signals whose next attempt is due, oldest first. */
export async function dueUndecided(db: Db, at: Instant, limit: number): Promise<readonly DueUndecided[]> {
  const { rows } = await db.query<DueUndecided & { [column: string]: unknown }>(
    `select signal_id as "signalId", source, arrival as sealed, attempts from undecided
     where next_at <= to_timestamp($1::float8 / 1000) order by next_at limit $2`,
    [at, limit],
  );
  return rows;
}
