/** Okta's events through settle, on PostgreSQL: what is read of them is stored, counted by the detections, and judged again the same. */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { type Core, startCore } from '../../src/app/core.ts';
import { providerSchemas } from '../../src/app.ts';
import { formatFaults } from '../../src/model/document.ts';
import { silentLog } from '../../src/model/log.ts';
import type { Arrival } from '../../src/model/signal.ts';
import { readSettings } from '../../src/settings/index.ts';
import { markVerified, toItem } from '../../src/signals/index.ts';
import { bob, failedWith, type Json, logEvent, signalOf, withDebug } from '../adapters/okta/events.ts';
import { createManualClock } from '../support/clock.ts';
import { type TestDatabase, testDatabase } from '../support/database.ts';
import { systemRandom } from '../support/system-clock.ts';

const minute = 60_000;
let database: TestDatabase;
let core: Core;
let now: number;

beforeAll(async () => {
  database = await testDatabase();
  const { host, port, user } = database.connection;
  const read = readSettings({
    text: stringify({
      database: { url: `postgres://${user}@/${database.name}?host=${encodeURIComponent(String(host))}&port=${port}` },
      policies: join(import.meta.dirname, '../../policies'),
      keys: { wrap: createHash('sha256').update('okta-events').digest('base64url') },
      identities: [{ id: 'bob', emails: ['bob@example.com'] }],
    }),
    file: 'okta-events.yaml',
    env: {},
    readFile: () => '',
    providers: await providerSchemas(),
  });
  if (!read.ok) throw new Error(formatFaults(read.faults));
  // Settle takes the database's time, so that events are told relative to it.
  now = Math.floor(Date.now() / (10 * minute)) * 10 * minute - 30 * minute;
  core = await startCore({
    settings: read.value,
    kind: 'organisation',
    workingDir: import.meta.dirname,
    listen: async () => 'http://127.0.0.1:9',
    build: { version: 'test', build: createHash('sha256').update('okta-events').digest('hex') },
    clock: createManualClock(now),
    random: systemRandom,
    log: silentLog,
  });
});
afterAll(async () => {
  await core?.stop();
  await database?.drop();
});

/** What a door makes of a reading once it is proven; here it happened when it is said to have arrived. */
function arrive(event: Json, at: number) {
  return markVerified<Arrival>({ ...signalOf(event), occurredAt: at, marks: [], source: 'okta-main', sourceKind: 'idp', receivedAt: at });
}

const submit = (arrivals: readonly ReturnType<typeof arrive>[]) =>
  core.batcher.submit(arrivals.map((arrival) => toItem(arrival, core.ids)));

async function stored(source: string) {
  const { rows } = await database.store.query<{ type: string; severity: string; subject_kind: string; state: string }>(
    'select type, severity, subject_kind, state from signal where source = $1 order by id',
    [source],
  );
  return rows;
}

it('five prompts denied or not answered are fatigue of the person', async () => {
  const denied = logEvent('user.mfa.okta_verify.deny_push', failedWith('User rejected Okta push verify'));
  const unanswered = logEvent('user.authentication.auth_via_mfa', {
    ...failedWith('TIMEOUT'),
    ...withDebug({ factor: 'OKTA_VERIFY_PUSH' }),
  });
  await submit([0, 1, 2, 3].map((n) => arrive({ ...denied, uuid: `denied-${n}` }, now + n * minute)));
  expect(await stored('DT-002')).toEqual([]);
  await submit([arrive(unanswered, now + 4 * minute)]);
  expect(await stored('DT-002')).toEqual([{ type: 'mfa_fatigue', severity: 'medium', subject_kind: 'person', state: 'decided' }]);
});

it('twenty failed sign-ins from one address are told of the address, whoever was tried', async () => {
  const failed = (n: number) => {
    const actor = n % 2 === 0 ? bob : { id: 'unknown', type: 'User', alternateId: n % 3 === 0 ? 'unknown' : `root-${n}` };
    return arrive(logEvent('user.session.start', { actor, ...failedWith('INVALID_CREDENTIALS') }), now + n * 1_000);
  };
  await submit(Array.from({ length: 20 }, (_, n) => failed(n)));
  expect(await stored('DT-003')).toEqual([{ type: 'signin_failures', severity: 'medium', subject_kind: 'network', state: 'decided' }]);
});

it('a sign-in with all that is read of it is decided on, and one without a time is only kept', async () => {
  const debug = withDebug({ risk: '{reasons=New Device, New IP, level=HIGH}', behaviors: '{New Device=POSITIVE, New IP=POSITIVE}' });
  const rich = arrive(logEvent('user.session.start', debug), now);
  expect(rich.circumstances).toMatchObject({ city: 'Oslo', proxy: false, unusual: ['new device', 'new ip'], rated: 'high' });
  const timeless = arrive(logEvent('user.session.start', { ...debug, published: 'soon' }), now);
  const before = (await stored('okta-main')).length;
  await submit([rich, timeless]);
  expect((await stored('okta-main')).slice(before)).toEqual([
    { type: 'rba_anomaly', severity: 'high', subject_kind: 'person', state: 'decided' },
    { type: 'rba_anomaly', severity: 'high', subject_kind: 'person', state: 'quarantined' },
  ]);
});
