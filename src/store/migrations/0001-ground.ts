/** The first schema. Instants are timestamptz, ids UUIDv7; bodies that nobody queries are text. */
import { type Kysely, sql } from 'kysely';

const dedupePartitions = 8;

const statements = [
  // The organisation whose records these are; another origin or kind on the same data is refused at start.
  `create table organisation (
    "only" boolean primary key default true check ("only"),
    origin text not null,
    kind text not null,
    created_at timestamptz not null
  )`,

  // Who: identities, what names them, their accounts. Deleting the rows of aliases, identifiers, accounts and the key erases a person.
  `create table identity (
    id uuid primary key,
    merged_into uuid references identity,
    evidence text not null default '',
    held_level text not null default 'none',
    tier text not null default 'none',
    protected boolean not null default false,
    executive boolean not null default false,
    groups text[] not null default '{}',
    created_at timestamptz not null
  ) with (fillfactor = 70)`,
  // What each source says of a person stands with its own row; the identity's columns are their sum.
  `create table identity_alias (
    alias text primary key,
    identity_id uuid not null references identity,
    tier text not null default 'none',
    protected boolean not null default false,
    executive boolean not null default false,
    groups text[] not null default '{}'
  )`,
  `create index identity_alias_of on identity_alias (identity_id)`,
  `create table identifier (
    format text not null,
    value text not null,
    identity_id uuid not null references identity,
    source text not null,
    primary key (format, value, identity_id, source)
  )`,
  `create index identifier_of on identifier (identity_id)`,
  `create table account (
    id uuid primary key,
    identity_id uuid not null references identity,
    connection text not null,
    external_id text not null,
    status text not null default 'unknown',
    tier text not null default 'none',
    groups text[] not null default '{}',
    created_at timestamptz not null,
    unique (connection, external_id)
  )`,
  `create index account_of on account (identity_id)`,

  // Keys, always wrapped; the wrapping key is never in the database. Epoch 0: wrapped by the wrapping key itself.
  `create table person_key (
    identity_id uuid primary key,
    epoch integer not null default 0,
    wrapped bytea not null
  )`,
  `create table connection_key (
    connection text primary key,
    epoch integer not null default 0,
    wrapped bytea not null
  )`,
  `create table service_key (
    id text primary key,
    purpose text not null,
    public_key text not null,
    wrapped bytea not null,
    created_at timestamptz not null,
    retired_at timestamptz
  )`,

  // The door: which events have arrived. The key is a hash over source and event id.
  `create table dedupe (
    key bytea primary key,
    signal_id uuid not null,
    body_digest bytea not null,
    first_at timestamptz not null
  ) partition by hash (key)`,
  ...Array.from(
    { length: dedupePartitions },
    (_, n) => `create table dedupe_${n} partition of dedupe for values with (modulus ${dedupePartitions}, remainder ${n})`,
  ),
  `create index dedupe_age on dedupe using brin (first_at)`,
  `create table source_seen (
    source text primary key,
    first_at timestamptz not null
  )`,

  // One wide row a signal: what arrived and what was decided. A later decision on the same signal is a row with the next nth.
  // Ids are UUIDv7, so that ranges of ids are ranges of time; months are made ahead, the default keeps anything else.
  `create table signal (
    id uuid not null,
    nth smallint not null default 0,
    decision_id uuid,
    supersedes uuid,
    state text not null,
    type text not null,
    source text not null,
    cause text not null,
    severity text not null,
    occurred_at timestamptz not null,
    received_at timestamptz not null,
    subject_kind text not null,
    subject_id text not null,
    identity_id uuid,
    policy_id text,
    policy_version integer,
    score_e4 integer not null default 0,
    level text not null default 'none',
    mode text,
    rung smallint,
    outcome text,
    decided_at timestamptz,
    primary key (id, nth)
  ) partition by range (id)`,
  `create table signal_default partition of signal default`,
  `create index signal_of on signal (identity_id, id) where identity_id is not null`,
  // Stored as bytes because the database or a step refused it; settled again with back-off, then listed for a person.
  `create table undecided (
    signal_id uuid primary key,
    type text not null,
    source text not null,
    arrival bytea not null,
    reason text not null,
    attempts integer not null default 1,
    next_at timestamptz,
    created_at timestamptz not null
  )`,

  // The decision log.
  `create table ledger_entry (
    id uuid primary key,
    type text not null,
    body text not null,
    core text not null,
    sealed bytea,
    sealed_for uuid,
    sealed_by text
  ) partition by range (id)`,
  // Rows of two or three kilobytes stay whole: ciphertext does not compress, and a second table would double the writes.
  `create table ledger_entry_default partition of ledger_entry default with (toast_tuple_target = 8160)`,
  `create table ledger_pending (
    id uuid primary key,
    entries uuid[] not null
  )`,
  `create table ledger_leaf (
    leaf_index bigint primary key,
    entry_id uuid not null unique
  )`,
  `create table ledger_tile (
    level smallint not null,
    tile bigint not null,
    hashes bytea not null,
    primary key (level, tile)
  )`,
  `create table ledger_head (
    "only" boolean primary key default true check ("only"),
    size bigint not null,
    root bytea not null,
    checkpoint text not null,
    signed_at timestamptz not null
  )`,

  // What is judged by.
  `create table bundle (
    hash text primary key,
    documents text not null,
    first_at timestamptz not null
  )`,
  `create table active_bundle (
    "only" boolean primary key default true check ("only"),
    hash text not null references bundle,
    since timestamptz not null
  )`,
  `create table config_version (
    hash text primary key,
    judging text not null,
    redacted text not null,
    first_at timestamptz not null
  )`,

  // Work. A lane is an account (or a subject without one): its plans run in order of their ids.
  `create table plan (
    id uuid primary key,
    decision_id uuid not null,
    signal_id uuid not null,
    identity_id uuid,
    account_id uuid,
    lane text not null,
    connection text not null,
    actions text not null,
    cause text not null,
    policy_id text,
    source text not null,
    profile text not null,
    state text not null,
    held_for text,
    created_at timestamptz not null,
    deadline_at timestamptz not null,
    claimed_by integer,
    claimed_at timestamptz,
    next_at timestamptz,
    finished_at timestamptz
  ) with (fillfactor = 80)`,
  `create index plan_open on plan (lane, id) where state = 'released'`,
  `create index plan_claimed on plan (claimed_by) where claimed_by is not null and state = 'released'`,
  `create index plan_decision on plan (decision_id)`,
  `create table action (
    id uuid primary key,
    plan_id uuid not null references plan,
    position smallint not null,
    connection text not null,
    account_id uuid,
    type text not null,
    parameters text not null,
    idempotency_key text not null,
    state text not null,
    attempts integer not null default 1,
    code text,
    intended_at timestamptz not null,
    finished_at timestamptz,
    verified_at timestamptz,
    residual_access_ms bigint
  ) with (fillfactor = 80)`,
  `create index action_plan on action (plan_id)`,
  `create index action_open on action (plan_id) where state in ('intended', 'unknown')`,
  `create table guard_use (
    scope text not null,
    subject text not null,
    plan_id uuid not null,
    at timestamptz not null
  )`,
  `create index guard_use_window on guard_use (scope, at)`,
  `create table pause (
    id uuid primary key,
    scope text not null,
    reason text not null,
    set_by text not null,
    set_at timestamptz not null,
    ended_at timestamptz,
    ended_by text
  )`,
  `create index pause_running on pause (id) where ended_at is null`,
  // A process holds the advisory lock of its number while it lives; a free lock means that its claims may be taken over.
  `create table process (
    id integer generated always as identity primary key,
    name text not null,
    started_at timestamptz not null
  )`,

  // People and machines who use Rescind itself.
  `create table api_token (
    id uuid primary key,
    name text not null,
    sha256 bytea not null unique,
    roles text[] not null,
    types text[],
    created_at timestamptz not null,
    expires_at timestamptz,
    revoked_at timestamptz
  )`,
  `create unique index api_token_name on api_token (name) where revoked_at is null`,
  `create table sign_in_link (
    sha256 bytea primary key,
    roles text[] not null,
    expires_at timestamptz not null
  )`,
  `create table console_session (
    sha256 bytea primary key,
    name text not null,
    roles text[] not null,
    expires_at timestamptz not null
  )`,

  // What adapters keep between restarts (the sandbox's people, sessions and tokens).
  `create table adapter_record (
    connection text not null,
    kind text not null,
    key text not null,
    value text not null,
    account text,
    grant_id text,
    uid text,
    expires_at timestamptz,
    created_at timestamptz not null,
    primary key (connection, kind, key)
  )`,
  `create index adapter_record_account on adapter_record (connection, account) where account is not null`,
  `create index adapter_record_grant on adapter_record (connection, grant_id) where grant_id is not null`,
  `create index adapter_record_uid on adapter_record (connection, uid) where uid is not null`,
];

export async function up(database: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(database);
}
