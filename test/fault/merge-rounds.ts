/**
 * Two people become one while signals for both arrive at two processes, again and again; then what is left is compared with what was
 * sent. `node test/fault/merge-rounds.ts --rounds 1000`: exit 1 where anything is lost or left over.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type EvidenceState, emptyEvidence } from '../../src/model/risk.ts';
import { oneOccurrence } from '../../src/risk/evidence.ts';
import { mergeEvidence, parseEvidence, parseRiskModel, type RiskModel, serialiseEvidence } from '../../src/risk/index.ts';
import { startTestServer, type TestDatabase } from '../support/database.ts';
import { systemClock } from '../support/system-clock.ts';
import { verifyOver } from './checker.ts';
import { adminToken, type FaultWorld, openWorld, type Service, until } from './world.ts';

export interface MergeResult {
  readonly rounds: number;
  /** Signals that were answered with 202. */
  readonly accepted: number;
  /** Rounds in which the person who went was decided on under the old id and under the new one. */
  readonly overlapped: number;
  /** Deadlocks that the database resolved; each was tried again, or it would be among the faults. */
  readonly deadlocks: number;
  readonly faults: readonly string[];
}

interface Sent {
  readonly id: string;
  readonly type: string;
  readonly at: number;
}

interface Round {
  readonly pair: readonly [string, string];
  readonly sent: readonly Sent[];
  readonly pushed: number;
}

/** Rounds under way at once, so that batches hold signals of several pairs. */
const lanes = 4;
const signalsEach = 6;
const types = ['anomalous_token', 'mfa_fatigue', 'brute_force', 'cookie_replay', 'malicious_ip', 'new_country'];
const headers = { authorization: `Bearer ${adminToken}`, 'content-type': 'application/json' };

export async function runMergeRounds(database: TestDatabase, rounds: number): Promise<MergeResult> {
  const world = await openWorld(database, rounds * 2);
  try {
    return await merging(world, rounds);
  } finally {
    await world.close();
  }
}

