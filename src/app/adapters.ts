/** Makes the adapter of each configured connection and hands it what it needs. */
import type { Adapter, AdapterDefinition } from '../adapters/contract.ts';
import { createHttpClient } from '../adapters/http.ts';
import { createAdapterStorage } from '../store/adapter-storage.ts';
import type { Keyring } from '../store/keyring.ts';
import type { Store } from '../store/open.ts';
import type { CoreOptions } from './core.ts';

export interface ConnectedAdapters {
  get(connection: string): Adapter | undefined;
  all(): readonly { readonly id: string; readonly provider: string; readonly adapter: Adapter }[];
  close(): Promise<void>;
}

/** A sandbox of this process is reached by loopback, whatever the configuration allows. */
const loopback = ['127.0.0.0/8', '::1/128'];

export async function connectAdapters(
  parts: CoreOptions & {
    readonly origin: string;
    readonly definitions: ReadonlyMap<string, AdapterDefinition>;
    readonly store: Store;
    readonly keyring: Keyring;
  },
): Promise<ConnectedAdapters> {
  const { settings, clock, log, random } = parts;
  const connected: { id: string; provider: string; adapter: Adapter; close: () => Promise<void> }[] = [];
  for (const connection of settings.connections) {
    const definition = parts.definitions.get(connection.provider) as AdapterDefinition;
    const allowPrivate = [
      ...settings.network.allowPrivate,
      ...connection.allowPrivate,
      ...(connection.provider === 'sandbox' ? loopback : []),
    ];
    const http = createHttpClient({ allowPrivate, clock, log });
    const adapter = await definition.create({
      connectionId: connection.id,
      settings: connection.settings as never,
      http,
      storage: createAdapterStorage(parts.store, connection.id, clock),
      clock,
      log,
      random,
      origin: parts.origin,
      trial: connection.trial,
      secret: (name) => parts.keyring.derive(`connection ${connection.id} ${name}`),
    });
    connected.push({
      id: connection.id,
      provider: connection.provider,
      adapter,
      close: async () => {
        await adapter.close?.();
        await http.close();
      },
    });
  }
  const byId = new Map(connected.map((one) => [one.id, one.adapter]));
  return {
    get: (connection) => byId.get(connection),
    all: () => connected,
    close: async () => {
      await Promise.all(connected.map((one) => one.close()));
    },
  };
}
