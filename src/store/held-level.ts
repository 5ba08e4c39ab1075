/**
 * Held levels and when to look at them again: `identity.level_due_at`. Null beside a held level means that nobody has looked since the
 * evidence changed; infinity, that only the evidence can change it. Settle leaves it null and computes nothing.
 */
import type { Instant } from '../model/clock.ts';
import type { EntryId, IdentityId } from '../model/ids.ts';
import type { Level } from '../model/risk.ts';
import type { Tier } from '../model/subject.ts';
import type { Db, Tx } from './db.ts';

export interface DueLevel {
  readonly id: IdentityId;
  readonly evidence: string;
  readonly heldLevel: Level;
  readonly tier: Tier;
  readonly executive: boolean;
  readonly dueAt: Instant | null;
}

/** The condition of the index `identity_level_due`. */
const waiting = `(held_level <> 'none' or level_due_at is not null) and merged_into is null`;

/** Locks and answers people whose held level is due; nobody where another bundle than the caller's is the active one. */
export async function takeDueLevels(tx: Tx, at: Instant, bundleHash: string, limit: number): Promise<readonly DueLevel[]> {
  const { rows } = await tx.query<DueLevel & { [column: string]: unknown }>(
    `select id, evidence, held_level as "heldLevel", tier, executive, level_due_at as "dueAt" from identity
     where ${waiting} and (level_due_at is null or level_due_at <= to_timestamp($1::float8 / 1000))
       and exists (select from active_bundle where hash = $2)
     order by level_due_at nulls first limit $3 for update skip locked`,
    [at, bundleHash, limit],
  );
  return rows;
}

export interface LookedAt {
  readonly id: IdentityId;
  readonly heldLevel: Level;
  /** When to look again; undefined: when the evidence changes. */
  readonly lookAt: Instant | undefined;
}

export async function writeLevels(tx: Tx, rows: readonly LookedAt[]): Promise<void> {
  await tx.query(
    `update identity i set held_level = r.held, level_due_at = to_timestamp(r.due::float8 / 1000)
     from unnest(string_to_array($1, ','), string_to_array($2, ','), string_to_array($3, ',', '')) as r(id, held, due) where i.id = r.id::uuid`,
    [
      rows.map(({ id }) => id).join(','),
      rows.map(({ heldLevel }) => heldLevel).join(','),
      rows.map(({ heldLevel, lookAt }) => lookAt ?? (heldLevel === 'none' ? '' : 'infinity')).join(','),
    ],
  );
}

/** Asks, in the transaction that changes what is judged by, that everybody's level be looked at afterwards. */
export async function requestRecheck(tx: Tx, id: EntryId): Promise<void> {
  await tx.query('insert into level_recheck (id) values ($1)', [id]);
}

/** The requests that are open; several processes may answer one. */
export async function openRechecks(db: Db): Promise<readonly EntryId[]> {
  return (await db.query<{ id: EntryId }>('select id from level_recheck order by id')).rows.map(({ id }) => id);
}

export async function closeRechecks(db: Db, ids: readonly EntryId[]): Promise<void> {
  await db.query('delete from level_recheck where id = any ($1::uuid[])', [ids]);
}

/** Makes the levels of a page of people with evidence due at `at`, in the order of ids as all who lock them; answers the last id. */
export async function makeLevelsDue(db: Db, after: string | undefined, at: Instant, limit: number): Promise<string | undefined> {
  const { rows } = await db.query<{ id: string }>(
    `with page as (select id from identity where evidence <> '' and merged_into is null and ($1::uuid is null or id > $1) order by id limit $3 for update),
       due as (update identity i set level_due_at = to_timestamp($2::float8 / 1000) from page where i.id = page.id)
     select id from page order by id desc limit 1`,
    [after ?? null, at, limit],
  );
  return rows[0]?.id;
}

/** A locked person's evidence outside of settle. */
export type LockedEvidence = Omit<DueLevel, 'dueAt'>;

/** Locks a person, merges followed; undefined where there is none. */
export async function lockEvidence(tx: Tx, identityId: IdentityId): Promise<LockedEvidence | undefined> {
  let wanted = identityId;
  // Whoever waited for the lock may find the person merged into another one meanwhile.
  for (let steps = 0; steps < 32; steps++) {
    const { rows } = await tx.query<LockedEvidence & { mergedInto: IdentityId | null }>(
      `select id, evidence, held_level as "heldLevel", tier, executive, merged_into as "mergedInto" from identity where id = $1 for update`,
      [wanted],
    );
    const row = rows[0];
    if (row === undefined || row.mergedInto === null) return row;
    wanted = row.mergedInto;
  }
  return undefined;
}

export async function writeEvidence(
  tx: Tx,
  { id, evidence, heldLevel }: Pick<LockedEvidence, 'id' | 'evidence' | 'heldLevel'>,
): Promise<void> {
  await tx.query(`update identity set evidence = $2, held_level = $3, level_due_at = null where id = $1`, [id, evidence, heldLevel]);
}
