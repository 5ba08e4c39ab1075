/**
 * People at Okta report, one after the other, that a sign-in was not theirs: the event comes by a hook, and their sessions end there.
 * `node test/journeys/okta-report.ts [--people 12]` prints how long it took from the hook's first byte to the revoking call. Of many more
 * the System Log, by which the end of sessions is read back, is not asked at once: half of its allowance is not ours.
 */
import { parseArgs } from 'node:util';
import { openEventDoors } from '../../src/app/hooks.ts';
import { createMetrics } from '../../src/app/metrics.ts';
import { createServer, openListener } from '../../src/server/index.ts';
import { logEvent } from '../adapters/okta/events.ts';
import { startOkta } from '../fakes/okta.ts';
import { coreOptions, startService } from '../support/core.ts';
import { startTestServer, type TestDatabase } from '../support/database.ts';
import { systemClock } from '../support/system-clock.ts';
import { envelope } from './okta-world.ts';

const secret = 'hook-secret-of-the-report';
const admin = { name: 'auditor', roles: ['admin' as const] };

export interface Report {
  readonly login: string;
  /** From the first byte that is sent to the call that ends the sessions. */
  readonly toCallMs: number;
  readonly sessionsLeft: number;
  readonly actions: readonly { readonly type: string; readonly state: string; readonly seen: boolean }[];
  /** C2SP `.tlog-proof` of the decision. */
  readonly proof: string;
}

export interface Reports {
  readonly reports: readonly Report[];
  readonly keys: readonly string[];
  /** Whoever did not report. */
  readonly othersSessions: number;
}

export async function playReports(database: TestDatabase, people: number): Promise<Reports> {
  const okta = await startOkta({ people: people + 1 });
  const logins = Array.from({ length: people + 1 }, (_, n) => `p${n + 1}@example.com`);
  for (const login of logins) okta.signIn(login);
  const sections = {
    enforcement: { default: 'report-only', connections: { 'okta-main': { mode: 'enforce', maxRung: 3 } } },
    overrides: { 'RP-005': 'enforce' },
    connections: [
      {
        ...{ id: 'okta-main', provider: 'okta', orgUrl: okta.orgUrl, trial: true, profile: 'sandbox' },
        ...{ auth: { token: okta.token }, events: { secret, pollSeconds: 3_600 } },
      },
    ],
  };
  const options = await coreOptions(database, sections, systemClock);
  const service = await startService(options);
  const { core, doors, parts } = service;
  const events = openEventDoors(core, options, createMetrics({ ledgerWaiting: async () => 0, undecided: async () => 0 }));
  const listener = await openListener({ host: '127.0.0.1', port: 0, clock: systemClock });
  listener.serve(createServer({ ...parts, push: doors.push, signal: doors.signal, hook: events.hook }));
  try {
    await core.syncDirectories(AbortSignal.timeout(30_000));
    const reports: Report[] = [];
    for (const login of logins.slice(0, people)) reports.push(await report(login));
    return {
      reports,
      keys: await parts.ledgerKeys(),
      othersSessions: okta.access(logins[people] as string).sessions.length,
    };
  } finally {
    await events.stop();
    await listener.close(0);
    await service.close();
    await okta.close();
  }

  async function report(login: string): Promise<Report> {
    const { id } = okta.person(login);
    const person = { id, type: 'User', alternateId: login };
    const event = logEvent('user.account.report_suspicious_activity_by_enduser', {
      ...{ uuid: `report-${login}`, actor: person, target: [person], published: new Date().toISOString() },
    });
    okta.reset();
    const sentAt = performance.timeOrigin + performance.now();
    const response = await fetch(`http://127.0.0.1:${listener.port}/hooks/okta-main`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: secret },
      body: envelope([event]),
    });
    if (response.status !== 200) throw new Error(`the hook was answered with ${response.status}`);
    const [decided] = await found(
      login,
      `select s.decision_id as "decisionId", p.state from signal s join account a on a.identity_id = s.identity_id
       join plan p on p.decision_id = s.decision_id where a.external_id = $1 and p.state not in ('released', 'held')`,
      [id],
    );
    const actions = await found(
      login,
      `select a.type, a.state, a.verified_at is not null as seen from action a join plan p on p.id = a.plan_id where p.decision_id = $1 order by a.position`,
      [decided?.['decisionId']],
    );
    const call = okta.calls.find(({ method, route }) => method === 'DELETE' && route === '/api/v1/users/{userId}/sessions');
    return {
      login,
      toCallMs: (call?.at ?? Number.NaN) - sentAt,
      sessionsLeft: okta.access(login).sessions.length,
      actions: actions as unknown as Report['actions'],
      proof: String(await parts.proof(String(decided?.['decisionId']), admin)),
    };
  }

  async function found(what: string, text: string, values: unknown[]) {
    const startedMs = systemClock.elapsedMs();
    for (;;) {
      const { rows } = await database.store.query<Record<string, unknown>>(text, values);
      if (rows.length > 0) return rows;
      if (systemClock.elapsedMs() - startedMs > 20_000) throw new Error(`waited in vain for what follows the report of ${what}`);
      await systemClock.sleep(5);
    }
  }
}

export function medianOf(reports: readonly Report[]): number {
  const sorted = reports.map(({ toCallMs }) => toCallMs).sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] as number;
}

if (import.meta.main) {
  const { values } = parseArgs({ options: { people: { type: 'string', default: '12' } } });
  const server = await startTestServer();
  try {
    const { reports } = await playReports(await server.database(), Number(values.people));
    const sorted = reports.map(({ toCallMs }) => toCallMs).sort((a, b) => a - b);
    const at = (share: number) => Math.round((sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] as number) * 10) / 10;
    process.stdout.write(`${JSON.stringify({ reports: reports.length, p50: at(0.5), p95: at(0.95), most: at(1) })}\n`);
    process.exitCode = medianOf(reports) <= 30 && reports.every(({ sessionsLeft }) => sessionsLeft === 0) ? 0 : 1;
  } finally {
    await server.stop();
  }
}
