/** People who decide on held plans, through HTTP: one process, a clock that moves when told, a policy whose harder step asks for approval. */
import { createHash } from 'node:crypto';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import type { Core } from '../../src/app/core.ts';
import { fromRfc3339 } from '../../src/model/clock.ts';
import type { PlanId } from '../../src/model/ids.ts';
import type { Role } from '../../src/model/operator.ts';
import { createServer, openListener } from '../../src/server/index.ts';
import { type SandboxProviderStandIn, startSandboxProvider } from '../fakes/sandbox-provider.ts';
import { createManualClock } from '../support/clock.ts';
import { coreOptions, noListener, startService, stopTime } from '../support/core.ts';
import { testDatabase } from '../support/database.ts';
import { systemClock } from '../support/system-clock.ts';

// biome-ignore lint/suspicious/noExplicitAny: answers of the API are looked at member by member
export type Answer = any;

/** Names of tokens, which are also their secrets, with their roles. */
export const operators: Readonly<Record<string, readonly Role[]>> = {
  lead: ['approver'],
  second: ['approver'],
  other: ['approver'],
  root: ['admin'],
  analyst: ['analyst'],
  auditor: ['auditor'],
  client: ['ingest'],
};

/** `contain` goes at once where it may; `end` asks the group soc-l2. */
export interface HoldPolicy {
  readonly required?: number;
  readonly timeout?: string;
  readonly onTimeout?: 'deny' | 'fallback' | 'escalate';
  /** The lower step ends sessions as well, which lowers the score. */
  readonly thorough?: boolean;
  /** Ladder without the lower step: nothing runs meanwhile. */
  readonly alone?: boolean;
  /** One step of these actions, which asks nobody. */
  readonly acts?: readonly object[];
  /** Whom the harder step asks; nobody where the list is empty. */
  readonly approvers?: readonly string[];
}

export interface HoldWorld {
  readonly core: Core;
  readonly origin: string;
  readonly provider: SandboxProviderStandIn;
  get(path: string, as?: string): Promise<Answer>;
  post(path: string, body: object, as?: string): Promise<{ status: number; body: Answer }>;
  /** A signal that makes the person's score high; answers the decision. */
  hijack(who: string, type?: string, as?: string): Promise<string>;
  /** What the analyst orders about somebody. */
  order(who: string, type: string): Promise<Answer>;
  /** The held plans, newest first. */
  held(): Promise<{ items: Answer[]; hash: string; blastRadius: Answer }>;
  /** Carries out what is released. */
  carryOut(): Promise<void>;
  pass(seconds: number): Promise<void>;
  query(text: string, values?: unknown[]): Promise<readonly Record<string, unknown>[]>;
  /** What others are told, by type, in order. */
  told(type: string): Promise<readonly Answer[]>;
  /** Types of log entries since the start, in order. */
  log(): Promise<readonly string[]>;
  /** Another process on the same database; answers how to post to it. */
  second(): Promise<HoldWorld['post']>;
  close(): Promise<void>;
}

