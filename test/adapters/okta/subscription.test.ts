/** Event hooks against the stand-in for Okta, which calls a real receiver back. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SubscriptionFault } from '../../../src/adapters/contract.ts';
import { hookTypes } from '../../../src/adapters/okta/hook-types.ts';
import { createSubscription, type SubscriptionOptions } from '../../../src/adapters/okta/subscription.ts';
import { isHookEligible } from '../../fakes/okta/catalogue.ts';
import { type OktaStandIn, startOkta } from '../../fakes/okta.ts';
import { all, callsBy, oktaAppClient, oktaClient } from '../../support/okta-client.ts';

const secret = 'hook-secret-of-okta-main';
const running = new AbortController().signal;
let okta: OktaStandIn;
let door: Awaited<ReturnType<typeof openDoor>>;
beforeEach(async () => {
  [okta, door] = await Promise.all([startOkta(), openDoor()]);
});
afterEach(() => Promise.all([okta.close(), door.close()]));

/** Answers the challenge to who knows the secret. */
async function openDoor() {
  const server = createServer((request, response) => {
    if (request.headers['x-rescind'] !== secret) return void response.writeHead(401).end();
    response.end(JSON.stringify({ verification: request.headers['x-okta-verification-challenge'] }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { address: `${origin}/hooks/okta-main`, close: () => new Promise((resolve) => server.close(resolve)) };
}

const subscribe = (more: Partial<SubscriptionOptions> = {}) =>
  createSubscription({ call: callsBy(oktaClient(okta)), connectionId: 'okta-main', header: 'x-rescind', secret, ...more });
const hooks = async () =>
  (await all(await oktaClient(okta).eventHookApi.listEventHooks())).map(({ name, status, verificationStatus, events, channel }) => ({
    name,
    status,
    verificationStatus,
    uri: channel.config.uri,
    items: events.items,
  }));
const failure = (work: Promise<unknown>) =>
  work.then(
    () => 'done',
    (error: unknown) => (error instanceof SubscriptionFault ? `${error.code}: ${error.hint}` : String(error)),
  );

describe('the types that a hook is asked for', () => {
  it('are those that Okta lets a hook have, within one hook', () => {
    expect(hookTypes.filter((type) => !isHookEligible(type))).toEqual([]);
    expect(hookTypes.length).toBeGreaterThan(60);
    expect(hookTypes.length).toBeLessThanOrEqual(300);
  });

  it('are worth the daily limit: nothing that is only context', () => {
    expect(hookTypes).toContain('user.account.report_suspicious_activity_by_enduser');
    expect(hookTypes).toContain('user.session.start');
    expect(hookTypes).not.toContain('user.authentication.sso');
    expect(hookTypes).not.toContain('user.account.update_profile');
  });
});

describe('a subscription', () => {
  it('that is not there says so', async () => {
    expect(await subscribe().status(running)).toEqual({ id: null, active: false, address: null, missing: hookTypes });
    expect(okta.writes()).toEqual([]);
  });

  it('is made with the exact list, verified and active, and the secret is shown nowhere', async () => {
    const state = await subscribe().ensure(door.address, running);
    expect(state).toEqual({ id: expect.any(String), active: true, address: door.address, missing: [] });
    expect(await hooks()).toEqual([
      { name: 'Rescind okta-main', status: 'ACTIVE', verificationStatus: 'VERIFIED', uri: door.address, items: hookTypes },
    ]);
    expect(JSON.stringify([state, await hooks()])).not.toContain(secret);
  });

  it('that is made again changes nothing', async () => {
    const first = await subscribe().ensure(door.address, running);
    okta.reset();
    expect(await subscribe().ensure(door.address, running)).toEqual(first);
    expect(okta.writes()).toEqual([]);
  });

  it('is mended where it was switched off, pointed elsewhere or lacks types', async () => {
    const { id } = await subscribe({ types: hookTypes.slice(2) }).ensure(door.address, running);
    const eventHookId = id as string;
    await oktaClient(okta).eventHookApi.deactivateEventHook({ eventHookId });
    expect(await subscribe().status(running)).toMatchObject({ id, active: false, missing: hookTypes.slice(0, 2) });
    const other = `${door.address}-elsewhere`;
    expect(await subscribe().ensure(other, running)).toEqual({ id, active: true, address: other, missing: [] });
    expect(await subscribe().ensure(door.address, running)).toEqual({ id, active: true, address: door.address, missing: [] });
  });

  it('takes over a hook of another name that sends to the same address, and leaves all others alone', async () => {
    const made = (name: string, uri: string) =>
      oktaClient(okta).eventHookApi.createEventHook({
        eventHook: {
          name,
          events: { type: 'EVENT_TYPE', items: ['user.session.start'] },
          channel: { type: 'HTTP', version: '1.0.0', config: { uri, headers: [], authScheme: { type: 'HEADER', key: 'k', value: 'v' } } },
        },
      });
    const mine = await made('made by hand', door.address);
    await made('Rescind okta-main-2', 'https://other.example.com/hooks/okta-main-2');
    expect((await subscribe().ensure(door.address, running)).id).toBe(mine.id);
    await subscribe().remove(running);
    expect((await hooks()).map(({ name }) => name)).toEqual(['Rescind okta-main-2']);
  });

  it('is as many hooks as its types need, at most 300 each, and gives up those that it no longer needs', async () => {
    const many = Array.from({ length: 301 }, (_, n) => `iam.role.made_up_${n}`);
    const state = await subscribe({ types: many }).ensure(door.address, running);
    expect(state).toMatchObject({ active: true, missing: [] });
    expect((await hooks()).map(({ name, items }) => [name, items.length])).toEqual([
      ['Rescind okta-main', 300],
      ['Rescind okta-main 2', 1],
    ]);
    await subscribe({ types: many.slice(0, 300) }).ensure(door.address, running);
    expect(await hooks()).toHaveLength(1);
  });

  it('is gone once it is removed, also the second time', async () => {
    await subscribe().ensure(door.address, running);
    await subscribe().remove(running);
    await subscribe().remove(running);
    expect(await hooks()).toEqual([]);
  });

  it('whose address does not answer the challenge says what Okta asks, and is verified later', async () => {
    const wrong = subscribe({ secret: 'another' });
    expect(await failure(wrong.ensure(door.address, running))).toMatch(
      /^notVerified: Okta asks http.* reachable from the internet over https$/,
    );
    expect(await wrong.status(running)).toMatchObject({ active: false, missing: [] });
    await subscribe().remove(running);
    expect(await subscribe().ensure(door.address, running)).toMatchObject({ active: true });
  });

  it('names the grant that is missing', async () => {
    const reader = await okta.apps.add({ scopes: ['okta.eventHooks.read'] });
    const reading = subscribe({ call: callsBy(oktaAppClient(okta.orgUrl, reader, ['okta.eventHooks.read'])) });
    expect(await reading.status(running)).toMatchObject({ id: null });
    expect(await failure(reading.ensure(door.address, running))).toMatch(/^notGranted: grant okta\.eventHooks\.manage /);
    const stranger = await okta.apps.add({ scopes: ['okta.users.read'] });
    const denied = subscribe({ call: callsBy(oktaAppClient(okta.orgUrl, stranger, ['okta.users.read'])) });
    expect(await failure(denied.status(running))).toMatch(/^notGranted: grant okta\.eventHooks\.read /);
    okta.fault({ kind: 'status', status: 503 });
    expect(await failure(subscribe().status(running))).toMatch(/^unreachable: /);
  });

  it('can be made by hand: the steps name all but the secret', () => {
    const steps = subscribe().steps(door.address);
    expect(steps).toContain(`Endpoint URL: ${door.address}`);
    expect(steps).toContain('Name: Rescind okta-main');
    expect(steps.join('\n')).toContain('user.account.report_suspicious_activity_by_enduser');
    expect(steps.join('\n')).not.toContain(secret);
  });

  it('stops where it is told to', async () => {
    const ended = AbortSignal.abort();
    await expect(subscribe().ensure(door.address, ended)).rejects.toThrow();
    expect(okta.calls).toEqual([]);
  });
});
