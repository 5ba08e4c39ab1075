/** Actions as they are stored: for a run that goes on where another ended, and for lists. */
import type { ActionParameters, ActionState, ActionType } from '../model/action.ts';
import type { AccountId, ActionId, IdentityId, PlanId } from '../model/ids.ts';
import type { Account, Identity, Tier } from '../model/subject.ts';
import type { ActionValues } from './action-write.ts';
import type { Db } from './db.ts';

export interface StoredAction extends ActionValues {
  readonly planId: PlanId;
  readonly position: number;
  readonly connection: string;
  readonly accountId: AccountId | null;
  readonly type: ActionType;
  readonly parameters: ActionParameters;
}

type Columns = Omit<StoredAction, 'parameters'> & { readonly parameters: string };

const columns = `id, plan_id as "planId", position, connection, account_id as "accountId", type, parameters, idempotency_key as "idempotencyKey", state,
  attempts, code, intended_at as "intendedAt", finished_at as "finishedAt", verified_at as "verifiedAt", residual_access_ms as "residualAccessMs"`;

const fromColumns = ({ parameters, ...rest }: Columns): StoredAction => ({
  ...rest,
  parameters: JSON.parse(parameters) as ActionParameters,
});

/** The actions of some plans, by plan and position. */
export async function readActionsOf(db: Db, planIds: readonly PlanId[]): Promise<readonly StoredAction[]> {
  const { rows } = await db.query<Columns>({
    name: 'action-of-plans',
    text: `select ${columns} from action where plan_id = any ($1::uuid[]) order by plan_id, position`,
    values: [planIds],
  });
  return rows.map(fromColumns);
}

export interface ActionFilter {
  readonly planId?: PlanId;
  readonly connection?: string;
  readonly state?: ActionState;
  readonly type?: ActionType;
  /** The id of the last one seen. */
  readonly before?: ActionId;
  readonly limit: number;
}

/** Newest first. */
export async function listActions(db: Db, filter: ActionFilter): Promise<readonly StoredAction[]> {
  const { rows } = await db.query<Columns>(
    `select ${columns} from action
     where ($1::uuid is null or plan_id = $1) and ($2::text is null or connection = $2) and ($3::text is null or state = $3)
       and ($4::text is null or type = $4) and ($5::uuid is null or id < $5)
     order by id desc limit $6`,
    [filter.planId ?? null, filter.connection ?? null, filter.state ?? null, filter.type ?? null, filter.before ?? null, filter.limit],
  );
  return rows.map(fromColumns);
}

/** The person as known now, with the accounts that exist; merges are followed. Undefined where the record is gone. */
export async function readPerson(db: Db, identityId: IdentityId): Promise<Identity | undefined> {
  const { rows } = await db.query<{
    id: IdentityId;
    tier: Tier;
    protected: boolean;
    executive: boolean;
    groups: string[];
    accounts: Account[];
    names: string[];
  }>({
    name: 'action-person',
    text: `with recursive line as (
        select i.*, 0 as step from identity i where i.id = $1
        union all select i.*, line.step + 1 from identity i join line on i.id = line.merged_into where line.step < 32
      )
      select id, tier, protected, executive, groups,
        (select coalesce(json_agg(json_strip_nulls(json_build_object('id', a.id, 'connection', a.connection, 'externalId', a.external_id,
             'status', a.status, 'kind', a.kind)) order by a.id), '[]')
           from account a where a.identity_id in (select id from line)) as accounts,
        array(select f.value from identifier f where f.identity_id = line.id and f.format in ('alias', 'email', 'upn', 'employee_number')) as names
      from line where merged_into is null`,
    values: [identityId],
  });
  return rows[0];
}

/** The providers' ids of accounts; those that no longer exist are absent. */
export async function readExternalIds(db: Db, accountIds: readonly AccountId[]): Promise<ReadonlyMap<AccountId, string>> {
  if (accountIds.length === 0) return new Map();
  const { rows } = await db.query<{ id: AccountId; externalId: string }>({
    name: 'action-accounts',
    text: `select id, external_id as "externalId" from account where id = any ($1::uuid[])`,
    values: [accountIds],
  });
  return new Map(rows.map((row) => [row.id, row.externalId]));
}
