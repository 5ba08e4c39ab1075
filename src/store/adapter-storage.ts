/** What an adapter keeps between restarts, in one table, apart for each connection. A record past its time is absent. */
import type { AdapterStorage, StorageIndex, StoredRecord } from '../adapters/contract.ts';
import type { Clock, Instant } from '../model/clock.ts';
import { AppError } from '../model/errors.ts';
import { type Db, sqlStateOf } from './db.ts';
import type { Store } from './open.ts';

const indexColumns = { account: 'account', grant: 'grant_id', uid: 'uid' } as const satisfies Record<StorageIndex, string>;
const columns = 'key, value, account, grant_id, uid, expires_at';
const alive = '(expires_at is null or expires_at > $2)';

interface Row {
  key: string;
  value: string;
  account: string | null;
  grant_id: string | null;
  uid: string | null;
  expires_at: Instant | null;
}

/** The storage port of one connection. Keys hold no NUL; a key that does is simply never found, and putting it is `request.invalid`. */
export function createAdapterStorage(store: Pick<Store, 'query' | 'transaction'>, connectionId: string, clock: Clock): AdapterStorage {
  const now = () => new Date(clock.now());
  return {
    async get(kind, key) {
      if (!canHold(key)) return undefined;
      const { rows } = await store.query<Row>(
        `select ${columns} from adapter_record where connection = $1 and kind = $3 and key = $4 and ${alive}`,
        [connectionId, now(), kind, key],
      );
      return rows[0] && recordOf(rows[0]);
    },

    // One statement. A gate that somebody is deleting is locked and skipped, so this does nothing; a deletion by index that begins
    // later waits for this insert and takes it along: a token saved while its grant is being deleted never survives the grant.
    async put(kind, key, record, options) {
      if (![key, record.account, record.grant, record.uid].every(canHold)) {
        throw new AppError('request.invalid', 'a record of an adapter has a name that cannot be stored');
      }
      const gate = options?.onlyIf;
      if (gate && !canHold(gate.key)) return false;
      const values = [
        connectionId,
        now(),
        kind,
        key,
        JSON.stringify(record.value),
        record.account ?? null,
        record.grant ?? null,
        record.uid ?? null,
        record.expiresAt === undefined ? null : new Date(record.expiresAt),
      ];
      const upsert = (
        source: string,
      ) => `insert into adapter_record (connection, kind, key, value, account, grant_id, uid, expires_at, created_at)
        select $1::text, $3::text, $4::text, $5::text, $6::text, $7::text, $8::text, $9::timestamptz, $2::timestamptz ${source}
        on conflict (connection, kind, key) do update set value = excluded.value, account = excluded.account, grant_id = excluded.grant_id,
          uid = excluded.uid, expires_at = excluded.expires_at,
          created_at = case when adapter_record.expires_at <= excluded.created_at then excluded.created_at else adapter_record.created_at end`;
      const gated = `with gate as (select 1 from adapter_record where connection = $1 and kind = $10 and key = $11 and ${alive} for key share skip locked)
        ${upsert('from gate')}`;
      return againOnDeadlock(async () => {
        const { rowCount } = gate ? await store.query(gated, [...values, gate.kind, gate.key]) : await store.query(upsert(''), values);
        return rowCount === 1;
      });
    },

    async delete(kind, key) {
      if (!canHold(key)) return false;
      const { rowCount } = await store.query('delete from adapter_record where connection = $1 and kind = $2 and key = $3', [
        connectionId,
        kind,
        key,
      ]);
      return rowCount === 1;
    },

    async find(kind, index, value) {
      if (!canHold(value)) return [];
      const { rows } = await store.query<Row>(
        `select ${columns} from adapter_record where connection = $1 and kind = $3 and ${indexColumns[index]} = $4 and ${alive}
         order by created_at desc, key desc`,
        [connectionId, now(), kind, value],
      );
      return rows.map((row) => ({ key: row.key, ...recordOf(row) }));
    },

    // Locked first and deleted by a statement that begins after the locks are held: what a put saved meanwhile is seen and goes too.
    async deleteBy(kinds, index, value) {
      if (!canHold(value)) return 0;
      const where = `connection = $1 and kind = any ($2) and ${indexColumns[index]} = $3`;
      const values = [connectionId, [...kinds], value];
      return againOnDeadlock(() =>
        store.transaction(async (tx) => {
          await tx.query(`select 1 from adapter_record where ${where} order by kind, key for update`, values);
          return (await tx.query(`delete from adapter_record where ${where}`, values)).rowCount ?? 0;
        }),
      );
    },

    async list(kind, after, limit) {
      const { rows } = await store.query<Row>(
        `select ${columns} from adapter_record where connection = $1 and kind = $3 and ($4::text is null or key > $4) and ${alive} order by key limit $5`,
        [connectionId, now(), kind, after ?? null, limit],
      );
      return rows.map((row) => ({ key: row.key, ...recordOf(row) }));
    },
  };
}

/** Deletes records of every connection whose time ended before `at`; answers how many. */
export async function sweepExpiredRecords(db: Db, at: Instant): Promise<number> {
  return (await db.query('delete from adapter_record where expires_at <= $1', [new Date(at)])).rowCount ?? 0;
}

/** A put that replaces a record behind a gate and a deletion of both can meet in either order. */
async function againOnDeadlock<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      if (sqlStateOf(error) !== '40P01' || attempt === 3) throw error;
    }
  }
}

function recordOf(row: Row): StoredRecord {
  return {
    value: JSON.parse(row.value) as StoredRecord['value'],
    ...(row.account === null ? {} : { account: row.account }),
    ...(row.grant_id === null ? {} : { grant: row.grant_id }),
    ...(row.uid === null ? {} : { uid: row.uid }),
    ...(row.expires_at === null ? {} : { expiresAt: row.expires_at }),
  };
}

/** PostgreSQL's text takes everything but NUL and lone surrogates. */
function canHold(text: string | undefined): boolean {
  return text === undefined || (!text.includes('\0') && text.isWellFormed());
}
