/** The decision log in PostgreSQL: rounds of sequencing, leadership, and reading. */
import type { LedgerReadStore, SequencingRound, SequencingStore, StoredHead } from '../ledger/contract.ts';
import type { TileRef, TileRow } from '../ledger/tiles.ts';
import type { EntryRow } from '../model/entry.ts';
import { AppError } from '../model/errors.ts';
import type { Db, Tx } from './db.ts';
import type { AdvisoryLock } from './leadership.ts';
import type { Store } from './open.ts';

/** Advisory locks in the space of two integers: the first is ours, the second says for what. */
const lockSpace = 0x4c6f67;
const roundLock = 1;

/** Who runs the rounds, of all processes. */
export const sequencerLock: AdvisoryLock = [lockSpace, 2];

const selectHead = `select size, root, checkpoint, signed_at as "signedAt" from ledger_head`;
const selectTiles = `select t.level, t.tile, t.hashes from ledger_tile t
join unnest(string_to_array($1, ',')::smallint[], string_to_array($2, ',')::bigint[]) as w(level, tile) on t.level = w.level and t.tile = w.tile`;
const rowColumns = `e.id, e.type, e.body, e.core, e.sealed, e.sealed_for as "sealedFor", e.sealed_by as "sealedBy"`;
const selectLeaves = `select l.leaf_index as index, ${rowColumns} from ledger_leaf l join ledger_entry e on e.id = l.entry_id
where l.leaf_index >= $1 and l.leaf_index < $1 + $2 order by l.leaf_index`;
const selectLeafOf = `select l.leaf_index as index, ${rowColumns} from ledger_entry e left join ledger_leaf l on l.entry_id = e.id where e.id = $1`;

// Whole rows until the limit is reached: the row that reaches it is the last.
const takePending = `with front as (select id, entries from ledger_pending order by id limit 1024),
counted as (select id, sum(cardinality(entries)) over (order by id) - cardinality(entries) as before from front),
taken as (delete from ledger_pending p using counted c where p.id = c.id and c.before < $1 returning p.id, p.entries)
select id, entries from taken order by id`;
const selectBodies = `select id, body from ledger_entry where id = any (string_to_array($1, ',')::uuid[])`;
const isPending = `select exists (select from ledger_pending) as more`;

const insertLeaves = `insert into ledger_leaf (leaf_index, entry_id)
select $1::bigint + n - 1, id::uuid from unnest(string_to_array($2, ',')) with ordinality as r(id, n)`;
const upsertTiles = `insert into ledger_tile (level, tile, hashes)
select level::smallint, tile::bigint, decode(hashes, 'hex')
from unnest(string_to_array($1, ','), string_to_array($2, ','), string_to_array($3, ',')) as r(level, tile, hashes)
on conflict (level, tile) do update set hashes = excluded.hashes where length(excluded.hashes) > length(ledger_tile.hashes)`;
const upsertHead = `insert into ledger_head (size, root, checkpoint, signed_at) values ($1, $2, $3, to_timestamp($4::float8 / 1000))
on conflict ("only") do update set size = excluded.size, root = excluded.root, checkpoint = excluded.checkpoint, signed_at = excluded.signed_at
where ledger_head.size < excluded.size`;

/** Rounds exclude each other across all processes by an advisory lock that ends with the transaction. */
export function createSequencingStore(store: Store): SequencingStore {
  return {
    round: (work) =>
      store.transaction(async (tx) => {
        await tx.query('select pg_advisory_xact_lock($1, $2)', [lockSpace, roundLock]);
        return work(roundOn(tx));
      }),
  };
}

function roundOn(tx: Tx): SequencingRound {
  return {
    head: () => readHead(tx),
    tiles: (refs) => readTiles(tx, refs),
    async take(limit) {
      const taken = await tx.query<{ entries: string[] }>({ name: 'ledger-take', text: takePending, values: [limit] });
      const ids = taken.rows.flatMap((row) => row.entries);
      if (ids.length === 0) return { entries: [], more: false };
      const found = await tx.query<{ id: string; body: string }>({ name: 'ledger-bodies', text: selectBodies, values: [ids.join(',')] });
      const bodies = new Map(found.rows.map((row) => [row.id, row.body]));
      const entries = ids.map((id) => {
        const body = bodies.get(id);
        if (body === undefined) throw new AppError('ledger.broken', `entry ${id} is pending but not stored`);
        return { id, body };
      });
      const rest = await tx.query<{ more: boolean }>(isPending);
      return { entries, more: rest.rows[0]?.more === true };
    },
    async write({ firstIndex, entryIds, tiles, head }) {
      await tx.query({ name: 'ledger-leaves', text: insertLeaves, values: [firstIndex, entryIds.join(',')] });
      const columns = [tiles.map((row) => row.level), tiles.map((row) => row.tile), tiles.map((row) => row.hashes.toString('hex'))];
      await tx.query({ name: 'ledger-tiles', text: upsertTiles, values: columns.map((column) => column.join(',')) });
      const written = await tx.query({
        name: 'ledger-head',
        text: upsertHead,
        values: [head.size, head.root, head.checkpoint, head.signedAt],
      });
      if (written.rowCount !== 1) throw new AppError('ledger.broken', 'a head of this size has been signed already');
    },
  };
}

export function createLedgerReadStore(db: Db): LedgerReadStore {
  return {
    head: () => readHead(db),
    tiles: (refs) => readTiles(db, refs),
    async leaves(firstIndex, count) {
      return (await db.query<EntryRow & { index: number }>({ name: 'ledger-read-leaves', text: selectLeaves, values: [firstIndex, count] }))
        .rows;
    },
    async leafOf(entryId) {
      return (await db.query<EntryRow & { index: number | null }>({ name: 'ledger-leaf-of', text: selectLeafOf, values: [entryId] }))
        .rows[0];
    },
  };
}

async function readHead(db: Db): Promise<StoredHead | undefined> {
  return (
    await db.query<{ size: number; root: Buffer; checkpoint: string; signedAt: number }>({ name: 'ledger-read-head', text: selectHead })
  ).rows[0];
}

async function readTiles(db: Db, refs: readonly TileRef[]): Promise<TileRow[]> {
  if (refs.length === 0) return [];
  const values = [refs.map((ref) => ref.level).join(','), refs.map((ref) => ref.tile).join(',')];
  return (await db.query<{ level: number; tile: number; hashes: Buffer }>({ name: 'ledger-read-tiles', text: selectTiles, values })).rows;
}
