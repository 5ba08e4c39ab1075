/** Opens a push door for a fake transmitter, the way the service does, with a network of its own. */
import { silentLog } from '../../src/model/log.ts';
import type { Arrival } from '../../src/model/signal.ts';
import { createPushDoor, type PushOutcome, type PushRequest } from '../../src/signals/push-door.ts';
import {
  createKeySource,
  type FetchJson,
  type KeySource,
  type TransmitterSettings,
  transmitterSettingsSchema,
} from '../../src/ssf/index.ts';
import type { FakeTransmitter } from '../fakes/transmitter.ts';
import { systemClock } from '../support/system-clock.ts';

export const session = 'https://schemas.openid.net/secevent/caep/event-type/session-revoked';
export const caep = 'https://schemas.openid.net/secevent/caep/event-type/';
export const risc = 'https://schemas.openid.net/secevent/risc/event-type/';
export const ssfBase = 'https://schemas.openid.net/secevent/ssf/event-type/';
export const alice = { sub_id: { format: 'email', email: 'alice@example.com' } };

/** Real HTTP, redirects refused, every address kept. */
export function createFetchJson(): FetchJson & { readonly asked: string[] } {
  const asked: string[] = [];
  const fetchJson = async (url: string, { signal }: { readonly signal: AbortSignal }): Promise<unknown> => {
    asked.push(url);
    const response = await fetch(url, { signal, redirect: 'error' });
    if (!response.ok) throw new Error(`status ${response.status}`);
    return response.json();
  };
  return Object.assign(fetchJson, { asked });
}

export function settingsFor(transmitter: FakeTransmitter, more: object = {}): TransmitterSettings {
  return transmitterSettingsSchema.parse({
    id: 'partner',
    issuer: transmitter.issuer,
    audience: 'https://rescind.example.com',
    jwksUri: transmitter.jwksUri,
    ...more,
  });
}

export interface OpenDoor {
  readonly keys: KeySource;
  readonly asked: readonly string[];
  push(body: string | Uint8Array, request?: Partial<PushRequest>): Promise<PushOutcome>;
  /** Pushes and expects one arrival. */
  arrival(body: string, request?: Partial<PushRequest>): Promise<Arrival>;
  /** Pushes and expects a refusal; answers its `err` and finer code. */
  refusal(body: string | Uint8Array, request?: Partial<PushRequest>): Promise<string>;
}

export function openDoor(transmitter: FakeTransmitter, more: object = {}): OpenDoor {
  const settings = settingsFor(transmitter, more);
  const fetchJson = createFetchJson();
  const keys = createKeySource({ settings, fetchJson, clock: systemClock, log: silentLog });
  const door = createPushDoor({ transmitter: settings, keys });
  const push = (body: string | Uint8Array, request: Partial<PushRequest> = {}) =>
    door.receive({
      method: 'POST',
      contentType: 'application/secevent+jwt',
      authorization: undefined,
      body: typeof body === 'string' ? Buffer.from(body) : body,
      receivedAt: systemClock.now(),
      ...request,
    });
  return {
    keys,
    asked: fetchJson.asked,
    push,
    async arrival(body, request) {
      const outcome = await push(body, request);
      if (outcome.kind !== 'arrivals') throw new Error(`expected an arrival, got ${JSON.stringify(outcome)}`);
      return outcome.arrivals[0] as Arrival;
    },
    async refusal(body, request) {
      const outcome = await push(body, request);
      if (outcome.kind !== 'rejected') throw new Error(`expected a refusal, got ${JSON.stringify(outcome)}`);
      return `${outcome.err} ${outcome.code}`;
    },
  };
}
