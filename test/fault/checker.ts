/** Judges what is left after a fault. Shares no code with what wrote it: own SQL, the provider's own state, the independent verifier. */
import { verifyLedger } from '../../src/ledger/verifier/verify.ts';
import type { FaultWorld } from './world.ts';
import { adminToken } from './world.ts';

export interface Findings {
  /** Accepted signals that left no trace, or half a one. */
  readonly lost: readonly string[];
  /** Plans that did more or less than each action once, by the records and by the provider's calls. */
  readonly crooked: readonly string[];
  readonly plans: number;
  /** Calls that ended something at the provider. */
  readonly effects: number;
  readonly calls: number;
  /** Calls beyond the first of one idempotency key. */
  readonly repeated: number;
  readonly openIntents: number;
  readonly openPlans: number;
  /** Entries without a place, places without an entry, holes in the numbering. */
  readonly gaps: number;
  readonly ledger: readonly string[];
}

type Rows = readonly Record<string, unknown>[];

async function ask(world: FaultWorld, text: string, values: unknown[] = []): Promise<Rows> {
  return (await world.database.store.query(text, values)).rows as Rows;
}

/** Whether a person's one plan is done. */
export async function isDone(world: FaultWorld, person: string): Promise<boolean> {
  const rows = await ask(world, `select p.state from plan p join account a on a.identity_id = p.identity_id where a.external_id = $1`, [
    person,
  ]);
  return rows.length === 1 && rows[0]?.['state'] === 'done';
}

/** Whether everything that follows from one person's signal has come to an end, down to its lines' places and its job. */
export async function isSettled(world: FaultWorld, person: string): Promise<boolean> {
  const [row] = await ask(
    world,
    `select (select count(*) from plan p join account a on a.identity_id = p.identity_id where a.external_id = $1 and p.state = 'done') = 1
       and not exists (select from ledger_pending)
       and not exists (select from pgboss.job where name like 'plan/%' and state < 'completed') as settled`,
    [person],
  );
  return row?.['settled'] === true;
}

/** `accepted`: for each person, how many SETs were answered 202. */
export async function check(world: FaultWorld, accepted: ReadonlyMap<string, number>, origin: string): Promise<Findings> {
  // Everything that was written gets its place.
  await fetch(`${origin}/api/v1/ledger/checkpoint`, { headers: { authorization: `Bearer ${adminToken}` } });
  const [numbers] = await ask(
    world,
    `select (select count(*)::int from plan where state <> 'held') as plans, (select count(*)::int from plan where state = 'released') as open_plans,
       (select count(*)::int from action where state in ('intended', 'unknown', 'failed')) as open_intents,
       (select count(*)::int from ledger_entry e where not exists (select from ledger_leaf l where l.entry_id = e.id))
       + (select count(*)::int from ledger_leaf l where not exists (select from ledger_entry e where e.id = l.entry_id))
       + (select count(*)::int from ledger_pending)
       + (select abs(coalesce(max(leaf_index) + 1, 0) - count(*))::int from ledger_leaf)
       + (select abs((select coalesce(max(size), 0) from ledger_head) - count(*))::int from ledger_leaf) as gaps`,
  );
  const posts = world.provider.calls.filter((call) => call.method === 'POST');
  return {
    lost: await findLost(world, accepted),
    crooked: await findCrooked(world),
    plans: Number(numbers?.['plans']),
    effects: world.provider.effects(),
    calls: posts.length,
    repeated: posts.length - new Set(posts.map((call) => call.key)).size,
    openIntents: Number(numbers?.['open_intents']),
    openPlans: Number(numbers?.['open_plans']),
    gaps: Number(numbers?.['gaps']),
    ledger: await verifyOver(origin),
  };
}

