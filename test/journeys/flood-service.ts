/**
 * The flood world behind its front door: the real HTTP application on loopback, three transmitters that sign, a provider at which
 * everybody has a session, and a receiver that is told everything. Database and process share one clock, which is told the time.
 */
import { Agent, request } from 'undici';
import { openDoors } from '../../src/app/doors.ts';
import { createMetrics } from '../../src/app/metrics.ts';
import { bindServer } from '../../src/app/server-parts.ts';
import type { Instant } from '../../src/model/clock.ts';
import { createServer, openListener } from '../../src/server/index.ts';
import { createTransmitter, type FakeTransmitter } from '../fakes/transmitter.ts';
import { startWebhookReceiver, type WebhookReceiver } from '../fakes/webhook-receiver.ts';
import { createManualClock } from '../support/clock.ts';
import type { TestDatabase } from '../support/database.ts';
import { floodBegin, openFloodWorld, partners } from '../support/flood-world.ts';
import { systemClock } from '../support/system-clock.ts';

const audience = 'https://rescind.test.example';
const authorization = 'Bearer partner-secret';
const secret = `whsec_${Buffer.alloc(24, 's').toString('base64')}`;
const riskChanged = 'https://schemas.openid.net/secevent/caep/event-type/risk-level-change';
/** More than one batch holds, so that the service alone says how large batches are. */
const atOnce = 300;
const hourMs = 3_600_000;

/** One person marked high-risk by one partner. */
export interface Marked {
  readonly person: string;
  readonly source: string;
  readonly at: Instant;
}

export interface FloodService {
  readonly people: readonly string[];
  readonly receiver: WebhookReceiver;
  sign(marked: readonly Marked[]): Promise<readonly Signed[]>;
  /** Pushes all at the instant at which they were marked, as many at once as connections allow, and throws unless each is accepted. */
  push(signed: readonly Signed[]): Promise<void>;
  /** Lets time pass, so much at a time, until it is so. */
  pass(what: string, stepMs: number, isSo: () => Promise<boolean>): Promise<void>;
  now(): Instant;
  /** Who lost a session, or is asked for a second factor, at the provider itself. */
  struck(): readonly string[];
  close(): Promise<void>;
}

export interface Signed extends Marked {
  readonly token: string;
}

export async function openFloodService(
  database: TestDatabase,
  given: { readonly people: number; readonly limits: boolean },
): Promise<FloodService> {
  const transmitters = new Map<string, FakeTransmitter>();
  for (const id of partners) transmitters.set(id, await createTransmitter({ audience }));
  const receiver = await startWebhookReceiver([secret]);
  const clock = createManualClock(floodBegin);
  const sections = {
    transmitters: [...transmitters].map(([id, { issuer, jwksUri }]) => ({
      id,
      issuer,
      jwksUri,
      audience,
      delivery: 'push',
      authorizationHeader: authorization,
      mayName: { formats: ['email'] },
    })),
    sinks: [{ id: 'soc', kind: 'webhook', url: receiver.url, secret }],
  };
  const world = await openFloodWorld(database, { ...given, clock, sections });
  const { core, provider, people, options } = world;
  for (const person of people) provider.signIn(person, { begunAt: floodBegin - hourMs });

  const metrics = createMetrics({ ledgerWaiting: async () => 0, undecided: async () => 0 });
  const doors = openDoors(core, options, metrics);
  const listener = await openListener({ host: '127.0.0.1', port: 0, clock: systemClock });
  listener.serve(createServer({ ...bindServer(core, options, metrics), push: doors.push, signal: doors.signal, hook: () => undefined }));
  const origin = `http://127.0.0.1:${listener.port}`;
  await core.syncDirectories(new AbortController().signal);
  const agent = new Agent({ connections: atOnce });
  const headers = { authorization, 'content-type': 'application/secevent+jwt' };

  return {
    people,
    receiver,
    now: clock.now,
    sign: (marked) =>
      Promise.all(
        marked.map(async (one) => {
          const { person, source, at } = one;
          const transmitter = transmitters.get(source) as FakeTransmitter;
          const iat = Math.floor(at / 1000);
          const event = { principal: 'USER', current_level: 'HIGH', event_timestamp: iat };
          const claims = transmitter.claims(riskChanged, event, { iat, sub_id: { format: 'email', email: `${person}@example.com` } });
          return { ...one, token: await transmitter.sign(claims) };
        }),
      ),
    async push(signed) {
      await world.at(Math.max(clock.now(), ...signed.map(({ at }) => at)));
      const answers = await Promise.all(
        signed.map(async ({ source, token }) => {
          const { statusCode, body } = await request(`${origin}/ssf/events/${source}`, {
            method: 'POST',
            headers,
            body: token,
            dispatcher: agent,
          });
          return `${statusCode} ${await body.text()}`.trim();
        }),
      );
      const refused = answers.filter((answer) => answer !== '202');
      if (refused.length > 0) throw new Error(`${refused.length} pushes were not accepted, the first with ${refused[0]}`);
    },
    async pass(what, stepMs, isSo) {
      const startedMs = systemClock.elapsedMs();
      while (!(await isSo())) {
        if (systemClock.elapsedMs() - startedMs > 60_000) throw new Error(`waited a minute for ${what}`);
        await world.at(clock.now() + stepMs);
      }
    },
    struck: () => people.filter((person) => provider.sessions(person).length === 0 || provider.standing(person).stepUp !== null),
    async close() {
      await agent.close();
      await listener.close(10_000);
      await world.close();
      await doors.close();
      await Promise.all([receiver, ...transmitters.values()].map((one) => one.close()));
    },
  };
}
