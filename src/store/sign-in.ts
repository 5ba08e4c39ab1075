/** One-time sign-in links and the browser sessions that they open; only hashes are kept. */
import type { Instant } from '../model/clock.ts';
import type { Role } from '../model/operator.ts';
import type { Db, Tx } from './db.ts';

export interface ConsoleSession {
  readonly name: string;
  readonly roles: readonly Role[];
  readonly expiresAt: Instant;
}

export async function insertSignInLink(
  db: Db,
  link: { readonly sha256: Uint8Array; readonly roles: readonly Role[]; readonly expiresAt: Instant },
): Promise<void> {
  await db.query(`insert into sign_in_link (sha256, roles, expires_at) values ($1, $2, to_timestamp($3::float8 / 1000))`, [
    link.sha256,
    link.roles,
    link.expiresAt,
  ]);
}

/** Uses a link up and opens a session in its place; undefined where there is none that still counts. A link opens once. */
export async function redeemSignInLink(
  tx: Tx,
  sha256: Uint8Array,
  session: { readonly sha256: Uint8Array; readonly name: string; readonly expiresAt: Instant },
  at: Instant,
): Promise<ConsoleSession | undefined> {
  const { rows } = await tx.query<{ roles: Role[]; valid: boolean }>(
    `delete from sign_in_link where sha256 = $1 returning roles, expires_at > to_timestamp($2::float8 / 1000) as valid`,
    [sha256, at],
  );
  const link = rows[0];
  if (link === undefined || !link.valid) return undefined;
  await tx.query(`insert into console_session (sha256, name, roles, expires_at) values ($1, $2, $3, to_timestamp($4::float8 / 1000))`, [
    session.sha256,
    session.name,
    link.roles,
    session.expiresAt,
  ]);
  return { name: session.name, roles: link.roles, expiresAt: session.expiresAt };
}

export async function findConsoleSession(db: Db, sha256: Uint8Array, at: Instant): Promise<ConsoleSession | undefined> {
  const { rows } = await db.query<ConsoleSession & { [column: string]: unknown }>(
    `select name, roles, expires_at as "expiresAt" from console_session where sha256 = $1 and expires_at > to_timestamp($2::float8 / 1000)`,
    [sha256, at],
  );
  return rows[0];
}

export async function endConsoleSession(db: Db, sha256: Uint8Array): Promise<void> {
  await db.query('delete from console_session where sha256 = $1', [sha256]);
}

/** Removes what no longer counts. */
export async function sweepSignIns(db: Db, at: Instant): Promise<void> {
  await db.query(`delete from sign_in_link where expires_at <= to_timestamp($1::float8 / 1000)`, [at]);
  await db.query(`delete from console_session where expires_at <= to_timestamp($1::float8 / 1000)`, [at]);
}
