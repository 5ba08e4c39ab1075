/** Which provider lives in which folder. A folder is imported only when a connection of its provider is configured. */
import type { z } from 'zod';
import type { AdapterDefinition } from '../adapters/contract.ts';
import { AppError } from '../model/errors.ts';

interface Provider {
  readonly settings: () => Promise<z.ZodType>;
  readonly definition: () => Promise<AdapterDefinition>;
}

const providers: Readonly<Record<string, Provider>> = {
  okta: {
    settings: async () => (await import('../adapters/okta/settings.ts')).oktaSettingsSchema,
    definition: async () => (await import('../adapters/okta/index.ts')).okta as unknown as AdapterDefinition,
  },
  sandbox: {
    settings: async () => (await import('../adapters/sandbox/settings.ts')).sandboxSettingsSchema,
    definition: async () => (await import('../adapters/sandbox/index.ts')).sandbox as unknown as AdapterDefinition,
  },
};

/** What a connection of each provider may say, for reading the configuration. */
export async function providerSchemas(): Promise<ReadonlyMap<string, z.ZodType>> {
  return new Map(await Promise.all(Object.entries(providers).map(async ([name, provider]) => [name, await provider.settings()] as const)));
}

/** Every provider by name, sorted. */
export const providerNames: readonly string[] = Object.keys(providers).sort();

export async function loadProvider(name: string): Promise<AdapterDefinition> {
  const provider = Object.hasOwn(providers, name) ? providers[name] : undefined;
  if (provider === undefined) throw new AppError('adapter.misconfigured', `there is no provider ${name}`);
  return provider.definition();
}
