/** One journey: an organisation as a case describes it, a clock that stands still, PostgreSQL, and a provider that remembers. */
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { z } from 'zod';
import type { Core } from '../../src/app/core.ts';
import { formatVerifierKey } from '../../src/ledger/index.ts';
import { verifyLedger } from '../../src/ledger/verifier/verify.ts';
import { type Clock, fromRfc3339 } from '../../src/model/clock.ts';
import type { EntryId, PlanId } from '../../src/model/ids.ts';
import { setPause } from '../../src/store/pause-write.ts';
import { startSandboxProvider } from '../fakes/sandbox-provider.ts';
import { createTransmitter } from '../fakes/transmitter.ts';
import { createManualClock } from '../support/clock.ts';
import { coreOptions, startService, stopTime } from '../support/core.ts';
import { testDatabase } from '../support/database.ts';
import { systemClock } from '../support/system-clock.ts';

const person = z.strictObject({
  id: z.string(),
  /** How many sessions the person has at the provider, begun an hour before; each with an access and a refresh token. */
  sessions: z.int().default(1),
  protected: z.boolean().optional(),
  privileged: z.boolean().optional(),
  groups: z.array(z.string()).optional(),
});

const caseSchema = z.strictObject({
  title: z.string(),
  clock: z.string(),
  given: z.strictObject({
    people: z.array(person).min(1),
    /** An address that directories give to several people. */
    shared: z.record(z.string(), z.array(z.string())).default({}),
    enforcement: z.unknown().default({ default: 'report-only', connections: { sandbox: { mode: 'enforce', maxRung: 6 } } }),
    overrides: z.record(z.string(), z.string()).default({ 'RP-017': 'enforce' }),
    profile: z.enum(['sandbox', 'small', 'standard']).default('sandbox'),
    mayName: z.unknown().default({ formats: ['email', 'opaque', 'iss_sub', 'aliases', 'phone_number'] }),
    pauses: z.array(z.record(z.string(), z.string())).default([]),
    /** Entries in place of those of a shipped list. */
    lists: z.record(z.string(), z.array(z.string())).default({}),
  }),
  signals: z
    .array(
      z.strictObject({
        /** The event of a partner's token, ... */
        event: z.string().optional(),
        /** ... or the type of a signal that an API client sends, with what it says beside the subject. */
        type: z.string().optional(),
        also: z.record(z.string(), z.unknown()).default({}),
        /** So many of them, each a while after the one before; `dedupeKey` tells them apart. */
        count: z.int().default(1),
        everySeconds: z.int().default(0),
        /** `session alice 0` stands for the id of that session. */
        subject: z.record(z.string(), z.unknown()),
        /** Seconds before the case's clock at which the event happened. */
        secondsAgo: z.int().default(0),
        payload: z.record(z.string(), z.unknown()).default({}),
        /** Sent again, byte for byte, so many times. */
        times: z.int().default(1),
        /** Arrives with the next one, in one batch. */
        together: z.boolean().default(false),
      }),
    )
    .min(1),
  expect: z.strictObject({
    answers: z.array(z.int()).optional(),
    decisions: z.array(
      z.strictObject({
        type: z.string().optional(),
        state: z.string().default('decided'),
        outcome: z.string(),
        policyId: z.string().nullable().optional(),
        level: z.string().optional(),
        mode: z.string().nullable().optional(),
        rung: z.int().nullable().optional(),
        /** `code` or `code ref`; those listed must be among the decision's. */
        reasons: z.array(z.string()).default([]),
        /** `type state`, or `type state by`. */
        actions: z.array(z.string()).default([]),
      }),
    ),
    plans: z.array(z.string()).default([]),
    /** Every call that the provider got, in order. */
    calls: z.array(z.string()).default([]),
    /** What each person has left: sessions and tokens. */
    access: z.record(z.string(), z.tuple([z.int(), z.int()])),
    /** Types of the entries that follow the start, in the order of the log. */
    ledger: z.array(z.string()),
  }),
});
export type Case = z.output<typeof caseSchema>;

export const parseCase = (value: unknown): Case => caseSchema.parse(value);

/** What happened, in the words in which a case says what it wants. */
export type Outcome = Required<Omit<Case['expect'], 'decisions'>> & {
  readonly decisions: readonly Required<Case['expect']['decisions'][number]>[];
  readonly ledgerFaults: readonly unknown[];
  /** The instants that stand on records: there is only one. */
  readonly instants: readonly number[];
};