export async function openHoldWorld(options: {
  readonly people: readonly string[];
  readonly policy?: HoldPolicy;
  /** TP-002, which wants the same of the same signals. */
  readonly also?: HoldPolicy;
  readonly profile?: 'sandbox' | 'small' | 'standard';
  readonly personFromRung?: number;
  /** What the configuration says of people beside name and account. */
  readonly about?: Readonly<Record<string, object>>;
  /** Beside the groups and tokens that every world has. */
  readonly operators?: { readonly people?: object; readonly groups?: Readonly<Record<string, readonly string[]>> };
  /** Of the one connection; enforced where it is not said. */
  readonly enforcement?: 'report-only';
}): Promise<HoldWorld> {
  const startAt = fromRfc3339('2026-05-04T10:00:00.000Z') as number;
  const database = await testDatabase();
  const query = async (text: string, values: unknown[] = []) => (await database.store.query<Record<string, unknown>>(text, values)).rows;
  const setTime = await stopTime(database, startAt);
  let at = startAt;
  const clock = { ...createManualClock(startAt), now: () => at };
  const provider = await startSandboxProvider({ people: options.people });
  for (const id of options.people) provider.signIn(id, { begunAt: startAt - 3_600_000 });
  const policies = mkdtempSync(join(tmpdir(), 'rescind-holds-'));
  cpSync(join(import.meta.dirname, '../../policies'), policies, { recursive: true });
  writeFileSync(join(policies, 'responses/TP-001-end.yaml'), policyText('TP-001', options.policy ?? {}));
  if (options.also) writeFileSync(join(policies, 'responses/TP-002-end.yaml'), policyText('TP-002', options.also));
  if (options.personFromRung !== undefined) {
    const path = join(policies, 'guardrails.yaml');
    writeFileSync(path, readFileSync(path, 'utf8').replace('personFromRung: 5', `personFromRung: ${options.personFromRung}`));
  }
  const sections = {
    policies,
    enforcement: options.enforcement ?? { default: 'report-only', connections: { sandbox: { mode: 'enforce', maxRung: 6 } } },
    overrides: { 'TP-001': 'enforce', ...(options.also && { 'TP-002': 'enforce' }) },
    connections: [
      {
        id: 'sandbox',
        provider: 'sandbox',
        baseUrl: provider.baseUrl,
        adminToken: provider.token,
        profile: options.profile ?? 'sandbox',
      },
    ],
    operators: {
      ...options.operators,
      groups: { 'soc-l2': ['lead', 'second', 'ann'], ...options.operators?.groups },
      tokens: [...Object.entries(operators), ...options.people.map((id) => [id, ['approver']] as const)].map(([name, roles]) => ({
        name,
        sha256: createHash('sha256').update(name).digest('hex'),
        roles,
      })),
    },
    identities: options.people.map((id) => ({
      id,
      emails: [`${id}@example.com`],
      accounts: [{ connection: 'sandbox', id }],
      ...options.about?.[id],
    })),
    sinks: [noListener],
  };
  const settings = await coreOptions(database, sections, clock);
  const open = async () => {
    const service = await startService(settings);
    const { core, doors, parts } = service;
    const listener = await openListener({ host: '127.0.0.1', port: 0, clock: systemClock });
    listener.serve(createServer({ ...parts, push: doors.push, signal: doors.signal, hook: () => undefined }));
    const close = async () => {
      await listener.close(0);
      await service.close();
    };
    return { core, origin: `http://127.0.0.1:${listener.port}`, close };
  };
  const opened = [await open()];
  const { core, origin } = opened[0] as (typeof opened)[number];
  const before = Number((await query('select count(*)::int as count from ledger_entry'))[0]?.['count']);

  const get = async (path: string, as = 'root') =>
    (await fetch(`${origin}${path}`, { headers: { authorization: `Bearer ${as}` } })).json() as Promise<Answer>;
  const postTo =
    (base: string): HoldWorld['post'] =>
    async (path, body, as = 'lead') => {
      const headers = { authorization: `Bearer ${as}`, 'content-type': 'application/json' };
      const response = await fetch(`${base}${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
      return { status: response.status, body: (await response.json()) as Answer };
    };
  const post = postTo(origin);
  const world: HoldWorld = {
    core,
    origin,
    provider,
    get,
    post,
    async hijack(who, type = 'cookie_replay', as = 'analyst') {
      const subject = { format: 'email', email: `${who}@example.com` };
      const { body } = await post('/api/v1/signals', { type, subject, occurredAt: new Date(at).toISOString() }, as);
      return body.decisionIds[0];
    },
    order: (who, type) => post('/api/v1/plans', { identityId: who, actions: [{ type }], reason: 'she called' }, 'analyst'),
    held: () => get('/api/v1/plans?state=held'),
    async carryOut() {
      for (const { id } of await query(`select id from plan where state = 'released' order by id`)) await core.executor.run(id as PlanId);
    },
    async pass(seconds) {
      at += seconds * 1000;
      await setTime(at);
    },
    query,
    told: async (type) =>
      (await query('select data from notice where type = $1 order by id', [type])).map(({ data }) => JSON.parse(String(data))),
    async log() {
      await core.sequencer.flush();
      const rows = await query(
        'select e.type from ledger_leaf l join ledger_entry e on e.id = l.entry_id where l.leaf_index >= $1 order by l.leaf_index',
        [before],
      );
      return rows.map(({ type }) => String(type));
    },
    async second() {
      const other = await open();
      opened.push(other);
      return postTo(other.origin);
    },
    async close() {
      for (const one of opened) await one.close();
      await provider.close();
      await database.drop();
      rmSync(policies, { recursive: true, force: true });
    },
  };
  return world;
}

function policyText(id: string, policy: HoldPolicy): string {
  const { required = 1, timeout = '24h', onTimeout = 'fallback', alone = false, thorough = false, acts } = policy;
  const { approvers = acts === undefined ? ['group:soc-l2'] : [] } = policy;
  const asks = approvers.length > 0;
  const tokens = { type: 'token.revoke', scope: 'all' };
  const contain = { step: 'contain', actions: thorough ? [{ type: 'session.revoke', scope: 'all' }, tokens] : [tokens] };
  const end = {
    step: 'end',
    at: 'risk.score >= 70.0',
    ...(asks && { approval: 'socLead' }),
    actions: [
      { type: 'session.revoke', scope: 'all' },
      { type: 'token.revoke', scope: 'all' },
    ],
  };
  return stringify({
    apiVersion: 'rescind/v1',
    kind: 'Policy',
    metadata: {
      id,
      name: `end-${id.toLowerCase()}`,
      version: 1,
      title: 'End all sessions',
      owner: 'group:soc-l2',
      severity: 'high',
      status: 'draft',
      controls: { soc2: ['CC6.1'] },
      attack: ['T1539'],
      reviewBy: '2027-05-01',
      falsePositives: ['a test'],
    },
    mode: 'report-only',
    match: {
      signals: ['cookie_replay', 'aitm_phishing'],
      sources: ['operators', 'api'],
      subjects: { kinds: ['person'], excludeGroups: ['break-glass'] },
    },
    when: 'risk.score >= 1.0',
    respond:
      acts !== undefined
        ? { scope: 'person', ladder: [{ step: 'end', actions: acts }] }
        : alone
          ? { scope: 'person', ladder: [end] }
          : { scope: 'person', ladder: [contain, end], fallback: 'contain' },
    ...(asks && { approvals: { socLead: { approvers, required, notSelf: true, timeout, onTimeout } } }),
    tests: [
      { name: 'a replayed cookie', given: {}, expect: { match: true, step: 'end' } },
      { name: 'a day later', given: { signals: [{ type: 'cookie_replay', at: '-25h' }] }, expect: { match: false, because: 'age' } },
      { name: 'break-glass', given: { subject: { groups: ['break-glass'] } }, expect: { match: false, because: 'excluded' } },
      { name: 'unknown device', given: { device: { compliance: 'unknown' }, subject: { tier: 'unknown' } }, expect: { match: true } },
    ],
  });
}
