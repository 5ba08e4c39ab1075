/** What guards ask beside counters: breakers, how fresh directories are, and whose an account is that no person owns. */
import { type Kysely, sql } from 'kysely';

const statements = [
  `create table breaker (
    id uuid primary key,
    condition text not null,
    detail text not null,
    opened_at timestamptz not null,
    until timestamptz not null,
    closed_at timestamptz,
    closed_by text,
    told_at timestamptz
  )`,
  `create index breaker_open on breaker (until) where closed_at is null`,
  `create table directory_read (
    connection text primary key,
    read_at timestamptz not null
  )`,
  `alter table account add column kind text`,
];

export async function up(database: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(database);
}
