/**
 * The statements of one settle batch, on a connection of its own: everything that can be asked at once goes out in one round trip.
 * The order of locks is fixed here: the graph of people, dedupe keys, signals that are decided anew, identities by id, rings of events by key, guard scopes
 * by name, open incidents by signal type.
 */
import type { Instant } from '../model/clock.ts';
import { AppError } from '../model/errors.ts';
import type { IdentityId, SignalId } from '../model/ids.ts';
import type { Level } from '../model/risk.ts';
import type { Account, AccountKind, IdentifierKey, Tier } from '../model/subject.ts';
import { instantStatement } from './database-clock.ts';
import { type RingKey, type RingRow, ringStatements } from './detection-rings.ts';
import { graphLock } from './graph-lock.ts';
import { type CountedUses, type CounterQuestion, countUses } from './guard-count.ts';
import { type Gathering, gatherStatements, type Hit, readGathering } from './incident-write.ts';
import { joined, type Statement } from './statement.ts';
import type { RunGroup } from './statement-group.ts';
import { type Amended, lockUnresolved } from './unresolved.ts';

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

export interface AccountRow extends Omit<Account, 'kind'> {
  readonly identityId: IdentityId;
  readonly kind: AccountKind | null;
}

export interface Opened {
  /** The batch's instant, from the database's clock. */
  readonly at: Instant;
  /** Keys that had not arrived before. */
  readonly fresh: ReadonlySet<string>;
  /** Undecided signals that are ours to settle again; another process may have been first. */
  readonly retried: ReadonlySet<string>;
  /** Signals that waited for their person and are ours to decide anew, with the decision that each supersedes. */
  readonly reopened: ReadonlyMap<string, Amended>;
  readonly identities: readonly IdentityRow[];
  readonly identifiers: readonly (IdentifierKey & { readonly identityId: IdentityId })[];
  readonly accounts: readonly AccountRow[];
}

export interface Repeat {
  readonly key: string;
  readonly signalId: SignalId;
  readonly bodyDigest: string;
  readonly decisionIds: readonly string[];
}

