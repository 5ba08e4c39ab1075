import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Role, roles } from '../../src/model/operator.ts';
import { createWrongCredentials } from '../../src/server/wrong-credentials.ts';
import { createManualClock } from '../support/clock.ts';
import { newId, openWorld, problemOf, type World } from './world.ts';

const all: readonly Role[] = ['admin', 'approver', 'analyst', 'helpdesk', 'hr', 'auditor'];
const scored: readonly Role[] = ['admin', 'approver', 'analyst', 'auditor'];
const operators: readonly Role[] = ['admin', 'approver', 'analyst'];
const id = newId();

/** What each role may do, written down apart from the code. */
const matrix: readonly (readonly [method: 'GET' | 'POST', path: string, may: readonly Role[]])[] = [
  ['GET', '/api/v1/signals', scored],
  ['GET', `/api/v1/signals/${id}`, scored],
  ['GET', '/api/v1/identities', all],
  ['GET', `/api/v1/identities/${id}`, all],
  ['GET', `/api/v1/identities/${id}/explanation`, scored],
  ['GET', '/api/v1/decisions', scored],
  ['GET', `/api/v1/decisions/${id}`, scored],
  ['GET', `/api/v1/decisions/${id}/explanation`, scored],
  ['GET', `/api/v1/decisions/${id}/replay`, scored],
  ['GET', `/api/v1/decisions/${id}/proof`, scored],
  ['GET', `/api/v1/decisions/${id}/dismissal`, operators],
  ['POST', `/api/v1/decisions/${id}/verdict`, operators],
  ['GET', '/api/v1/plans', all],
  ['GET', `/api/v1/plans/${id}`, all],
  ['GET', '/api/v1/incidents', scored],
  ['GET', `/api/v1/incidents/${id}`, scored],
  ['GET', `/api/v1/incidents/${id}/export`, scored],
  ['POST', `/api/v1/incidents/${id}/verdict`, operators],
  ['POST', `/api/v1/incidents/${id}/undo/preview`, operators],
  ['POST', `/api/v1/incidents/${id}/undo`, ['admin', 'approver']],
  ['GET', '/api/v1/actions', all],
  ['GET', `/api/v1/actions/${id}`, all],
  ['POST', `/api/v1/actions/${id}/undo`, ['admin', 'approver']],
  ['POST', `/api/v1/actions/${id}/extend`, operators],
  ['POST', `/api/v1/actions/${id}/confirm`, ['admin', 'approver']],
  ['POST', '/api/v1/undo/preview', operators],
  ['POST', '/api/v1/undo', ['admin', 'approver']],
  ['GET', `/api/v1/undo/${id}`, operators],
  ['GET', '/api/v1/connections', all],
  ['GET', `/api/v1/connections/${id}`, all],
  ['GET', `/api/v1/connections/${id}/steps`, ['admin']],
  ['POST', `/api/v1/connections/${id}/subscribe`, ['admin']],
  ['POST', `/api/v1/connections/${id}/unsubscribe`, ['admin']],
  ['GET', '/api/v1/policies', all],
  ['GET', `/api/v1/policies/${id}`, all],
  ['GET', '/api/v1/ledger/checkpoint', all],
  ['GET', '/api/v1/ledger/consistency?from=0&to=1', all],
  ['GET', '/api/v1/ledger/keys', all],
  ['GET', '/api/v1/ledger/tile/0/000', all],
  ['POST', '/api/v1/signals', [...operators, 'ingest']],
  ['POST', `/api/v1/identities/${id}/merge`, ['admin']],
  ['POST', '/api/v1/plans', operators],
  ['POST', '/api/v1/plans/approve', ['admin', 'approver']],
  ['POST', `/api/v1/plans/${id}/deny`, ['admin', 'approver']],
  ['POST', `/api/v1/plans/${id}/hold`, ['admin', 'approver']],
  ['POST', `/api/v1/plans/${id}/release`, ['admin', 'approver']],
  ['POST', '/api/v1/pause', operators],
  ['POST', '/api/v1/resume', operators],
  ['GET', '/api/v1/breakers', all],
  ['POST', `/api/v1/breakers/${id}/close`, operators],
  ['POST', '/sign-out', all],
  ['GET', '/metrics', all],
];
const open = ['/healthz', '/readyz', '/openapi.json', '/docs', '/styles.css'];

