/** Whom identifiers name, outside a settle batch. */
import type { IdentityId } from '../model/ids.ts';
import type { IdentifierKey } from '../model/subject.ts';
import type { Db } from './db.ts';
import { joined } from './statement.ts';

/** The living people of each identifier, where it has any; of somebody erased nothing is left to find. */
export async function namesOf(db: Db, keys: readonly IdentifierKey[]): Promise<(key: IdentifierKey) => readonly IdentityId[]> {
  // A separator inside an identifier names nobody: no directory holds one.
  const asked = keys.filter(({ value }) => !value.includes('\x1e'));
  const { rows } = await db.query<{ name: string; ids: IdentityId[] }>(
    `select f.format || ' ' || f.value as name, array_agg(distinct f.identity_id) as ids from identifier f
     join person_key k on k.identity_id = f.identity_id
     join unnest(string_to_array($1, E'\\x1e'), string_to_array($2, E'\\x1e')) as w(f, v) on f.format = w.f and f.value = w.v group by 1`,
    [joined(asked.map(({ format }) => format)), joined(asked.map(({ value }) => value))],
  );
  const names = new Map(rows.map(({ name, ids }) => [name, ids]));
  return ({ format, value }) => names.get(`${format} ${value}`) ?? [];
}