/** One open transaction. Every method may throw what PostgreSQL said; the caller then rolls back. */
export interface SettleSession {
  open(input: {
    keys: readonly DoorKey[];
    retried: readonly SignalId[];
    reopened: readonly SignalId[];
    identifiers: readonly IdentifierKey[];
    /** Waits for who writes to the graph of people, and keeps them waiting: nobody is merged away before the end of the transaction. */
    still: boolean;
  }): Promise<Opened>;
  repeats(keys: readonly string[]): Promise<readonly Repeat[]>;
  /** Locks the rings, sorted, until the end of the transaction, and reads those that there are. */
  rings(keys: readonly RingKey[]): Promise<readonly RingRow[]>;
  /** Lets signals in that the batch itself brought about; only for holders of their ring. Answers the keys that are new. */
  admit(keys: readonly DoorKey[]): Promise<ReadonlySet<string>>;
  /** Locks the scopes, sorted, until the end of the transaction; counts distinct subjects in their windows, and finds the given ones. */
  count(questions: readonly CounterQuestion[], subjects: readonly string[], at: Instant): Promise<CountedUses>;
  /** Locks the open incident of each signal type, one a hit, and opens those that there are not. Writes to them belong to `commit`. */
  gather(hits: readonly Hit[], at: Instant): Promise<readonly Gathering[]>;
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

const readAccounts = `select a.id, a.identity_id as "identityId", a.connection, a.external_id as "externalId", a.status, a.kind
from account a where a.identity_id in (${named}) order by a.id`;

const readRepeats = `select encode(d.key, 'hex') as key, d.signal_id as "signalId", encode(d.body_digest, 'hex') as "bodyDigest",
  coalesce((select array_agg(s.decision_id order by s.nth) from signal s where s.id = d.signal_id and s.decision_id is not null), '{}') as "decisionIds"
from dedupe d where d.key in (select decode(k, 'hex') from unnest(string_to_array($1, ',')) as t(k))`;

const forgetUndecided = `delete from undecided where signal_id = any (string_to_array($1, ',')::uuid[]) returning signal_id as id`;

const begin: Statement = { name: 'begin', text: 'begin isolation level read committed', values: [] };
const commit: Statement = { name: 'commit', text: 'commit', values: [] };
const rollback: Statement = { name: 'rollback', text: 'rollback', values: [] };
const readGraph: Statement = { name: 'graph', text: graphLock('shared'), values: [] };
const instant: Statement = { name: 'instant', text: instantStatement, values: [] };

/** One transaction on a connection that nobody else uses. */
export function createSettleSession(run: RunGroup): SettleSession {
  return {
    async open({ keys, retried, reopened, identifiers, still }) {
      const wanted = [joined(identifiers.map((key) => key.format)), joined(identifiers.map((key) => key.value))];
      const asked = {
        begin,
        ...(still ? { graph: readGraph } : {}),
        instant,
        ...(keys.length === 0 ? {} : { dedupe: dedupe(keys) }),
        ...(retried.length === 0 ? {} : { retried: { name: 'retried', text: forgetUndecided, values: [retried.join(',')] } }),
        ...(reopened.length === 0 ? {} : { reopened: lockUnresolved(reopened) }),
        ...(identifiers.length === 0
          ? {}
          : {
              lock: { name: 'lock', text: lockIdentities, values: wanted },
              names: { name: 'names', text: readIdentifiers, values: wanted },
              accounts: { name: 'accounts', text: readAccounts, values: wanted },
            }),
      };
      const results = await run(Object.values(asked));
      const answers = new Map(Object.keys(asked).map((name, n) => [name, results[n]?.rows ?? []]));
      const rowsOf = <Row>(name: string) => (answers.get(name) ?? []) as unknown as readonly Row[];
      return {
        at: rowsOf<{ at: Instant }>('instant')[0]?.at as Instant,
        fresh: new Set(rowsOf<{ key: string }>('dedupe').map((row) => row.key)),
        retried: new Set(rowsOf<{ id: string }>('retried').map((row) => row.id)),
        reopened: new Map(rowsOf<Amended & { signalId: string }>('reopened').map((row) => [row.signalId, row])),
        identities: rowsOf<IdentityRow>('lock'),
        identifiers: rowsOf<IdentifierKey & { identityId: IdentityId }>('names'),
        accounts: rowsOf<AccountRow>('accounts'),
      };
    },
    async repeats(keys) {
      const [found] = await run([{ name: 'repeats', text: readRepeats, values: [keys.join(',')] }]);
      return found?.rows as unknown as readonly Repeat[];
    },
    async rings(keys) {
      const [, found] = await run(ringStatements(keys));
      return found?.rows as unknown as readonly RingRow[];
    },
    async admit(keys) {
      const [fresh] = await run([dedupe(keys)]);
      return new Set((fresh?.rows ?? []).map((row) => row['key'] as string));
    },
    count: (questions, subjects, at) => countUses(run, questions, subjects, at),
    async gather(hits, at) {
      const [, found] = await run(gatherStatements(hits, at));
      return readGathering(hits, found?.rows ?? []);
    },
    async commit(writes) {
      const results = await run([...writes, commit]);
      // After an error inside, PostgreSQL answers COMMIT with ROLLBACK and no error.
      if (results.at(-1)?.tag !== 'COMMIT') throw new AppError('store.unavailable', 'the database rolled the batch back');
    },
    async rollback() {
      await run([rollback]);
    },
  };
}

function dedupe(keys: readonly DoorKey[]): Statement {
  const sorted = [...keys].sort((a, b) => (a.key < b.key ? -1 : 1));
  const columns = [
    sorted.map((row) => row.key),
    sorted.map((row) => row.signalId),
    sorted.map((row) => row.bodyDigest),
    sorted.map((row) => row.firstAt),
  ];
  return { name: 'dedupe', text: dedupeInsert, values: columns.map((column) => column.join(',')) };
}
