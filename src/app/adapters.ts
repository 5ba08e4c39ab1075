/** Makes the adapter of each configured connection and hands it what it needs. */
import type { Adapter, AdapterDefinition, AdapterStorage } from '../adapters/contract.ts';
import { createHttpClient } from '../adapters/http.ts';
import type { ConnectionSettings } from '../settings/index.ts';
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

/** Makes the adapter of one connection; what `create` throws is thrown, with nothing left open. */
export async function openAdapter(
  connection: ConnectionSettings,
  definition: AdapterDefinition,
  parts: Pick<CoreOptions, 'settings' | 'clock' | 'log' | 'random'> & {
    readonly origin: string;
    readonly storage: AdapterStorage;
    /** A secret for one use, by its name. */
    readonly derive: (name: string) => Uint8Array;
  },
): Promise<{ readonly adapter: Adapter; close(): Promise<void> }> {
  const { settings, clock, log, random, origin, storage, derive } = parts;
  const allowPrivate = [
    ...settings.network.allowPrivate,
    ...connection.allowPrivate,
    ...(connection.provider === 'sandbox' ? loopback : []),
  ];
  const http = createHttpClient({ allowPrivate, clock, log });
  try {
    const adapter = await definition.create({
      connectionId: connection.id,
      settings: connection.settings as never,
      ...{ http, storage, clock, log, random, origin },
      trial: connection.trial,
      secret: (name) => derive(`connection ${connection.id} ${name}`),
    });
    return {
      adapter,
      close: async () => {
        await adapter.close?.();
        await http.close();
      },
    };
  } catch (error) {
    await http.close();
    throw error;
  }
}

export async function connectAdapters(
  parts: CoreOptions & {
    readonly origin: string;
    readonly definitions: ReadonlyMap<string, AdapterDefinition>;
    readonly store: Store;
    readonly keyring: Keyring;
  },
): Promise<ConnectedAdapters> {
  const { settings, clock } = parts;
  const connected: { id: string; provider: string; adapter: Adapter; close: () => Promise<void> }[] = [];
  for (const connection of settings.connections) {
    const opened = await openAdapter(connection, parts.definitions.get(connection.provider) as AdapterDefinition, {
      ...parts,
      storage: createAdapterStorage(parts.store, connection.id, clock),
      derive: (name) => parts.keyring.derive(name),
    });
    connected.push({ id: connection.id, provider: connection.provider, ...opened });
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
