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
    closed_reason text,
    told_at timestamptz
  )`,
  `create index breaker_open on breaker (until) where closed_at is null`,
  // How much each source sends; a row of the source '' says that its hour was counted.
  `create table source_hour (
    hour timestamptz not null,
    source text not null,
    signals integer not null,
    primary key (hour, source)
  )`,
  `create table directory_read (
    connection text primary key,
    read_at timestamptz not null
  )`,
  // When a pause ends by itself, and who asked last for its end.
  `alter table pause add column until timestamptz, add column asked_by text, add column asked_at timestamptz`,
  `alter table account add column kind text`,
  // Administrators are counted every few seconds; such actions are few.
  `create index action_of_admins on action (account_id)
    where type in ('account.suspend', 'account.disable', 'role.remove', 'group.remove', 'account.restore', 'group.add')`,
];

export async function up(database: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(database);
}
