/**
 * The statements of one settle batch, on a connection of its own that pipelines them: everything that can be asked at once goes
 * out in one round trip. The order of locks is fixed here: dedupe keys, identities by id, guard scopes by name.
 */
import type pg from 'pg';
import type { Instant } from '../model/clock.ts';
import type { CounterReading } from '../model/decision.ts';
import { AppError } from '../model/errors.ts';
import type { AccountId, IdentityId, SignalId } from '../model/ids.ts';
import type { Level } from '../model/risk.ts';
import type { Account, IdentifierKey, Tier } from '../model/subject.ts';
import { instantStatement } from './database-clock.ts';
import { joined, type Statement } from './statement.ts';

export interface DoorKey {
  /** SHA-256 over source and event id, in hex. */
  readonly key: string;
  readonly signalId: SignalId;
  readonly bodyDigest: string;
  readonly firstAt: Instant;
}

export interface IdentityRow {
  readonly id: IdentityId;
  readonly mergedInto: IdentityId | null;
  readonly evidence: string;
  readonly heldLevel: Level;
  readonly tier: Tier;
  readonly protected: boolean;
  readonly executive: boolean;
  readonly groups: readonly string[];
  /** Null once the person is erased. */
  readonly wrappedKey: Buffer | null;
  readonly keyEpoch: number | null;
}

export interface Opened {
  /** The batch's instant, from the database's clock. */
  readonly at: Instant;
  /** Keys that had not arrived before. */
  readonly fresh: ReadonlySet<string>;
  /** Undecided signals that are ours to settle again; another process may have been first. */
  readonly retried: ReadonlySet<string>;
  readonly identities: readonly IdentityRow[];
  readonly identifiers: readonly (IdentifierKey & { readonly identityId: IdentityId })[];
  readonly accounts: readonly (Account & { readonly identityId: IdentityId })[];
}

export interface Repeat {
  readonly key: string;
  readonly signalId: SignalId;
  readonly bodyDigest: string;
  readonly decisionIds: readonly string[];
}

export interface CounterQuestion {
  readonly scope: string;
  readonly windowMs: number;
}

/** One open transaction. Every method may throw what PostgreSQL said; the caller then rolls back. */
export interface SettleSession {
  open(input: { keys: readonly DoorKey[]; retried: readonly SignalId[]; identifiers: readonly IdentifierKey[] }): Promise<Opened>;
  repeats(keys: readonly string[]): Promise<readonly Repeat[]>;
  /** Locks the scopes, sorted, until the end of the transaction, and counts distinct subjects in their windows. */
  count(
    questions: readonly CounterQuestion[],
    subjects: readonly string[],
    at: Instant,
  ): Promise<{ readonly readings: readonly CounterReading[]; readonly present: readonly { readonly scope: string; readonly subject: string; readonly at: Instant }[] }>;
  /** Sends all writes and the commit in one round trip. Throws unless the commit took effect. */
  commit(writes: readonly Statement[]): Promise<void>;
  rollback(): Promise<void>;
}

const dedupeInsert = `insert into dedupe (key, signal_id, body_digest, first_at)
select decode(k, 'hex'), s::uuid, decode(d, 'hex'), to_timestamp(f::float8 / 1000)
from unnest(string_to_array($1, ','), string_to_array($2, ','), string_to_array($3, ','), string_to_array($4, ',')) as t(k, s, d, f)
on conflict do nothing returning encode(key, 'hex') as key`;

const named = `select f.identity_id from identifier f
join unnest(string_to_array($1, E'\\x1e'), string_to_array($2, E'\\x1e')) as w(format, value) on f.format = w.format and f.value = w.value`;

const lockIdentities = `select i.id, i.merged_into as "mergedInto", i.evidence, i.held_level as "heldLevel", i.tier, i.protected, i.executive, i.groups,
  k.epoch as "keyEpoch", k.wrapped as "wrappedKey"
from identity i left join person_key k on k.identity_id = i.id
where i.id in (${named}) order by i.id for update of i`;

const readIdentifiers = `select f.format, f.value, f.identity_id as "identityId" from identifier f
join unnest(string_to_array($1, E'\\x1e'), string_to_array($2, E'\\x1e')) as w(format, value) on f.format = w.format and f.value = w.value`;

const readAccounts = `select a.id, a.identity_id as "identityId", a.connection, a.external_id as "externalId", a.status
from account a where a.identity_id in (${named}) order by a.id`;

const readRepeats = `select encode(d.key, 'hex') as key, d.signal_id as "signalId", encode(d.body_digest, 'hex') as "bodyDigest",
  coalesce((select array_agg(s.decision_id order by s.nth) from signal s where s.id = d.signal_id and s.decision_id is not null), '{}') as "decisionIds"
from dedupe d where d.key in (select decode(k, 'hex') from unnest(string_to_array($1, ',')) as t(k))`;

