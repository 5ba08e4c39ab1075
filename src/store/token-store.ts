/** Bearer tokens of the API: only their SHA-256 is kept. */
import type { Instant } from '../model/clock.ts';
import { AppError } from '../model/errors.ts';
import type { Role } from '../model/operator.ts';
import type { Db } from './db.ts';

export interface TokenRecord {
  readonly id: string;
  readonly name: string;
  readonly roles: readonly Role[];
  /** Signal types that it may send; null: any. */
  readonly types: readonly string[] | null;
  readonly createdAt: Instant;
  readonly expiresAt: Instant | null;
  readonly revokedAt: Instant | null;
}

const columns = `id, name, roles, types, created_at as "createdAt", expires_at as "expiresAt", revoked_at as "revokedAt"`;
type Row = TokenRecord & { [column: string]: unknown };

/** A name stands in ledger cores, as the source of what the token sent. */
const namePattern = /^[A-Za-z0-9][A-Za-z0-9._~-]{0,62}$/;

/** Throws AppError `conflict` where a living token has the name, `request.invalid` for a name that cannot stand in a record. */
export async function insertToken(db: Db, token: Omit<TokenRecord, 'revokedAt'> & { readonly sha256: Uint8Array }): Promise<void> {
  if (!namePattern.test(token.name))
    throw new AppError('request.invalid', 'name: must be 1-63 characters of A-Z a-z 0-9 . _ ~ - and begin with a letter or digit');
  const { rowCount } = await db.query(
    `insert into api_token (id, name, sha256, roles, types, created_at, expires_at)
     values ($1, $2, $3, $4, $5, to_timestamp($6::float8 / 1000), to_timestamp($7::float8 / 1000)) on conflict do nothing`,
    [token.id, token.name, token.sha256, token.roles, token.types, token.createdAt, token.expiresAt],
  );
  if (rowCount !== 1) throw new AppError('conflict', `there is a token with the name ${token.name}; revoke it first`);
}

/** Names are unique among those that are not revoked. */
export async function listTokens(db: Db): Promise<readonly TokenRecord[]> {
  return (await db.query<Row>(`select ${columns} from api_token order by id desc limit 500`)).rows;
}

/** False where no living token has the name. */
export async function revokeToken(db: Db, name: string, at: Instant): Promise<boolean> {
  const { rowCount } = await db.query(
    `update api_token set revoked_at = to_timestamp($2::float8 / 1000) where name = $1 and revoked_at is null`,
    [name, at],
  );
  return rowCount === 1;
}

/** The living token of a hash. */
export async function findToken(db: Db, sha256: Uint8Array, at: Instant): Promise<TokenRecord | undefined> {
  const { rows } = await db.query<Row>({
    name: 'token-find',
    text: `select ${columns} from api_token where sha256 = $1 and revoked_at is null and (expires_at is null or expires_at > to_timestamp($2::float8 / 1000))`,
    values: [sha256, at],
  });
  return rows[0];
}