/** Each accepted SET is one signal with one decision and its line, or an undecided one with its line; nothing else is there. */
async function findLost(world: FaultWorld, accepted: ReadonlyMap<string, number>): Promise<readonly string[]> {
  const rows = await ask(
    world,
    `select coalesce(a.external_id, '?') as person, count(*)::int as signals,
       count(*) filter (where (select count(*) from ledger_entry e where e.id = s.decision_id and e.type = 'signal.decided'
         and e.core::jsonb->>'signalId' = s.id::text) = 1)::int as entered,
       count(*) filter (where (select count(*) from dedupe d where d.signal_id = s.id) = 1)::int as keyed
     from signal s left join account a on a.identity_id = s.identity_id group by 1`,
  );
  const found = new Map(rows.map((row) => [String(row['person']), row]));
  const aside = await ask(
    world,
    `select signal_id as id, (select count(*)::int from ledger_entry e where e.type = 'signal.undecided' and e.core::jsonb->>'signalId' = signal_id::text) as entries from undecided`,
  );
  const total = [...accepted.values()].reduce((sum, count) => sum + count, 0);
  const signals = rows.reduce((sum, row) => sum + Number(row['signals']), 0);
  return [
    ...(signals + aside.length === total ? [] : [`${total} accepted, ${signals} signals and ${aside.length} undecided`]),
    ...(aside.length > 0 ? [] : [...accepted].filter(([person, count]) => found.get(person)?.['signals'] !== count)).map(
      ([person, count]) => `${person}: ${count} accepted, ${String(found.get(person)?.['signals'] ?? 0)} signals`,
    ),
    ...rows
      .filter((row) => row['entered'] !== row['signals'] || row['keyed'] !== row['signals'])
      .map(
        (row) =>
          `${String(row['person'])}: ${String(row['entered'])} entries and ${String(row['keyed'])} keys of ${String(row['signals'])}`,
      ),
    ...aside.filter((row) => Number(row['entries']) < 1).map((row) => `undecided ${String(row['id'])} has no entry`),
  ];
}

/** Every action that is done was announced before it, ended once in the log, and reached the provider under one key of its own. */
async function findCrooked(world: FaultWorld): Promise<readonly string[]> {
  const rows = await ask(
    world,
    `select p.id as plan, p.state, ac.id as action, ac.state as action_state, ac.attempts, ac.idempotency_key as key,
       array(select l.leaf_index from ledger_entry e join ledger_leaf l on l.entry_id = e.id where e.type = 'action.intended' and e.core::jsonb->>'actionId' = ac.id::text order by 1) as intended,
       array(select l.leaf_index from ledger_entry e join ledger_leaf l on l.entry_id = e.id where e.type = 'action.finished' and e.core::jsonb->>'actionId' = ac.id::text) as finished,
       array(select l.leaf_index from ledger_entry e join ledger_leaf l on l.entry_id = e.id where e.type = 'plan.released' and e.core::jsonb->>'planId' = p.id::text) as released,
       (select count(*)::int from action o where o.plan_id = p.id) as actions, json_array_length(p.actions::json) as wanted
     from plan p left join action ac on ac.plan_id = p.id where p.state not in ('held', 'refused')`,
  );
  const posts = Map.groupBy(
    world.provider.calls.filter((call) => call.method === 'POST'),
    (call) => call.key ?? 'none',
  );
  const crooked: string[] = [];
  for (const row of rows) {
    const blame = (what: string) => crooked.push(`plan ${String(row['plan'])}, action ${String(row['action'])}: ${what}`);
    const [intended, finished, released] = (['intended', 'finished', 'released'] as const).map((name) =>
      (row[name] as unknown[]).map(Number),
    );
    const calls = posts.get(String(row['key'])) ?? [];
    if (row['actions'] !== row['wanted']) blame(`${String(row['actions'])} records of ${String(row['wanted'])}`);
    if (finished?.length !== 1) blame(`finished ${finished?.length} times`);
    if (intended?.length !== row['attempts']) blame(`${intended?.length} intentions, ${String(row['attempts'])} attempts`);
    if (released?.length !== 1) blame(`released ${released?.length} times`);
    if (Math.max(...(intended ?? [])) > Math.min(...(finished ?? [])) || Math.max(...(released ?? [])) > Math.min(...(intended ?? [])))
      blame('out of order');
    if (calls.filter((call) => call.effect).length !== 1) blame(`${calls.filter((call) => call.effect).length} effects`);
    if (calls.length > Number(row['attempts'])) blame(`${calls.length} calls, ${String(row['attempts'])} attempts`);
  }
  const known = new Set(rows.map((row) => String(row['key'])));
  for (const key of posts.keys()) if (!known.has(key)) crooked.push(`a call under ${key}, which no record knows`);
  return crooked;
}

/** What an independent verifier finds wrong with the log. */
export async function verifyOver(origin: string): Promise<readonly string[]> {
  const headers = { authorization: `Bearer ${adminToken}` };
  const { items } = (await (await fetch(`${origin}/api/v1/ledger/keys`, { headers })).json()) as { items: string[] };
  const verdict = await verifyLedger(
    {
      async read(path) {
        const response = await fetch(`${origin}/api/v1/ledger/${path}`, { headers });
        return response.ok ? new Uint8Array(await response.arrayBuffer()) : undefined;
      },
    },
    { verifierKeys: items },
  );
  return verdict.faults.map((fault) => `${fault.kind} ${fault.index ?? ''}: ${fault.detail}`);
}