const lockScopes = `select pg_advisory_xact_lock(hashtextextended('guard ' || scope, 0))
from (select scope from unnest(string_to_array($1, E'\\x1e')) as t(scope) order by scope) as sorted`;

const countScopes = `select q.scope, q.window_ms::bigint as "windowMs", count(distinct g.subject)::int as used
from unnest(string_to_array($1, E'\\x1e'), string_to_array($2, E'\\x1e')::float8[]) as q(scope, window_ms)
left join guard_use g on g.scope = q.scope and g.at > to_timestamp(($3::float8 - q.window_ms) / 1000)
group by q.scope, q.window_ms`;

const presentSubjects = `select scope, subject, (extract(epoch from max(at)) * 1000)::float8 as at from guard_use
where scope = any (string_to_array($1, E'\\x1e')) and subject = any (string_to_array($2, E'\\x1e')) group by scope, subject`;

const forgetUndecided = `delete from undecided where signal_id = any (string_to_array($1, ',')::uuid[]) returning signal_id as id`;

/** `client` is connected, in pipeline mode, and used by nobody else. */
export function createSettleSession(client: pg.Client): SettleSession {
  const ask = <Row extends pg.QueryResultRow>(name: string, text: string, values: unknown[]) => client.query<Row>({ name, text, values });
  return {
    async open({ keys, retried, identifiers }) {
      const sorted = [...keys].sort((a, b) => (a.key < b.key ? -1 : 1));
      const wanted = [joined(identifiers.map((key) => key.format)), joined(identifiers.map((key) => key.value))];
      const [, clock, fresh, again, locked, names, accounts] = await allOf([
        client.query('begin isolation level read committed'),
        client.query<{ at: number }>({ name: 'instant', text: instantStatement }),
        sorted.length === 0
          ? undefined
          : ask<{ key: string }>('dedupe', dedupeInsert, [
              sorted.map((row) => row.key).join(','),
              sorted.map((row) => row.signalId).join(','),
              sorted.map((row) => row.bodyDigest).join(','),
              sorted.map((row) => row.firstAt).join(','),
            ]),
        retried.length === 0 ? undefined : ask<{ id: string }>('retried', forgetUndecided, [retried.join(',')]),
        identifiers.length === 0 ? undefined : ask<IdentityRow & pg.QueryResultRow>('lock', lockIdentities, wanted),
        identifiers.length === 0 ? undefined : ask<IdentifierKey & { identityId: IdentityId } & pg.QueryResultRow>('names', readIdentifiers, wanted),
        identifiers.length === 0 ? undefined : ask<Account & { id: AccountId; identityId: IdentityId } & pg.QueryResultRow>('accounts', readAccounts, wanted),
      ]);
      return {
        at: clock.rows[0]?.at as Instant,
        fresh: new Set(fresh?.rows.map((row) => row.key) ?? []),
        retried: new Set(again?.rows.map((row) => row.id) ?? []),
        identities: locked?.rows ?? [],
        identifiers: names?.rows ?? [],
        accounts: accounts?.rows ?? [],
      };
    },
    async repeats(keys) {
      return (await ask<Repeat & pg.QueryResultRow>('repeats', readRepeats, [keys.join(',')])).rows;
    },
    async count(questions, subjects, at) {
      const scopes = [...new Set(questions.map((question) => question.scope))];
      const [, counted, present] = await allOf([
        ask('guard-lock', lockScopes, [joined(scopes)]),
        ask<CounterReading & pg.QueryResultRow>('guard-count', countScopes, [
          joined(questions.map((question) => question.scope)),
          joined(questions.map((question) => String(question.windowMs))),
          at,
        ]),
        ask<{ scope: string; subject: string; at: number }>('guard-present', presentSubjects, [joined(scopes), joined(subjects)]),
      ]);
      return { readings: counted.rows, present: present.rows };
    },
    async commit(writes) {
      const results = await allOf([
        ...writes.map((write) => client.query(write.name === undefined ? { text: write.text, values: [...write.values] } : { ...write, values: [...write.values] })),
        client.query('commit'),
      ]);
      // After an error inside, PostgreSQL answers COMMIT with ROLLBACK and no error.
      if (results.at(-1)?.command !== 'COMMIT') throw new AppError('store.unavailable', 'the database rolled the batch back');
    },
    async rollback() {
      await client.query('rollback');
    },
  };
}

/** Waits for every answer of the pipeline, then throws the first failure: a later one is only its echo. */
async function allOf<T extends readonly unknown[]>(queries: [...T]): Promise<{ -readonly [K in keyof T]: Awaited<T[K]> }> {
  const settled = await Promise.allSettled(queries);
  const failed = settled.find((result) => result.status === 'rejected');
  if (failed) throw (failed as PromiseRejectedResult).reason;
  return settled.map((result) => (result as PromiseFulfilledResult<unknown>).value) as { -readonly [K in keyof T]: Awaited<T[K]> };
}