describe('who may do what', () => {
  let world: World;
  beforeAll(async () => {
    world = await openWorld();
  });
  afterAll(() => world.close());

  it('covers every route that is described with roles', async () => {
    const { paths } = (await (await world.ask('/openapi.json')).json()) as {
      paths: Record<string, Record<string, { 'x-roles'?: Role[] }>>;
    };
    const described = Object.entries(paths).flatMap(([path, methods]) =>
      Object.entries(methods).flatMap(([method, route]) =>
        route['x-roles'] === undefined ? [] : [`${method.toUpperCase()} ${path} ${[...route['x-roles']].sort()}`],
      ),
    );
    const written = matrix.map(([method, path, may]) => {
      const template = path.split('?')[0]?.replace(id, '{id}').replace('tile/0/000', 'tile/{path}');
      return `${method} ${template} ${[...may].sort()}`;
    });
    expect(described.sort()).toEqual(written.sort());
  });

  for (const [method, path, may] of matrix) {
    it(`${method} ${path.replace(id, '{id}')} asks for a credential first, then for one of ${may.length} roles`, async () => {
      const nobody = await world.ask(path, { method });
      expect(nobody.status).toBe(401);
      expect(nobody.headers.get('www-authenticate')).toBe('Bearer realm="rescind"');
      expect(await problemOf(nobody)).toMatchObject({ status: 401, code: 'auth.required' });
      for (const role of roles) {
        const { status } = await world.ask(path, { as: role, method });
        if (may.includes(role)) expect([200, 202, 303, 404, 415], role).toContain(status);
        else expect(status, role).toBe(403);
      }
    });
  }

  it('looks at nothing that was sent before it knows who asks', async () => {
    const wrong = await world.ask('/api/v1/decisions?nonsense=1&cursor=x', { as: 'ingest' });
    expect(wrong.status).toBe(403);
    expect((await world.ask('/api/v1/pause', { method: 'POST', body: '{', as: 'auditor' })).status).toBe(403);
    expect(world.seen.paused).toEqual([]);
  });

  it.each(open)('answers %s without a credential', async (path) => {
    expect((await world.ask(path)).status).toBe(200);
  });

  it('tells a wrong credential apart from none, and neither by existence', async () => {
    const wrong = await world.ask('/api/v1/signals', { headers: { authorization: 'Bearer nonsense' } });
    expect([wrong.status, wrong.headers.get('www-authenticate')]).toEqual([401, 'Bearer realm="rescind", error="invalid_token"']);
    const forbidden = await world.ask(`/api/v1/signals/${newId()}`, { as: 'ingest' });
    expect([forbidden.status, forbidden.headers.get('www-authenticate')]).toEqual([
      403,
      'Bearer realm="rescind", error="insufficient_scope"',
    ]);
  });

  it.each(['Basic YWRtaW46YWRtaW4=', 'Bearer', 'Bearer admin, Bearer admin', 'Bearer admin x', 'admin', `Bearer ${'a'.repeat(2000)}`])(
    'takes no credential of the form %s',
    async (authorization) => {
      expect((await world.ask('/api/v1/signals', { headers: { authorization } })).status).toBe(401);
    },
  );

  it('never takes a token from the query, a body or a cookie', async () => {
    expect((await world.ask('/api/v1/signals?access_token=admin')).status).toBe(401);
    expect((await world.ask('/api/v1/signals', { headers: { cookie: 'access_token=admin; rescind_session=admin' } })).status).toBe(401);
    const form = await world.ask('/api/v1/pause', {
      method: 'POST',
      body: 'access_token=admin',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    });
    expect(form.status).toBe(401);
  });

  it('keeps personal filters and aliases from roles that see no people', async () => {
    world.items.identities.push({ id: 'alice' });
    expect((await world.ask('/api/v1/identities?email=alice@example.com', { as: 'auditor' })).status).toBe(403);
    expect((await world.ask('/api/v1/identities?email=alice@example.com', { as: 'helpdesk' })).status).toBe(200);
    expect((await world.ask('/api/v1/signals?review=true', { as: 'auditor' })).status).toBe(403);
    expect((await world.ask('/api/v1/signals?review=true', { as: 'analyst' })).status).toBe(200);
    expect((await world.ask('/api/v1/identities/alice', { as: 'auditor' })).status).toBe(404);
    expect((await world.ask('/api/v1/identities/alice', { as: 'analyst' })).status).toBe(200);
  });

  it('opens the metrics where the configuration says so', async () => {
    const other = await openWorld(() => ({ metricsOpen: true }));
    expect(await (await other.ask('/metrics')).text()).toBe('rescind_up 1\n');
    await other.close();
  });
});

describe('wrong credentials', () => {
  it('are refused with 429 and Retry-After once there were too many, while a credential that was right before goes on', async () => {
    const world = await openWorld();
    expect((await world.ask('/api/v1/plans', { as: 'admin' })).status).toBe(200);
    for (let n = 0; n < 60; n++)
      expect((await world.ask('/api/v1/plans', { headers: { authorization: `Bearer guess${n}` } })).status).toBe(401);
    const refused = await world.ask('/api/v1/plans', { headers: { authorization: 'Bearer guess' } });
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '60']);
    expect(await problemOf(refused)).toMatchObject({ code: 'request.tooMany' });
    expect((await world.ask('/api/v1/plans', { as: 'admin' })).status).toBe(200);
    expect((await world.ask('/?code=guess')).status).toBe(429);
    await world.clock.advance(60_000);
    expect((await world.ask('/api/v1/plans', { headers: { authorization: 'Bearer guess' } })).status).toBe(401);
    await world.close();
  });

  it('do not hold up many right ones at once', async () => {
    const world = await openWorld();
    const statuses = await Promise.all(Array.from({ length: 100 }, async () => (await world.ask('/api/v1/plans', { as: 'admin' })).status));
    expect(new Set(statuses)).toEqual(new Set([200]));
    await world.close();
  });

  it('count for a whole network of IPv6, and keep no more addresses than they may', () => {
    const guesses = createWrongCredentials(createManualClock());
    for (let n = 0; n < 60; n++) guesses.failed(`2001:db8:0:1::${n.toString(16)}`);
    expect(guesses.waitSeconds('2001:db8:0:1::ffff', 'x')).toBe(60);
    expect(guesses.waitSeconds('2001:db8:1::1', 'x')).toBeUndefined();
    for (let n = 0; n < 10_001; n++) guesses.failed(`10.${n >> 16}.${(n >> 8) & 255}.${n & 255}`);
    expect(guesses.waitSeconds('2001:db8:0:1::1', 'x')).toBeUndefined();
  });
});
