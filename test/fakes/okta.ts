/**
 * A stand-in for an Okta organisation over real HTTP, as Okta's documents describe it: stateful, with credentials, limits, a System Log and event
 * hooks, and as faulty as it is told to be. In-process by `startOkta`, or as a process: `node test/fakes/okta.ts --port N [--people N]` prints
 * `{"orgUrl", "controlUrl", "token"}` on one line and is driven over `/control`.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { parseArgs } from 'node:util';
import { type AccessLeft, accessOf, type SignIn, signIn } from './okta/access.ts';
import { type CallBook, createCallBook } from './okta/calls.ts';
import { createClock, type OktaClock } from './okta/clock.ts';
import { control } from './okta/control.ts';
import { type Credentials, createCredentials } from './okta/credentials.ts';
import { createDeliverer, type Deliverer, type DeliverySettings } from './okta/delivery.ts';
import { createFaults, type Faults } from './okta/faults.ts';
import { createHookCalls, type HookCalls } from './okta/hook-calls.ts';
import { createLimits, type Limits } from './okta/limits.ts';
import type { LogEvent } from './okta/log-event.ts';
import { createLogStore, type LogStore } from './okta/log-store.ts';
import type { Org, OrgSettings } from './okta/org.ts';
import { createPeople, type PersonSeed } from './okta/people.ts';
import type { Person, Session } from './okta/records.ts';
import { createRouter } from './okta/router.ts';
import { routesOf } from './okta/routes/index.ts';
import { createSeeds, type Seeds } from './okta/seeds.ts';
import { createServing } from './okta/server.ts';
import { createServiceApps, type ServiceApps } from './okta/service-apps.ts';

export interface OktaOptions {
  /** Default: a free one. */
  readonly port?: number;
  /** Where the clock stands to begin with. Default: it runs with the machine's. */
  readonly startAt?: number;
  /** So many people `p1@example.com`, `p2@example.com`, ..., or those given. */
  readonly people?: number | readonly PersonSeed[];
  readonly settings?: Partial<OrgSettings>;
}

/** People are named by id or login wherever a name is taken; one who is not there throws. */
export interface OktaStandIn
  extends Pick<CallBook, 'calls' | 'effects' | 'count' | 'writes'>,
    Pick<Credentials, 'addToken' | 'rotateToken' | 'revokeToken'>,
    Seeds {
  readonly orgUrl: string;
  readonly controlUrl: string;
  /** An SSWS token of a super administrator. */
  readonly token: string;
  readonly clock: OktaClock;
  readonly settings: OrgSettings;
  readonly limits: Limits;
  readonly apps: ServiceApps;
  readonly hookCalls: Pick<HookCalls, 'timeoutMs'>;
  readonly delivery: DeliverySettings;
  addPerson(seed: PersonSeed): Person;
  person(name: string): Person;
  signIn(name: string, given?: SignIn): Session;
  access(name: string): AccessLeft;
  /** Adds an event of the provider's own; see `LogStore.append`. */
  readonly log: LogStore['append'];
  /** Everything persisted by now, as persisted. */
  events(): readonly LogEvent[];
  readonly deliver: Deliverer['deliver'];
  readonly fault: Faults['add'];
  readonly heal: Faults['heal'];
  /** Forgets calls, effects and what was counted against limits; the organisation stays as it is. */
  reset(): void;
  close(): Promise<void>;
}

export async function startOkta(options: OktaOptions = {}): Promise<OktaStandIn> {
  const clock = createClock(() => deliverer.nudge(), options.startAt);
  const settings: OrgSettings = {
    searchLagMs: 0,
    deactivationMs: 2_000,
    suspendRefusal: 'E0000028',
    universalLogout: true,
    groupRolesShown: false,
    ...options.settings,
  };
  let serial = 0;
  const newId = (prefix: string) => prefix + String(++serial).padStart(17, '0');
  const org: Org = {
    baseUrl: '',
    clock,
    settings,
    people: createPeople(clock, settings, newId, () => org.baseUrl),
    groups: new Map(),
    devices: new Map(),
    zones: new Map(),
    hooks: new Map(),
    log: createLogStore(clock, () => deliverer.nudge()),
    book: createCallBook(),
    credentials: createCredentials(clock),
    newId,
  };
  const [hookCalls, limits, faults] = [createHookCalls(), createLimits(clock), createFaults()];
  const apps = createServiceApps(clock, org.credentials);
  const deliverer = createDeliverer(() => org, hookCalls);
  const serve = createServing({ org, limits, faults, apps, find: createRouter(routesOf(org, hookCalls, deliverer)) });

  const server = createServer((request, response) => {
    const served = request.url?.startsWith('/control/') ? control(okta, request, response) : serve(request, response);
    served.catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(options.port ?? 0, '127.0.0.1', resolve));
  org.baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  const given = options.people ?? 0;
  const seeds = typeof given === 'number' ? Array.from({ length: given }, (_, n) => ({ login: `p${n + 1}@example.com` })) : given;
  for (const seed of seeds) org.people.add(seed);

  const okta: OktaStandIn = {
    ...org.book,
    ...org.credentials,
    ...createSeeds(org),
    ...{ orgUrl: org.baseUrl, controlUrl: `${org.baseUrl}/control`, token: org.credentials.addToken().token },
    ...{ clock, settings, limits, apps, hookCalls, delivery: deliverer.settings },
    addPerson: org.people.add,
    person: org.people.find,
    signIn: (name, how) => signIn(org, org.people.find(name), how),
    access: (name) => accessOf(org, org.people.find(name)),
    log: org.log.append,
    events: () => org.log.behind().map(({ event }) => event),
    deliver: deliverer.deliver,
    fault: faults.add,
    heal: faults.heal,
    reset() {
      org.book.reset();
      limits.reset();
    },
    async close() {
      await deliverer.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return okta;
}

if (import.meta.main) {
  const { values } = parseArgs({ options: { port: { type: 'string' }, people: { type: 'string' } } });
  const { orgUrl, controlUrl, token } = await startOkta({ port: Number(values.port ?? 0), people: Number(values.people ?? 0) });
  process.stdout.write(`${JSON.stringify({ orgUrl, controlUrl, token })}\n`);
}
