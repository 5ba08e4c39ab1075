/** What limits gather into one incident, and what others are told of. */
import { type Kysely, sql } from 'kysely';

const statements = [
  `create table incident (
    id uuid primary key,
    signal_type text not null,
    guard text not null,
    source text not null,
    state text not null default 'open',
    opened_at timestamptz not null,
    last_at timestamptz not null,
    verdict text,
    judged_by text,
    judged_at timestamptz
  )`,
  // One at a time for a signal type, however many sources and limits take part.
  `create unique index incident_open on incident (signal_type) where state = 'open'`,
  `create table incident_cause (
    incident_id uuid not null references incident,
    source text not null,
    guard text not null,
    primary key (incident_id, source, guard)
  )`,
  // One row a plan; guard is null where it was let through before the limit was reached, or instead of what was held.
  `create table incident_member (
    plan_id uuid primary key,
    incident_id uuid not null references incident,
    decision_id uuid not null,
    signal_id uuid not null,
    identity_id uuid,
    guard text,
    joined_at timestamptz not null
  )`,
  `create index incident_member_of on incident_member (incident_id, plan_id)`,

  // Written in the transaction of what it tells. Holds ids only; what it says of people is read when it is sent.
  `create table notice (
    id uuid primary key,
    sink text not null,
    type text not null,
    about uuid,
    data text not null,
    people uuid[] not null default '{}',
    state text not null default 'waiting',
    attempts smallint not null default 0,
    code text,
    created_at timestamptz not null,
    next_at timestamptz not null,
    ended_at timestamptz
  ) with (fillfactor = 80)`,
  `create index notice_waiting on notice (sink, id) where state = 'waiting'`,
  // A receiver that said that it is gone, until the configuration names another address.
  `create table sink_gone (
    sink text primary key,
    address_hash text not null,
    gone_at timestamptz not null
  )`,
];

export async function up(database: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(database);
}
