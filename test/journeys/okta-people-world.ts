/** An organisation whose people are at Okta: one process, a clock that moves when told, and Okta's stand-in by the same clock. */
import { type Core, startCore } from '../../src/app/core.ts';
import { fromRfc3339 } from '../../src/model/clock.ts';
import { type OktaStandIn, startOkta } from '../fakes/okta.ts';
import { createManualClock } from '../support/clock.ts';
import { coreOptions, stopTime } from '../support/core.ts';
import { testDatabase } from '../support/database.ts';

export interface OktaWorld {
  readonly core: Core;
  readonly okta: OktaStandIn;
  /** Moves the time of the process, of the database and of Okta on. */
  pass(seconds: number): Promise<void>;
  query(text: string, values?: unknown[]): Promise<readonly Record<string, unknown>[]>;
  close(): Promise<void>;
}

/** `people`: logins at Okta, each with a session of an hour. Nobody is configured: the directory brings them. */
export async function openOktaWorld(people: readonly string[]): Promise<OktaWorld> {
  const startAt = fromRfc3339('2026-05-04T10:00:00.000Z') as number;
  const okta = await startOkta({ people: people.map((login) => ({ login })), startAt: startAt - 3_600_000 });
  for (const login of people) okta.signIn(login);
  okta.clock.set(startAt);
  const database = await testDatabase();
  const query = async (text: string, values: unknown[] = []) => (await database.store.query<Record<string, unknown>>(text, values)).rows;
  const setTime = await stopTime(database, startAt);
  let at = startAt;
  const sections = {
    enforcement: { default: 'report-only', connections: { 'okta-main': { mode: 'enforce', maxRung: 6 } } },
    connections: [{ id: 'okta-main', provider: 'okta', orgUrl: okta.orgUrl, auth: { token: okta.token }, trial: true, profile: 'sandbox' }],
  };
  const core = await startCore(await coreOptions(database, sections, { ...createManualClock(startAt), now: () => at }));
  await core.syncDirectories(AbortSignal.timeout(30_000));
  return {
    core,
    okta,
    query,
    async pass(seconds) {
      at += seconds * 1_000;
      okta.clock.set(at);
      await setTime(at);
    },
    async close() {
      await core.stop();
      await okta.close();
      await database.drop();
    },
  };
}
