/** What a provider says was done with our credential, each event once, beside the action of ours that explains it. */
import type { Instant } from '../model/clock.ts';
import type { Db } from './db.ts';
import { joined } from './statement.ts';

export interface ConfirmationRow {
  /** SHA-256 of the event's dedupe key, in hex. */
  readonly key: string;
  readonly event: string;
  readonly occurredAt: Instant;
  /** The provider's id of the account; null where no account is meant. */
  readonly account: string | null;
  /** Action types that can have left such an event. */
  readonly types: readonly string[];
}

/** The provider's clock and ours. */
const skewMs = 5 * 60_000;
/** Longer than any action is tried. */
const longestMs = 7 * 86_400_000;
/** Providers act on some orders only after they answered. */
const afterMs = 15 * 60_000;

/** Keeps those that are new and answers them, each with the action that explains it, or null. */
export async function noteConfirmations(
  db: Db,
  connection: string,
  given: readonly ConfirmationRow[],
  at: Instant,
): Promise<readonly { readonly event: string; readonly actionId: string | null }[]> {
  const { rows } = await db.query<{ event: string; actionId: string | null }>(
    `with told as (
       select * from unnest(string_to_array($2, E'\\x1e'), string_to_array($3, E'\\x1e'), string_to_array($4, E'\\x1e'),
         string_to_array($5, E'\\x1e'), string_to_array($6, E'\\x1e')) as t(key, event, occurred, account, types)
     )
     insert into confirmation (connection, key, event, occurred_at, noted_at, action_id)
     select $1, decode(t.key, 'hex'), t.event, to_timestamp(t.occurred::float8 / 1000), to_timestamp($7::float8 / 1000), (
       select a.id from action a left join account c on c.id = a.account_id
       where a.connection = $1 and a.type = any (string_to_array(t.types, ','))
         and (coalesce(t.account, '') = '' or c.external_id = t.account)
         and a.intended_at <= to_timestamp((t.occurred::float8 + ${skewMs}) / 1000)
         and a.intended_at >= to_timestamp((t.occurred::float8 - ${longestMs}) / 1000)
         and coalesce(a.finished_at, to_timestamp($7::float8 / 1000)) >= to_timestamp((t.occurred::float8 - ${afterMs}) / 1000)
       order by a.intended_at desc limit 1)
     from told t order by t.key on conflict do nothing returning event, action_id as "actionId"`,
    [
      connection,
      joined(given.map(({ key }) => key)),
      joined(given.map(({ event }) => event)),
      joined(given.map(({ occurredAt }) => String(occurredAt))),
      joined(given.map(({ account }) => account ?? '')),
      joined(given.map(({ types }) => types.join(','))),
      at,
    ],
  );
  return rows;
}

export async function sweepConfirmations(db: Db, before: Instant): Promise<void> {
  await db.query('delete from confirmation where noted_at < to_timestamp($1::float8 / 1000)', [before]);
}
