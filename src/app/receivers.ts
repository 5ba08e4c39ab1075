/** Who is told, by the way in which they are told. */
import { createHash } from 'node:crypto';
import { createSocketOpener } from '../adapters/guarded-socket.ts';
import { createHttpClient } from '../adapters/http.ts';
import type { Clock } from '../model/clock.ts';
import type { Log } from '../model/log.ts';
import type { Settings, SinkSettings } from '../settings/index.ts';
import { createSmtp, createWebhook, keyOfSecret, type Sink } from '../sinks/index.ts';

export interface Receiver {
  readonly settings: SinkSettings;
  /** Of the address that a receiver may say it is gone from. */
  readonly addressHash: string;
  readonly sink: Sink;
  close(): Promise<void>;
}

interface Surroundings {
  readonly network: Settings['network'];
  readonly clock: Clock;
  readonly log: Log;
}

export function openReceiver(settings: SinkSettings, { network, clock, log }: Surroundings): Receiver {
  const allowPrivate = [...network.allowPrivate, ...settings.allowPrivate];
  switch (settings.kind) {
    case 'webhook': {
      const { url, secret, authorization } = settings;
      const http = createHttpClient({ allowPrivate, clock, log });
      const keys = secret.map((text) => keyOfSecret(text) as Buffer);
      return { settings, addressHash: hashOf(url), sink: createWebhook({ url, keys, authorization, http }), close: () => http.close() };
    }
    case 'smtp': {
      const { host, port, to } = settings;
      const sink = createSmtp({ ...settings, open: createSocketOpener({ allowPrivate }), clock });
      return { settings, addressHash: hashOf(['smtp', host, port, ...to].join(' ')), sink, close: async () => {} };
    }
    default:
      return settings satisfies never;
  }
}

function hashOf(address: string): string {
  return createHash('sha256').update(address).digest('hex');
}