async function merging(world: FaultWorld, rounds: number): Promise<MergeResult> {
  const services = [await world.start(), await world.start()] as const;
  const faults: string[] = [];
  const done: Round[] = [];
  let next = 0;
  const lane = async () => {
    for (let n = next++; n < rounds; n = next++) done.push(await playRound(world, services, n, faults));
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  await until(
    'every plan',
    async () => ((await ask(world, `select 1 from plan where state = 'released' limit 1`)).length === 0 ? true : undefined),
    60_000,
  );

  const risk = readRisk();
  let overlapped = 0;
  for (const round of done) overlapped += (await judge(world, round, risk, faults)) ? 1 : 0;
  const accepted = done.reduce((sum, { sent, pushed }) => sum + sent.length + pushed, 0);
  const [counted] = await ask(
    world,
    `select (select count(*)::int from signal) as signals, (select count(*)::int from undecided) as undecided,
       (select count(*)::int from ledger_entry where type = 'signal.decided') as entries,
       (select count(*)::int from ledger_entry where type = 'identity.merged') as merges,
       (select deadlocks::int from pg_stat_database where datname = current_database()) as deadlocks`,
  );
  const { signals, undecided, entries, merges, deadlocks } = counted as Record<string, number>;
  if (signals !== accepted || entries !== accepted || undecided !== 0)
    faults.push(`${accepted} accepted, ${signals} signals, ${entries} entries, ${undecided} undecided`);
  if (merges !== rounds) faults.push(`${merges} lines of ${rounds} merges`);
  // Everything that was written gets its place.
  await fetch(`${services[0].origin}/api/v1/ledger/checkpoint`, { headers });
  faults.push(...(await verifyOver(services[0].origin)));
  const [left] = await ask(
    world,
    `select (select count(*)::int from ledger_pending) as waiting, (select count(*)::int from plan where state <> 'done') as plans,
       (select count(*)::int from ledger_entry) - (select count(*)::int from ledger_leaf) as placeless,
       (select count(*)::int from signal s where not exists (select from dedupe d where d.signal_id = s.id)) as keyless`,
  );
  for (const [what, count] of Object.entries(left ?? {})) if (count !== 0) faults.push(`${String(count)} ${what}`);
  for (const person of world.people) if (world.provider.sessions(person).length > 0) faults.push(`${person} still has a session`);
  return { rounds, accepted, overlapped, deadlocks: deadlocks ?? 0, faults };
}

/** Half of the signals are under way when the merge is ordered, the other half follow; every third merge is ordered at both at once. */
async function playRound(world: FaultWorld, services: readonly [Service, Service], n: number, faults: string[]): Promise<Round> {
  const pair = [world.people[2 * n] as string, world.people[2 * n + 1] as string] as const;
  // Only every other pair is acted on: a limit of people holds the plans of more than the profile allows.
  const acted = n % 2 === 0 ? pair : [];
  for (const person of acted) world.provider.signIn(person);
  const tokens = await Promise.all(acted.map((person) => world.sign(person)));
  const sent: Sent[] = [];
  let pushed = 0;
  let turn = n;
  const service = () => services[turn++ % 2] as Service;

  const signal = async (person: string, k: number) => {
    const type = types[(n + k) % types.length] as string;
    const at = Date.now() - k * 900_000;
    const answer = await post(service().origin, '/api/v1/signals', {
      type,
      subject: { format: 'email', email: `${person}@example.com` },
      occurredAt: new Date(at).toISOString(),
    });
    if (answer.status === 202) sent.push({ id: String(answer.body['id']), type, at });
    else faults.push(`a signal was answered with ${answer.status}`);
  };
  const push = async (token: string | undefined) => {
    if (token === undefined) return;
    const status = await world.push(service().origin, token);
    if (status === 202) pushed += 1;
    else faults.push(`a SET was answered with ${status}`);
  };
  const merge = async (from: string, into: string) => {
    const answer = await post(service().origin, `/api/v1/identities/${from}/merge`, { into, reason: 'the same person' });
    if (answer.status !== 200) faults.push(`a merge was answered with ${answer.status}`);
  };

  const half = (from: number) => pair.flatMap((person) => Array.from({ length: signalsEach / 2 }, (_, k) => signal(person, from + k)));
  const [first, second] = pair;
  const early = [...half(0), push(tokens[0])];
  if (n % 2 === 0) await early[0];
  const merges = [merge(first, second), ...(n % 3 === 0 ? [merge(second, first)] : [])];
  const late = [...half(signalsEach / 2), push(tokens[1])];
  await Promise.all([...early, ...merges, ...late]);
  return { pair, sent, pushed };
}

/** Compares one pair with what was sent; answers whether the merge took place amid its signals. */
async function judge(world: FaultWorld, { pair, sent }: Round, risk: RiskModel, faults: string[]): Promise<boolean> {
  const blame = (what: string) => faults.push(`${pair.join(' and ')}: ${what}`);
  const people = await ask(
    world,
    `select i.id, i.merged_into, i.evidence, (select count(*)::int from account a where a.identity_id = i.id) as accounts,
       (select count(*)::int from guard_use g where g.subject = i.id::text) as uses
     from identity i where i.id = any (select identity_id from identity_alias where alias = any ($1))
       or i.merged_into = any (select identity_id from identity_alias where alias = any ($1)) order by i.merged_into nulls first`,
    [pair],
  );
  const [survivor, gone, ...more] = people;
  if (survivor === undefined || gone === undefined || more.length > 0 || survivor['merged_into'] !== null) {
    blame(`${people.length} records`);
    return false;
  }
  if (gone['merged_into'] !== survivor['id'] || gone['evidence'] !== '' || gone['accounts'] !== 0 || gone['uses'] !== 0)
    blame('something stayed with the one that went');
  if (survivor['accounts'] !== 2) blame(`${String(survivor['accounts'])} accounts`);
  let union: EvidenceState = emptyEvidence;
  for (const { type, at } of sent)
    union = mergeEvidence(union, oneOccurrence({ type, band: 'medium', source: 'operators', tag: '' }, '', at), risk);
  if (signalsOf(survivor['evidence'] as string) !== serialiseEvidence(union))
    blame(`evidence ${String(survivor['evidence'])}, and not ${serialiseEvidence(union)}`);
  const rows = await ask(
    world,
    `select s.id, s.state, s.identity_id from signal s join ledger_entry e on e.id = s.decision_id and e.type = 'signal.decided'
     where s.id = any ($1)`,
    [sent.map(({ id }) => id)],
  );
  if (rows.length !== sent.length || rows.some((row) => row['state'] !== 'decided'))
    blame(`${rows.length} of ${sent.length} signals are decided`);
  const under = new Set(rows.map((row) => row['identity_id']));
  return under.has(survivor['id']) && under.has(gone['id']);
}

async function ask(world: FaultWorld, text: string, values: unknown[] = []): Promise<readonly Record<string, unknown>[]> {
  return (await world.database.store.query<Record<string, unknown>>(text, values)).rows;
}

async function post(origin: string, path: string, body: unknown): Promise<{ status: number; body: Record<string, unknown> }> {
  const response = await fetch(`${origin}${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

function readRisk(): RiskModel {
  const file = join(import.meta.dirname, '../../policies/risk.yaml');
  const parsed = parseRiskModel(readFileSync(file, 'utf8'), file);
  if (!parsed.ok) throw new Error('the risk model does not load');
  return parsed.value;
}

if (import.meta.main) {
  const { values } = parseArgs({ options: { rounds: { type: 'string', default: '1000' } } });
  const server = await startTestServer();
  try {
    const startedMs = systemClock.elapsedMs();
    const result = await runMergeRounds(await server.database(), Number(values.rounds));
    console.log(JSON.stringify({ ...result, seconds: Math.round((systemClock.elapsedMs() - startedMs) / 1000) }));
    process.exitCode = result.faults.length > 0 ? 1 : 0;
  } finally {
    await server.stop();
  }
}

/** Without what our own revocations took back meanwhile: when they ended is nobody's to foresee. */
function signalsOf(text: string): string {
  const { own: _own, marks, ...rest } = parseEvidence(text);
  return serialiseEvidence({ ...rest, marks: { ...marks, classes: marks.classes.filter(([name]) => name !== 'sessions_revoked') } });
}
