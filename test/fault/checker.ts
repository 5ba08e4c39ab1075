/** Judges what is left after a fault. Shares no code with what wrote it: own SQL, the provider's own state, the independent verifier. */
import { verifyLedger } from '../../src/ledger/verifier/verify.ts';
import type { FaultWorld } from './world.ts';
import { adminToken } from './world.ts';

export interface Findings {
  readonly lost: readonly string[];
  readonly effects: number;
  readonly plans: number;
  readonly calls: number;
  readonly openIntents: number;
  readonly openPlans: number;
  readonly unsequenced: number;
  readonly ledger: readonly string[];
}

type Rows = readonly Record<string, unknown>[];

async function ask(world: FaultWorld, text: string, values: unknown[] = []): Promise<Rows> {
  return (await world.database.store.query(text, values)).rows as Rows;
}

/** Whether everything that follows from one person's signals has come to an end. */
export async function isSettled(world: FaultWorld, person: string): Promise<boolean> {
  const [row] = await ask(
    world,
    `select count(*) filter (where p.state <> 'done')::int as open, count(*)::int as plans from plan p
     join account a on a.identity_id = p.identity_id where a.external_id = $1`,
    [person],
  );
  return row?.['plans'] === 1 && row['open'] === 0;
}

/** `accepted`: the jti of every SET that was answered 202. */
export async function check(world: FaultWorld, accepted: readonly string[], origin: string): Promise<Findings> {
  const raws = await ask(
    world,
    `select s.id, s.state, s.decision_id, e.id as entry, (select count(*)::int from ledger_entry d where d.id = s.decision_id and d.type = 'signal.decided') as entries
     from signal s left join ledger_entry e on e.id = s.decision_id`,
  );
  const undecided = await ask(world, 'select signal_id from undecided');
  const lost = [
    ...(raws.length + undecided.length < accepted.length
      ? [`${accepted.length} accepted, ${raws.length} signals and ${undecided.length} undecided`]
      : []),
    ...raws.filter((row) => row['entries'] !== 1).map((row) => `signal ${String(row['id'])} has ${String(row['entries'])} entries`),
  ];
  const [numbers] = await ask(
    world,
    `select (select count(*)::int from plan where state <> 'held') as plans, (select count(*)::int from plan where state = 'released') as open_plans,
       (select count(*)::int from action where state in ('intended', 'unknown', 'failed')) as open_intents`,
  );
  // Everything that was written waits for its place, or has it: asked again until nothing waits.
  await fetch(`${origin}/api/v1/ledger/checkpoint`, { headers: { authorization: `Bearer ${adminToken}` } });
  const [waiting] = await ask(
    world,
    `select count(*)::int as count from ledger_entry e where not exists (select from ledger_leaf l where l.entry_id = e.id)`,
  );
  return {
    lost,
    effects: world.provider.effects(),
    plans: Number(numbers?.['plans']),
    calls: world.provider.calls.filter((call) => call.method === 'POST').length,
    openIntents: Number(numbers?.['open_intents']),
    openPlans: Number(numbers?.['open_plans']),
    unsequenced: Number(waiting?.['count']),
    ledger: await verifyOver(origin),
  };
}

async function verifyOver(origin: string): Promise<readonly string[]> {
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
