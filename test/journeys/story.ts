/** A person's week told in signals: each goes through its door and the whole pipeline at its own instant, and the person is read after it. */
import { fromRfc3339 } from '../../src/model/clock.ts';
import type { Role } from '../../src/model/operator.ts';
import type { DecisionExplanation, IdentityExplanation } from '../../src/server/explanation-schemas.ts';
import type { IdentityQuestion, ServerParts } from '../../src/server/index.ts';
import { createTransmitter } from '../fakes/transmitter.ts';
import { createManualClock, type ManualClock } from '../support/clock.ts';
import { coreOptions, startService, stopTime } from '../support/core.ts';
import { testDatabase } from '../support/database.ts';

const audience = 'https://rescind.test.example';
const authorization = 'Bearer partner-secret';

export interface StorySignal {
  readonly arrives: string;
  readonly happened: string;
  readonly type: string;
  readonly source: string;
  readonly severity: string;
}

export interface Story {
  readonly clock: ManualClock;
  readonly parts: Pick<ServerParts, 'records' | 'explainIdentity' | 'explainDecision'>;
  /** Moves the clock to the signal's arrival and sends it; answers the ids of signal and decision. */
  send(signal: StorySignal): Promise<{ readonly signalId: string; readonly decisionId: string }>;
  moveTo(instant: string): Promise<void>;
  explain(question?: Partial<IdentityQuestion>, roles?: readonly Role[]): Promise<IdentityExplanation>;
  explainDecision(id: string, roles?: readonly Role[]): Promise<DecisionExplanation>;
  close(): Promise<void>;
}

export const alice = 'alice';

export async function openStory(start: string): Promise<Story> {
  const ending: (() => Promise<unknown>)[] = [];
  const clock = createManualClock(fromRfc3339(start) as number);
  const database = await testDatabase();
  ending.push(() => database.drop());
  const tellTime = await stopTime(database, clock.now());
  const transmitter = await createTransmitter({ audience });
  ending.push(() => transmitter.close());
  const sections = {
    transmitters: [
      {
        id: 'partner',
        issuer: transmitter.issuer,
        jwksUri: transmitter.jwksUri,
        audience,
        authorizationHeader: authorization,
        mayName: { formats: ['email'] },
        marks: ['password_reset'],
      },
    ],
    identities: [{ id: alice, emails: [`${alice}@example.com`], accounts: [] }],
  };
  const service = await startService(await coreOptions(database, sections, clock));
  ending.push(() => service.close());
  const { core, doors, parts } = service;
  const caller = (roles: readonly Role[]) => ({ name: 'reader', roles });

  async function moveTo(instant: string): Promise<void> {
    await clock.advance((fromRfc3339(instant) as number) - clock.now());
    await tellTime(clock.now());
  }

  async function pushReset({ happened }: StorySignal): Promise<void> {
    const claims = transmitter.claims(
      'https://schemas.openid.net/secevent/caep/event-type/credential-change',
      {
        credential_type: 'password',
        change_type: 'update',
        initiating_entity: 'admin',
        event_timestamp: (fromRfc3339(happened) as number) / 1000,
      },
      { sub_id: { format: 'email', email: `${alice}@example.com` }, iat: Math.floor(clock.now() / 1000) },
    );
    const reply = await doors.push('partner', {
      method: 'POST',
      contentType: 'application/secevent+jwt',
      authorization,
      body: Buffer.from(await transmitter.sign(claims)),
      receivedAt: clock.now(),
    });
    if (reply?.refused !== null) throw new Error(JSON.stringify(reply));
  }

  async function sendOne({ type, source, happened, severity }: StorySignal): Promise<void> {
    const body = { type, subject: { format: 'email', email: `${alice}@example.com` }, occurredAt: happened, severity };
    const name = source.replace(/^api:/, '');
    const reply = await doors.signal(Buffer.from(JSON.stringify(body)), { name, roles: ['ingest'] }, clock.now());
    if (reply.refused !== null) throw new Error(JSON.stringify(reply.refused));
  }

  return {
    clock,
    parts,
    moveTo,
    async send(signal) {
      await moveTo(signal.arrives);
      await (signal.source === 'partner' ? pushReset(signal) : sendOne(signal));
      const { rows } = await core.store.query<{ id: string; decisionId: string }>(
        'select id, decision_id as "decisionId" from signal order by id desc limit 1',
      );
      const newest = rows[0] as { id: string; decisionId: string };
      return { signalId: newest.id, decisionId: newest.decisionId };
    },
    async explain(question = {}, roles = ['admin']) {
      return (await parts.explainIdentity(alice, { as: 'known-now', ...question }, caller(roles))) as unknown as IdentityExplanation;
    },
    explainDecision: async (id, roles = ['admin']) => (await parts.explainDecision(id, caller(roles))) as unknown as DecisionExplanation,
    async close() {
      for (const end of ending.reverse()) await end();
    },
  };
}
