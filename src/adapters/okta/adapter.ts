/** One Okta organisation: acted on, its people known, its events read, and what is missing said. */
import type { Adapter, AdapterContext } from '../contract.ts';
import { createClient } from './client.ts';
import { createDirectory } from './directory.ts';
import { openEvents } from './events.ts';
import { createLogProofs } from './log-proofs.ts';
import { manifest } from './manifest.ts';
import { probeOkta } from './probe.ts';
import type { OktaSettings } from './settings.ts';
import { verbs } from './verbs/index.ts';
import { createBlockZone } from './verbs/ip-block.ts';
import type { Tools } from './verbs/verb.ts';

/** Rejects with `AppError` `adapter.misconfigured` where Okta refuses the service app. */
export async function createOktaAdapter(context: AdapterContext<OktaSettings>): Promise<Adapter> {
  const { settings, storage, clock, log, connectionId } = context;
  const scopes = [...manifest.permissions.read, ...manifest.permissions.write];
  const okta = await createClient(context, { scopes, atOnce: manifest.concurrency });
  const zone = createBlockZone({ okta, settings, storage, clock, log });
  const tools: Tools = { okta, proofs: createLogProofs(okta, clock), zone, settings, storage, clock };
  const directory = createDirectory(okta, { connectionId, orgUrl: settings.orgUrl });
  if (settings.blockZone !== undefined) zone.start();

  return {
    manifest,
    act: async (order) => (await verbs[order.type]?.act(order, tools)) ?? { outcome: 'refused', code: 'unsupported' },
    readBack: async (order) => (await verbs[order.type]?.readBack(order, tools)) ?? { inForce: null, code: 'unsupported' },
    people: directory.people,
    find: directory.find,
    ...openEvents(okta, context),
    probe: (signal) => probeOkta(okta, settings, signal),
    async close() {
      zone.close();
      okta.close();
    },
  };
}
