/** The last look at who stands behind a plan, whatever the plan itself says of them. */
import type { Owner } from '../actions/contract.ts';
import type { AccountId } from '../model/ids.ts';
import { breakGlassGroup } from '../model/subject.ts';
import type { Db } from './db.ts';

/**
 * True where the row `plan` of the surrounding statement would fall on somebody protected: the owner of any account that it names, or
 * the person whom it is about, merges followed.
 */
export const planFallsOnProtected = `exists (
  with recursive behind(id, step) as (
    select w.id, 0 from (
      select plan.identity_id as id
      union select a.identity_id from account a where a.id = plan.account_id
        or a.id in (select (x->>'accountId')::uuid from jsonb_array_elements(plan.actions::jsonb) x)) as w
    union select i.merged_into, behind.step + 1 from identity i join behind on i.id = behind.id where behind.step < 32
  )
  select 1 from identity i join behind on i.id = behind.id where i.protected or '${breakGlassGroup}' = any (i.groups))`;

/** The people behind the accounts of a plan, read anew: the plan may name another. */
export async function readOwners(db: Db, accountIds: readonly AccountId[]): Promise<ReadonlyMap<AccountId, Owner>> {
  if (accountIds.length === 0) return new Map();
  const { rows } = await db.query<Owner & { accountId: AccountId; [column: string]: unknown }>({
    name: 'account-owners',
    text: `select a.id as "accountId", i.id, i.tier, i.protected, i.groups,
        array(select f.value from identifier f where f.identity_id = i.id and f.format in ('alias', 'email', 'upn', 'employee_number')) as names
      from account a join identity i on i.id = a.identity_id where a.id = any ($1::uuid[])`,
    values: [accountIds],
  });
  return new Map(rows.map(({ accountId, ...owner }) => [accountId, owner]));
}
