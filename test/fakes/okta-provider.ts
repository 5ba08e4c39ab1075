/** The events of the Okta stand-in behind the adapter contract, with actions of a provider in memory. */
import { z } from 'zod';
import type { AdapterDefinition, Manifest } from '../../src/adapters/contract.ts';
import { createOktaFeed, createOktaHook } from '../../src/adapters/okta/index.ts';
import { createFakeAdapter, type FakeAdapter } from './adapter.ts';
import { isHookEligible } from './okta/catalogue.ts';
import type { OktaStandIn } from './okta.ts';

export interface OktaProvider {
  readonly definition: AdapterDefinition;
  /** What was done, by all processes that use it. */
  readonly acted: FakeAdapter;
}

export interface OktaProviderOptions {
  /** Default 15. */
  readonly pollSeconds?: number;
  /** Remediation classes that the connection may report. */
  readonly marks?: readonly string[];
  readonly ownClientIds?: readonly string[];
}

const secretSchema = z.union([z.string(), z.tuple([z.string(), z.string()])]);
export const oktaSettingsSchema = z.object({ events: z.object({ secret: secretSchema.optional() }) });

/** A page of a thousand events. */
const pageBytes = 32 * 1024 * 1024;

export function createOktaProvider(okta: Pick<OktaStandIn, 'orgUrl' | 'token'>, options: OktaProviderOptions = {}): OktaProvider {
  const { pollSeconds = 15, marks = [] } = options;
  const ownClientIds = new Set(options.ownClientIds ?? []);
  const acted = createFakeAdapter();
  const manifest: Manifest = { ...acted.manifest, provider: 'okta', marks };
  const definition: AdapterDefinition = {
    provider: 'okta',
    manifest,
    settings: oktaSettingsSchema,
    async create({ connectionId, settings, http, clock }) {
      const { secret } = (settings as z.output<typeof oktaSettingsSchema>).events;
      const given = { connection: connectionId, ownClientIds };
      const feed = createOktaFeed({
        ...given,
        pollSeconds,
        clock,
        isPushed: isHookEligible,
        async get(path, signal) {
          const headers = { authorization: `SSWS ${okta.token}` };
          const answer = await http.request({ method: 'GET', url: `${okta.orgUrl}${path}`, headers, maxBytes: pageBytes, signal });
          if (answer.kind !== 'response') throw new Error(answer.code);
          return answer;
        },
      });
      const hook = secret === undefined ? undefined : createOktaHook({ ...given, secrets: typeof secret === 'string' ? [secret] : secret });
      return { ...acted, manifest, feed, ...(hook === undefined ? {} : { hook }) };
    },
  };
  return { definition, acted };
}
