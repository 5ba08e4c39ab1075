/** What guards ask before something goes far: how fresh directories are, how many administrators there are, whom lists name. */
import type { Instant } from '../model/clock.ts';
import type { IdentityId } from '../model/ids.ts';
import type { AdminCount, Standing } from '../model/situation.ts';
import { breakGlassGroup, type Tier } from '../model/subject.ts';
import type { Db, Tx } from './db.ts';
import { joined } from './statement.ts';

export async function recordDirectoryRead(db: Db, connection: string, at: Instant): Promise<void> {
  await db.query(
    `insert into directory_read (connection, read_at) values ($1, to_timestamp($2::float8 / 1000))
     on conflict (connection) do update set read_at = excluded.read_at`,
    [connection, at],
  );
}

export async function readDirectoryTimes(db: Db): Promise<Standing['directories']> {
  const { rows } = await db.query<{ connection: string; readAt: Instant }>(`select connection, read_at as "readAt" from directory_read`);
  return Object.fromEntries(rows.map((row) => [row.connection, row.readAt]));
}

interface AdminColumns {
  connection: string;
  role: Tier;
  active: number;
  everybody: number;
}

/** Written out as the index has it, so that it is used. */
const actsOnAdmins = (action: string) =>
  `${action}.type in ('account.suspend', 'account.disable', 'role.remove', 'group.remove', 'account.restore', 'group.add')`;

/**
 * `ending`: actions that take administration away; whom one of them has fallen on, or is about to, is not counted as active, until it is given back
 * or the whole directory is read again and calls the account active. Those of the plan `spare` are left out of account.
 */
export async function countAdmins(db: Db, ending: readonly string[], spare: string | null = null): Promise<Standing['admins']> {
  const { rows } = await db.query<AdminColumns>({
    name: 'admin-count',
    text: `select a.connection, i.tier as role, count(*)::int as everybody,
        (count(*) filter (where a.status in ('active', 'unknown') and not exists (
          select 1 from action c where c.account_id = a.id and ${actsOnAdmins('c')} and c.type = any (string_to_array($1, ','))
            and ($3::uuid is null or c.plan_id <> $3)
            and (c.state in ('intended', 'unknown') or c.state in ('done', 'already', 'unverified')
              and c.intended_at > coalesce(case when a.status = 'active' then d.read_at end, '-infinity'))
            and not exists (select 1 from action r where r.account_id = a.id and ${actsOnAdmins('r')} and r.type <> all (string_to_array($1, ','))
              and r.state in ('done', 'already') and r.intended_at > c.intended_at))))::int as active
      from account a join identity i on i.id = a.identity_id left join directory_read d on d.connection = a.connection
      where i.tier in ('standing', 'tier0') and not ($2 = any (i.groups)) and a.status <> 'disabled' and i.merged_into is null
      group by a.connection, i.tier`,
    values: [ending.join(','), breakGlassGroup, spare],
  });
  const admins: Record<string, AdminCount> = {};
  for (const { connection, role, active, everybody } of rows) {
    const known = admins[connection] ?? { active: 0, roles: {} };
    admins[connection] = { active: known.active + active, roles: { ...known.roles, [role]: { active, all: everybody } } };
  }
  return admins;
}

/** Of these texts those that are an alias or an address of somebody, by whom they name. */
export async function peopleNamed(db: Db, texts: readonly string[]): Promise<ReadonlyMap<IdentityId, readonly string[]>> {
  const people = new Map<IdentityId, string[]>();
  if (texts.length === 0) return people;
  const { rows } = await db.query<{ id: IdentityId; text: string }>(
    `select distinct f.identity_id as id, w.text from identifier f
     join unnest(string_to_array($1, E'\\x1e')) as w(text) on f.value = w.text or (f.format in ('email', 'upn') and f.value = lower(w.text))
     where f.format in ('alias', 'email', 'upn', 'employee_number')`,
    [joined(texts)],
  );
  for (const { id, text } of rows) people.set(id, [...(people.get(id) ?? []), text]);
  return people;
}

/** Until the end of the transaction nobody else counts administrators in order to end one. */
export async function lockAdmins(tx: Tx): Promise<void> {
  await tx.query(`select pg_advisory_xact_lock(hashtextextended('administrators', 0))`);
}
