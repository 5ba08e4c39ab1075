/** An organisation under its shipped guards with as many people and processes as a flood needs, and a database clock that is told the time. */
import { createHash } from 'node:crypto';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import { type Core, type CoreOptions, startCore } from '../../src/app/core.ts';
import type { Instant } from '../../src/model/clock.ts';
import type { IdMaker, SignalId } from '../../src/model/ids.ts';
import type { PlanState } from '../../src/model/plan-state.ts';
import type { Arrival } from '../../src/model/signal.ts';
import { markVerified, toItem } from '../../src/signals/index.ts';
import { type SandboxProviderStandIn, startSandboxProvider } from '../fakes/sandbox-provider.ts';
import { createManualClock, type ManualClock } from './clock.ts';
import { readOptions, stopTime } from './core.ts';
import type { TestDatabase } from './database.ts';

export const floodBegin = Date.UTC(2026, 4, 4, 10);
export const partners = ['partner-a', 'partner-b', 'partner-c'] as const;

/** Ends sessions at a partner's word alone, which no shipped policy does. */
const rashPolicy = `apiVersion: rescind/v1
kind: Policy
metadata: { id: RP-900, name: rash, version: 1, title: Revoke at a partner's word alone, owner: group:iam, severity: high, status: draft, reviewBy: 2027-05-01 }
mode: report-only
match: { signals: [caep_risk_high], causes: [partner], subjects: { kinds: [person] } }
when: 'risk.score >= 60.0'
respond: { scope: person, ladder: [{ step: revoke, actions: [{ type: session.revoke, scope: all }] }] }
tests:
  - { name: a partner says so, given: {}, expect: { match: true, step: revoke } }
  - { name: one who is not believed says so, given: { signals: [{ type: caep_risk_high, confidence: 0.5 }] }, expect: { match: false } }
  - { name: nobody knows the device, given: { device: { compliance: unknown } }, expect: { match: true, step: revoke } }
`;

/** States of a plan that was released at some time; one that expires was never. */
export const disturbingStates: readonly PlanState[] = ['released', 'done', 'partial', 'failed', 'undone'];

export interface FloodOptions {
  readonly people: number;
  /** False: the guards that count are out of reach. */
  readonly limits?: boolean;
  /** Moved together with the database's clock. Absent: the clock of the process stands still, and nothing that it does by it happens. */
  readonly clock?: ManualClock;
  /** Sections of the configuration beside those of the world. */
  readonly sections?: object;
}

export interface FloodWorld {
  readonly core: Core;
  /** Text of the configuration, for `floodOptions` of another process. */
  readonly configuration: string;
  /** What the core was started with. */
  readonly options: CoreOptions;
  readonly provider: SandboxProviderStandIn;
  readonly people: readonly string[];
  /** The instant of what is settled from now on. */
  at(instant: number): Promise<void>;
  arrival(person: string, source: string, more?: Partial<Arrival>): ReturnType<typeof toItem>;
  /** Everybody on whom something was released. */
  disturbed(): Promise<readonly string[]>;
  close(): Promise<void>;
}

/** Without guards that count nothing limits a source: every number of `guardrails.yaml` is out of reach, and no breaker opens. */
function withoutLimits(text: string): string {
  const document = parse(text) as { guards: Record<string, unknown> & { breaker: object } };
  const raise = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(raise);
    if (value === null || typeof value !== 'object') return value;
    const raised = Object.entries(value).map(([key, member]) => [
      key,
      (key === 'count' || key === 'min' || key === 'people') && typeof member === 'number' ? 1_000_000 : raise(member),
    ]);
    return Object.fromEntries(raised);
  };
  for (const guard of ['surge', 'source', 'people', 'rungs', 'policy', 'group', 'tier0', 'operator'])
    document.guards[guard] = raise(document.guards[guard]);
  document.guards.breaker = { ...document.guards.breaker, opensOn: [{ limitHits: 1_000_000, window: '1h' }] };
  return stringify(document);
}

