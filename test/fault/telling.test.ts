/** The service is killed between the commit and the telling, and amid the telling: the next one tells. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startWebhookReceiver, type WebhookReceiver } from '../fakes/webhook-receiver.ts';
import { type TestDatabase, testDatabase } from '../support/database.ts';
import { adminToken, type FaultWorld, openWorld, type Service } from './world.ts';

const secret = `whsec_${Buffer.alloc(24, 's').toString('base64')}`;
let database: TestDatabase;
let receiver: WebhookReceiver;
let world: FaultWorld;
beforeAll(async () => {
  database = await testDatabase();
  receiver = await startWebhookReceiver([secret]);
  world = await openWorld(database, 2, { sinks: [{ id: 'soc', kind: 'webhook', url: receiver.url, secret }] });
});
afterAll(async () => {
  await world?.close();
  await receiver?.close();
  await database?.drop();
});

async function pause(service: Service): Promise<string> {
  const response = await fetch(`${service.origin}/api/v1/pause`, {
    method: 'POST',
    headers: { authorization: `Bearer ${adminToken}`, 'content-type': 'application/json' },
    body: JSON.stringify({ reason: 'a drill', scope: { source: 'partner' } }),
  });
  return ((await response.json()) as { id: string }).id;
}

it('what was committed is told, however the process ended', async () => {
  receiver.answer = 'hang';
  const first = await world.start();
  const told = await pause(first);
  await receiver.got(1);
  const waiting = await pause(first);
  await first.kill();
  receiver.answer = 204;
  // The lease of the one that was being told runs out.
  await database.store.query("update notice set next_at = created_at where state = 'waiting'");
  const second = await world.start();
  await receiver.got(3);
  await second.stop();
  expect(receiver.received.map(({ data }) => data['pauseId'])).toEqual([told, told, waiting]);
  expect(receiver.received[0]?.id).toBe(receiver.received[1]?.id);
  const { rows } = await database.store.query<{ state: string }>('select distinct state from notice');
  expect(rows).toEqual([{ state: 'delivered' }]);
});