const audience = 'https://rescind.test.example';
const authorization = 'Bearer partner-secret';

/** Plays a case from beginning to end; nothing is left running. */
export async function play({ clock: clockText, given, signals }: Case): Promise<Outcome> {
  const at = fromRfc3339(clockText) as number;
  const ending: (() => Promise<unknown>)[] = [];
  try {
    const database = await testDatabase();
    ending.push(() => database.drop());
    // The database's own clock stands still too: its function is found before PostgreSQL's.
    await stopTime(database, at);
    const provider = await startSandboxProvider({ people: given.people.map(({ id }) => id) });
    ending.push(() => provider.close());
    const transmitter = await createTransmitter({ audience });
    ending.push(() => transmitter.close());
    const sessions = new Map<string, string>();
    for (const { id, sessions: count } of given.people) {
      for (let n = 0; n < count; n++) sessions.set(`session ${id} ${n}`, provider.signIn(id, { begunAt: at - 3_600_000 }).id);
    }

    const policies = mkdtempSync(join(tmpdir(), 'rescind-case-'));
    ending.push(async () => rmSync(policies, { recursive: true, force: true }));
    cpSync(join(import.meta.dirname, '../../policies'), policies, { recursive: true });
    for (const [id, values] of Object.entries(given.lists)) {
      const entries = values.map((value) => ({ value, owner: 'user:case', expires: '2099-01-01' }));
      const metadata = { id, version: 2, owner: 'group:case' };
      const type = id.endsWith('-egress') ? 'cidr' : 'text';
      writeFileSync(join(policies, `lists/${id}.yaml`), stringify({ apiVersion: 'rescind/v1', kind: 'List', metadata, type, entries }));
    }
    const sections = {
      policies,
      enforcement: given.enforcement,
      overrides: given.overrides,
      connections: [{ id: 'sandbox', provider: 'sandbox', baseUrl: provider.baseUrl, adminToken: provider.token, profile: given.profile }],
      transmitters: [
        {
          id: 'partner',
          issuer: transmitter.issuer,
          jwksUri: transmitter.jwksUri,
          audience,
          authorizationHeader: authorization,
          mayName: given.mayName,
        },
      ],
      identities: given.people.map(({ sessions: _sessions, ...one }) => ({
        ...one,
        emails: [`${one.id}@example.com`],
        accounts: [{ connection: 'sandbox', id: one.id }],
      })),
    };
    const stopped = createManualClock(at);
    // Time stands still, and yet a plan that waits for the one before it looks again.
    const clock: Clock = {
      ...stopped,
      sleep: (delayMs, signal) => (delayMs < 1_000 ? systemClock.sleep(delayMs, signal) : stopped.sleep(delayMs, signal)),
    };
    const service = await startService(await coreOptions(database, sections, clock));
    ending.push(() => service.close());
    const { core, doors } = service;
    for (const [address, ids] of Object.entries(given.shared)) {
      await core.store.query(
        `insert into identifier (format, value, identity_id, source) select 'email', $1, identity_id, 'case' from identity_alias where alias = any ($2)`,
        [address, ids],
      );
    }
    for (const scope of given.pauses) {
      const id = core.ids.next<EntryId>(at);
      await core.store.transaction((tx) => setPause(tx, { id, scope, reason: 'a case', setBy: 'somebody', setAt: at }));
    }
    await core.judging.refresh();
    const before = Number((await core.store.query('select count(*) as count from ledger_entry')).rows[0]?.['count']);

    const filled = (value: unknown): unknown => {
      if (typeof value === 'string') return sessions.get(value) ?? value;
      if (Array.isArray(value)) return value.map(filled);
      return value === null || typeof value !== 'object'
        ? value
        : Object.fromEntries(Object.entries(value).map(([key, member]) => [key, filled(member)]));
    };
    const answers: number[] = [];
    const push = async (token: string): Promise<number> => {
      const reply = await doors.push('partner', {
        method: 'POST',
        contentType: 'application/secevent+jwt',
        authorization,
        body: Buffer.from(token),
        receivedAt: at,
      });
      return reply?.refused?.status ?? 202;
    };
    const send = async (body: object): Promise<number> => {
      const caller = { name: 'client', roles: ['ingest' as const] };
      const { refused } = await doors.signal(Buffer.from(JSON.stringify(body)), caller, at);
      return refused === null ? 202 : 400;
    };
    /** Everything that was released has come to its end. */
    const settle = async () => {
      const { rows } = await core.store.query<{ id: PlanId }>(`select id from plan where state = 'released' order by id`);
      for (const { id } of rows) await core.executor.run(id);
    };
    const gathered: (() => Promise<number>)[] = [];
    for (const { event, type, also, count, everySeconds, subject, secondsAgo, payload, times, together } of signals) {
      const seconds = Math.floor(at / 1000) - secondsAgo;
      if (event !== undefined) {
        const uri = `https://schemas.openid.net/secevent/caep/event-type/${event}`;
        const more = { iat: Math.floor(at / 1000), sub_id: filled(subject) };
        const token = await transmitter.sign(transmitter.claims(uri, { event_timestamp: seconds, ...payload }, more));
        gathered.push(...Array.from({ length: times }, () => () => push(token)));
      }
      for (let n = 0; type !== undefined && n < count; n++) {
        const happened = seconds + n * everySeconds;
        const own = { occurredAt: new Date(happened * 1000).toISOString(), dedupeKey: JSON.stringify([type, subject, happened]) };
        const body = { type, subject: filled(subject), ...own, ...also };
        gathered.push(...Array.from({ length: times }, () => () => send(body)));
      }
      if (together) continue;
      answers.push(...(await Promise.all(gathered.splice(0).map((go) => go()))));
      await settle();
    }
    return { ...(await readOutcome(core, before)), ...left(), answers };

    function left() {
      return {
        calls: provider.calls.map(({ method, path }) => `${method} ${path.replace('/idp/admin/v1', '')}`),
        access: Object.fromEntries(
          given.people.map(({ id }) => [id, [provider.sessions(id).length, provider.tokens(id)] as [number, number]]),
        ),
      };
    }
  } finally {
    for (const end of ending.reverse()) await end();
  }

  async function readOutcome(core: Core, before: number) {
    await core.sequencer.flush();
    const { rows: signalRows } = await core.store.query<Record<string, string | number | null>>(
      `select s.type, s.state, s.outcome, s.policy_id, s.level, s.mode, s.rung, e.core from signal s join ledger_entry e on e.id = s.decision_id order by s.decision_id`,
    );
    const decisions = signalRows.map((row) => {
      const decided = JSON.parse(String(row['core'])) as {
        reasons: { code: string; ref?: string }[];
        actions: { type: string; state: string; by?: string }[];
      };
      return {
        type: String(row['type']),
        state: String(row['state']),
        outcome: String(row['outcome']),
        policyId: row['policy_id'] as string | null,
        level: String(row['level']),
        mode: row['mode'] as string | null,
        rung: row['rung'] as number | null,
        reasons: decided.reasons.map(({ code, ref }) => (ref === undefined ? code : `${code} ${ref}`)),
        actions: decided.actions.map(({ type, state, by }) => [type, state, by].filter(Boolean).join(' ')),
      };
    });
    const { rows: plans } = await core.store.query<Record<string, string | null>>(
      `select connection, state, held_for from plan order by id`,
    );
    const { rows: lines } = await core.store.query<{ type: string }>(
      'select e.type from ledger_leaf l join ledger_entry e on e.id = l.entry_id where l.leaf_index >= $1 order by l.leaf_index',
      [before],
    );
    const { rows: instants } = await core.store.query<{ at: number }>(
      `select distinct at from (select decided_at as at from signal union all select received_at from signal union all select created_at from plan
       union all select finished_at from plan union all select intended_at from action union all select verified_at from action) as every where at is not null`,
    );
    const keys = (await core.ledger.keys()).known.map((key) => formatVerifierKey(key));
    const verdict = await verifyLedger({ read: async (path) => (await core.ledger.reader.file(path))?.bytes }, { verifierKeys: keys });
    return {
      decisions,
      plans: plans.map(({ connection, state, held_for }) => [connection, state, held_for].filter(Boolean).join(' ')),
      ledger: lines.map(({ type }) => type),
      ledgerFaults: verdict.faults,
      instants: instants.map((row) => row.at),
    };
  }
}
