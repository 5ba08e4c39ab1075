/**
 * Makes one person of two. Locks are taken in the order of settle, after the one that writers of the graph share: signals that wait
 * for a person, then identities by id. A batch that waited for a row here finds it merged away and settles again.
 */
import type { Instant } from '../model/clock.ts';
import type { IdentityId } from '../model/ids.ts';
import type { Level } from '../model/risk.ts';
import type { Tx } from './db.ts';
import { lockGraph } from './graph-lock.ts';
import { wakeBetween } from './unresolved.ts';

/** What signals left on a person. */
export interface Standing {
  readonly evidence: string;
  readonly heldLevel: Level;
}

export type MergeOutcome =
  | { readonly kind: 'merged'; readonly survivor: IdentityId; readonly gone: IdentityId }
  /** Both ids name one person already, and nothing was changed. */
  | { readonly kind: 'already'; readonly survivor: IdentityId }
  | { readonly kind: 'unknown'; readonly which: 'from' | 'into' }
  | { readonly kind: 'erased'; readonly which: 'from' | 'into' };

/**
 * `from` goes, `into` stays, with the accounts, names and evidence of both and the stricter of what is said of either. Ids of people
 * who were merged before name the person whom they became. Both keep their keys: what is sealed stays readable until the person is
 * erased. Plans of either stay as they are, since they hang on accounts.
 */
export async function mergeIdentities(
  tx: Tx,
  from: IdentityId,
  into: IdentityId,
  { unite, at }: { readonly unite: (a: Standing, b: Standing) => Standing; readonly at: Instant },
): Promise<MergeOutcome> {
  await lockGraph(tx);
  const { rows: known } = await tx.query<{ id: IdentityId; root: IdentityId; hasKey: boolean }>(
    `select i.id, r.id as root, exists (select from person_key k where k.identity_id = r.id) as "hasKey"
     from identity i join identity r on r.id = coalesce(i.merged_into, i.id) where i.id in ($1, $2)`,
    [from, into],
  );
  const [goes, stays] = [from, into].map((id) => known.find((row) => row.id === id));
  if (goes === undefined) return { kind: 'unknown', which: 'from' };
  if (stays === undefined) return { kind: 'unknown', which: 'into' };
  const [gone, survivor] = [goes.root, stays.root];
  if (gone === survivor) return { kind: 'already', survivor };
  if (!goes.hasKey) return { kind: 'erased', which: 'from' };
  if (!stays.hasKey) return { kind: 'erased', which: 'into' };

  await wakeBetween(tx, [gone, survivor], at);
  const { rows } = await tx.query<Standing & { id: IdentityId }>(
    `select id, evidence, held_level as "heldLevel" from identity where id in ($1, $2) or merged_into = $1 order by id for update`,
    [gone, survivor],
  );
  const [goneStanding, standing] = [gone, survivor].map((id) => rows.find((row) => row.id === id) as Standing);
  const united = unite(standing as Standing, goneStanding as Standing);
  await tx.query(
    `update identity set merged_into = $2, evidence = '', held_level = 'none', level_due_at = null where id = $1 or merged_into = $1`,
    [gone, survivor],
  );
  await tx.query(`update identity set evidence = $2, held_level = $3, level_due_at = null where id = $1`, [
    survivor,
    united.evidence,
    united.heldLevel,
  ]);
  for (const table of ['account', 'identity_alias'])
    await tx.query(`update ${table} set identity_id = $2 where identity_id = $1`, [gone, survivor]);
  // Both may have a name from one source; it is kept once.
  await tx.query(
    `insert into identifier (format, value, identity_id, source) select format, value, $2, source from identifier where identity_id = $1
     on conflict do nothing`,
    [gone, survivor],
  );
  await tx.query(`delete from identifier where identity_id = $1`, [gone]);
  // One person counts once in limits by distinct people.
  await tx.query(`update guard_use set subject = $2 where subject = $1`, [gone, survivor]);
  await tx.query(sumUp, [[gone, survivor].join(','), at]);
  return { kind: 'merged', survivor, gone };
}

/** Writes into identities what their aliases and accounts say, of several the strictest. One of another tier is scored otherwise, so the held
 * level is to be looked at. */
export const sumUp = `update identity i set
  tier = case greatest(s.rank, 0) when 3 then 'tier0' when 2 then 'standing' else 'none' end,
  protected = s.protected, executive = s.executive, groups = s.groups,
  level_due_at = case when i.evidence <> '' and (i.tier, i.executive) is distinct from
    (case greatest(s.rank, 0) when 3 then 'tier0' when 2 then 'standing' else 'none' end, s.executive)
    then to_timestamp($2::float8 / 1000) else i.level_due_at end
from (
  select w.id,
    max(case t.tier when 'tier0' then 3 when 'standing' then 2 when 'none' then 1 else 0 end) as rank,
    coalesce(bool_or(t.protected), false) as protected,
    coalesce(bool_or(t.executive), false) as executive,
    coalesce(array(select distinct g from (
      select unnest(a.groups) as g from account a where a.identity_id = w.id
      union select unnest(l.groups) from identity_alias l where l.identity_id = w.id) as every order by g), '{}') as groups
  from unnest(string_to_array($1, ',')::uuid[]) as w(id)
  left join lateral (
    select tier, protected, executive from identity_alias l where l.identity_id = w.id
    union all select tier, false, false from account a where a.identity_id = w.id) as t on true
  group by w.id) as s
where i.id = s.id`;