/** What a process of the world is started with. */
export async function floodOptions(configuration: string, clock = createManualClock(floodBegin)): Promise<CoreOptions> {
  return readOptions(configuration, clock);
}

/** A partner's word that a person is at high risk, as it comes from a door; no two are the same event. */
export function markHigh(ids: IdMaker, person: string, source: string, now: Instant, more: Partial<Arrival> = {}) {
  const id = ids.next<SignalId>(now);
  return toItem(
    markVerified<Arrival>({
      type: 'caep_risk_high',
      source,
      sourceKind: 'transmitters',
      cause: 'partner',
      severity: 'high',
      occurredAt: now,
      receivedAt: now,
      claim: { kind: 'person', person: [{ format: 'alias', value: person }] },
      facts: {},
      circumstances: {},
      marks: [],
      dedupeKey: id,
      raw: id,
      ...more,
    }),
    ids,
  );
}

export async function openFloodWorld(
  database: TestDatabase,
  { people: count, limits = true, clock, sections = {} }: FloodOptions,
): Promise<FloodWorld> {
  const people = Array.from({ length: count }, (_, n) => `person-${n}`);
  const ending: (() => Promise<unknown>)[] = [];
  const { store } = database;
  const setTime = await stopTime(database, floodBegin);
  // A partner of long standing is believed.
  for (const partner of partners) await store.query('insert into source_seen (source, first_at) values ($1, to_timestamp(0))', [partner]);
  const provider = await startSandboxProvider({ people });
  ending.push(() => provider.close());

  const policies = mkdtempSync(join(tmpdir(), 'rescind-flood-'));
  ending.push(async () => rmSync(policies, { recursive: true, force: true }));
  const shipped = join(import.meta.dirname, '../../policies');
  cpSync(shipped, policies, { recursive: true });
  writeFileSync(join(policies, 'responses/RP-900-rash.yaml'), rashPolicy);
  const everyPolicy = readdirSync(join(policies, 'responses')).map((name) => name.slice(0, 'RP-000'.length));
  if (!limits) {
    const path = join(policies, 'guardrails.yaml');
    writeFileSync(path, withoutLimits(readFileSync(path, 'utf8')));
  }
  const { host, port, user } = database.connection;
  const configuration = stringify({
    database: { url: `postgres://${user}@/${database.name}?host=${encodeURIComponent(String(host))}&port=${port}` },
    policies,
    enforcement: { default: 'report-only', connections: { directory: { mode: 'enforce', maxRung: 6 } } },
    overrides: Object.fromEntries(everyPolicy.map((id) => [id, 'enforce'])),
    profile: 'standard',
    keys: { wrap: createHash('sha256').update('flood').digest('base64url') },
    connections: [{ id: 'directory', provider: 'sandbox', baseUrl: provider.baseUrl, adminToken: provider.token, profile: 'standard' }],
    identities: people.map((id) => ({ id, emails: [`${id}@example.com`], accounts: [{ connection: 'directory', id }] })),
    network: { allowPrivate: ['127.0.0.0/8'] },
    ...sections,
  });
  const options = await floodOptions(configuration, clock);
  const core = await startCore(options);
  ending.push(() => core.stop());
  await core.judging.refresh();

  let now = floodBegin;
  return {
    core,
    configuration,
    options,
    provider,
    people,
    async at(instant) {
      now = instant;
      await setTime(instant);
      await clock?.advance(instant - clock.now());
    },
    arrival: (person, source, more) => markHigh(core.ids, person, source, now, more),
    async disturbed() {
      const { rows } = await store.query<{ alias: string }>(
        `select distinct a.alias from plan p join identity_alias a on a.identity_id = p.identity_id where p.state = any ($1) order by 1`,
        [disturbingStates],
      );
      return rows.map(({ alias }) => alias);
    },
    async close() {
      for (const end of ending.reverse()) await end();
    },
  };
}
