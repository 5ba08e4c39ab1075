import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { newId, openWorld, problemOf, type World } from './world.ts';

let world: World;
beforeEach(async () => {
  world = await openWorld();
});
afterEach(() => world.close());

interface Page {
  readonly items: readonly { readonly id: string }[];
  readonly nextCursor: string | null;
}
const list = async (path: string) => (await (await world.ask(path, { as: 'admin' })).json()) as Page;
const statusOf = async (path: string) => (await world.ask(path, { as: 'admin' })).status;

describe('lists', () => {
  it('give 50 unless told, and each record once over all pages', async () => {
    const made = Array.from({ length: 120 }, () => ({ id: newId() })).reverse();
    world.items.plans.push(...made);
    expect((await list('/api/v1/plans')).items).toHaveLength(50);
    const seen: string[] = [];
    let cursor: string | null = null;
    do {
      const page: Page = await list(`/api/v1/plans?limit=50${cursor === null ? '' : `&cursor=${cursor}`}`);
      seen.push(...page.items.map(({ id }) => id));
      cursor = page.nextCursor;
    } while (cursor !== null);
    expect(seen).toEqual(made.map(({ id }) => id));
  });

  it('end without a cursor where the last page is full to the brim', async () => {
    world.items.plans.push(...Array.from({ length: 2 }, () => ({ id: newId() })).reverse());
    expect((await list('/api/v1/plans?limit=2')).nextCursor).toBeNull();
  });

  it.each(['0', '501', '-1', '1.5', '1e2', '0x10', '%2050', 'x', ''])('refuse the limit "%s"', async (limit) => {
    expect(await statusOf(`/api/v1/plans?limit=${limit}`)).toBe(400);
  });

  it('take the limits 1 and 500, and ask the store for one more at most', async () => {
    expect(await statusOf('/api/v1/plans?limit=500')).toBe(200);
    expect(await statusOf('/api/v1/plans?limit=1')).toBe(200);
    expect(world.seen.lists.map(({ page }) => page.limit)).toEqual([501, 2]);
  });

  it('refuse a cursor of another list or filter, or one that was made up', async () => {
    const identity = newId();
    world.items.decisions.push(...Array.from({ length: 3 }, () => ({ id: newId() })).reverse());
    const { nextCursor } = await list(`/api/v1/decisions?limit=1&identity=${identity}`);
    const mine = `cursor=${nextCursor}`;
    expect(await statusOf(`/api/v1/decisions?limit=2&identity=${identity}&${mine}`)).toBe(200);
    for (const path of [
      '/api/v1/decisions',
      '/api/v1/plans',
      `/api/v1/decisions?identity=${newId()}`,
      `/api/v1/decisions?identity=${identity}&level=high`,
    ]) {
      const response = await world.ask(`${path}${path.includes('?') ? '&' : '?'}${mine}`, { as: 'admin' });
      expect([response.status, (await problemOf(response)).code]).toEqual([400, 'request.invalid']);
    }
    const binding = Buffer.from(nextCursor as string, 'base64url')
      .toString()
      .split(' ')[0];
    for (const id of ["' or 1=1", 'x', '', `${newId()} ${newId()}`]) {
      const forged = Buffer.from(`${binding} ${id}`).toString('base64url');
      expect(await statusOf(`/api/v1/decisions?identity=${identity}&cursor=${forged}`), id).toBe(400);
    }
    for (const cursor of ['', 'x', '%00', 'a'.repeat(400)]) expect(await statusOf(`/api/v1/plans?cursor=${cursor}`), cursor).toBe(400);
  });

  it.each([
    '/api/v1/plans?offset=10',
    '/api/v1/plans?state=released&state=held',
    '/api/v1/plans?state=nonsense',
    '/api/v1/plans?decision=1',
    '/api/v1/plans?__proto__=x',
    '/api/v1/plans?state[]=held',
    '/api/v1/signals?source=%00',
    '/api/v1/signals?type=',
    '/api/v1/decisions?from=2026-01-01',
    '/api/v1/decisions?from=2026-01-01T00:00Z',
    '/api/v1/decisions?to=2026-01-01T00:00:00',
    '/api/v1/decisions?to=yesterday',
    '/api/v1/decisions?level=enormous',
    '/api/v1/ledger/consistency?from=1',
    '/api/v1/ledger/consistency?from=-1&to=2',
    '/api/v1/ledger/consistency?from=1e1&to=20',
  ])('refuse %s', async (path) => {
    const response = await world.ask(path, { as: 'admin' });
    expect([response.status, (await problemOf(response)).code]).toEqual([400, 'request.invalid']);
    expect(world.seen.lists).toEqual([]);
  });

  it('refuse query members where a route takes none, also beside a body', async () => {
    expect((await world.ask('/api/v1/signals?dry=1', { as: 'admin', method: 'POST', body: {} })).status).toBe(400);
    expect(world.seen.signals).toEqual([]);
  });

  it('give every filter on', async () => {
    const id = newId();
    const from = '2026-05-04T10:00:00.000Z';
    await list(`/api/v1/decisions?identity=${id}&policy=RP-017&outcome=held&level=high&mode=enforce&from=${from}&to=${from}`);
    expect(world.seen.lists.at(-1)?.filter).toEqual({
      identity: id,
      policy: 'RP-017',
      outcome: 'held',
      level: 'high',
      mode: 'enforce',
      from,
      to: from,
    });
  });
});
