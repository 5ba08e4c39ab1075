/** Opens the doors: one for each transmitter, one for API clients, each leading into the same batches. */
import { createFetchJson, createHttpClient } from '../adapters/http.ts';
import type { Arrival, Verified } from '../model/signal.ts';
import type { ServerParts } from '../server/index.ts';
import { createApiDoor, createPushDoor, type PushDoor, toItem } from '../signals/index.ts';
import { createKeySource } from '../ssf/index.ts';
import type { Core, CoreOptions } from './core.ts';
import type { Metrics } from './metrics.ts';
import { recordRejection } from './rejections.ts';

export function openDoors(
  core: Core,
  options: CoreOptions,
  metrics: Metrics,
): Pick<ServerParts, 'push' | 'signal'> & { close(): Promise<void> } {
  const { settings, clock, log, random } = options;
  const http = createHttpClient({ allowPrivate: settings.network.allowPrivate, clock, log });
  const fetchJson = createFetchJson(http);
  const doors = new Map<string, PushDoor>(
    settings.transmitters
      .filter((transmitter) => transmitter.delivery === 'push')
      .map((transmitter) => [
        transmitter.id,
        createPushDoor({ transmitter, keys: createKeySource({ settings: transmitter, fetchJson, clock, log }) }),
      ]),
  );
  const apiDoor = createApiDoor({ random });

  const settle = async (arrivals: readonly Verified<Arrival>[]) =>
    core.batcher.submit(arrivals.map((arrival) => toItem(arrival, core.ids)));

  return {
    push(id, request) {
      const door = doors.get(id);
      if (door === undefined) return undefined;
      return door.receive(request).then(async (outcome) => {
        switch (outcome.kind) {
          case 'arrivals':
            await settle(outcome.arrivals);
            for (const note of outcome.notes) metrics.noted(id, String(note));
            return { refused: null };
          case 'acknowledged':
            metrics.acknowledged(id, outcome.reason);
            log.info({ transmitter: id, reason: outcome.reason, event: outcome.set.eventUri }, 'push.acknowledgedWithoutSignal');
            return { refused: null };
          case 'rejected': {
            metrics.rejected(id, outcome.code);
            log.warn({ transmitter: id, status: outcome.status, code: outcome.code }, 'push.rejected');
            if (outcome.senderAuthenticated && outcome.status !== 503)
              await recordRejection(core, { source: id, route: '/ssf/events', status: outcome.status, code: outcome.code }, request.body);
            const { status, err, description, retryAfterSeconds } = outcome;
            return { refused: { status, err, description, ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }) } };
          }
          default:
            return outcome satisfies never;
        }
      });
    },
    async signal(body, caller, receivedAt) {
      const outcome = apiDoor.receive({ body, caller, receivedAt, knownTypes: core.judging.state().bundle.risk.types });
      if (outcome.kind === 'refused') {
        const source = `api:${caller.name}`;
        metrics.rejected(source, outcome.code);
        const { code } = outcome;
        const status = code === 'auth.forbidden' ? 403 : code === 'request.unprocessable' ? 422 : 400;
        await recordRejection(core, { source, route: '/api/v1/signals', status, code }, body);
        return { refused: { code: outcome.code, detail: outcome.detail }, accepted: null };
      }
      const [accepted] = await settle(outcome.arrivals);
      return { refused: null, accepted: accepted ?? null };
    },
    close: () => http.close(),
  };
}
