/** Which people stand behind the names of operators. */
import type { IdentityId } from '../model/ids.ts';
import type { Db } from './db.ts';

/**
 * Of these texts those that are somebody's alias, address or UPN, by whom they name; merges are followed, and case is not looked at,
 * since a name in another spelling is no other person.
 */
export async function peopleBehind(db: Db, texts: readonly string[]): Promise<ReadonlyMap<string, readonly IdentityId[]>> {
  if (texts.length === 0) return new Map();
  const { rows } = await db.query<{ text: string; ids: IdentityId[] }>(
    `select w.text, array_agg(distinct coalesce(i.merged_into, i.id)) as ids from unnest($1::text[]) as w(text)
     join lateral (
       select a.identity_id from identity_alias a where lower(a.alias) = lower(w.text)
       union all select f.identity_id from identifier f where f.format = 'alias' and f.value in (w.text, lower(w.text))
       union all select f.identity_id from identifier f where f.format in ('email', 'upn') and f.value = lower(w.text)
     ) as n on true
     join identity i on i.id = n.identity_id group by w.text`,
    [texts],
  );
  return new Map(rows.map(({ text, ids }) => [text, ids]));
}
