/** Okta's own SDK, on our transport. It is loaded with the first connection: its two thousand files take up to seconds. */
import type okta from '@okta/okta-sdk-nodejs';
import { AppError } from '../../model/errors.ts';
import type { AdapterContext } from '../contract.ts';
import type { HttpResponse } from '../http.ts';
import { createBudget } from './budget.ts';
import { type Credential, createCredential } from './credential.ts';
import { OktaFailure, toFailure } from './failure.ts';
import type { OktaSettings } from './settings.ts';
import { createTransport, type Errand, type Transport } from './transport.ts';

export type Sdk = okta.Client;

export interface OktaClient {
  /** Calls by the SDK, under one urgency and signal. Rejects with an `OktaFailure`, whatever went wrong. */
  call<T>(errand: Errand, run: (sdk: Sdk) => Promise<T>): Promise<T>;
  /** All items of a list, page after page. */
  list<T>(errand: Errand, run: (sdk: Sdk) => Promise<okta.Collection<T>>): Promise<T[]>;
  /** The same, page by page. Empty pages are left out. */
  pages<T>(errand: Errand, run: (sdk: Sdk) => Promise<okta.Collection<T>>): AsyncIterable<readonly T[]>;
  /** A call that the SDK does not have. */
  request(...call: Parameters<Transport['request']>): Promise<HttpResponse>;
  /** See `Credential`. */
  scopes(): Promise<ReadonlySet<string> | undefined>;
  close(): void;
}

/**
 * Rejects with `AppError` `adapter.misconfigured` where a service app's key is refused: it would fail at the first revocation. Where Okta
 * cannot be reached the connection is made, and its calls fail until it can.
 */
export async function createClient(
  context: Pick<AdapterContext<OktaSettings>, 'connectionId' | 'settings' | 'http' | 'clock' | 'log'>,
  parts: { readonly scopes: readonly string[]; readonly atOnce: number },
): Promise<OktaClient> {
  const { connectionId, http, clock, log, settings } = context;
  const { orgUrl } = settings;
  const credential = createCredential(settings.auth, { connectionId, orgUrl, http, clock, log, scopes: parts.scopes });
  await testCredential(credential, context);
  const budget = createBudget(clock, parts.atOnce);
  const transport = createTransport({ orgUrl, credential, budget, clock });
  const sdk = await createSdk(orgUrl, transport);

  const call = <T>(errand: Errand, run: (sdk: Sdk) => Promise<T>): Promise<T> =>
    transport.under(errand, async () => {
      try {
        return await run(sdk);
      } catch (error) {
        throw toFailure(error);
      }
    });

  async function* pages<T>(errand: Errand, run: (sdk: Sdk) => Promise<okta.Collection<T>>): AsyncIterable<readonly T[]> {
    const list = await call(errand, run);
    while (list.nextUri) {
      const page = (await call(errand, () => list.getNextPage())) as readonly T[];
      if (page.length > 0) yield page;
    }
  }

  return {
    call,
    pages,
    async list(errand, run) {
      const items = [];
      for await (const page of pages(errand, run)) items.push(...page);
      return items;
    },
    request: transport.request,
    scopes: () => credential.scopes(),
    close: () => budget.close(),
  };
}

async function testCredential(credential: Credential, { connectionId, log }: Pick<AdapterContext<OktaSettings>, 'connectionId' | 'log'>) {
  try {
    await credential.scopes();
  } catch (error) {
    if (!(error instanceof OktaFailure)) throw error;
    const { outcome, errorCode, code } = error.facts;
    if (outcome === 'refused')
      throw new AppError('adapter.misconfigured', `${connectionId}: Okta gives the service app no token: ${errorCode ?? code}`);
    log.warn({ connection: connectionId, code }, 'okta.notReached');
  }
}

async function createSdk(orgUrl: string, transport: Transport): Promise<Sdk> {
  const { default: sdk } = await import('@okta/okta-sdk-nodejs');
  try {
    return new sdk.Client({
      orgUrl,
      // Every setting that it would otherwise look for in okta.yaml and in the environment. The token is none: the transport proves us.
      authorizationMode: 'SSWS',
      token: 'not-used',
      clientId: '',
      scopes: [],
      privateKey: '',
      keyId: '',
      userAgent: 'rescind',
      cacheMiddleware: null,
      requestExecutor: transport as unknown as okta.RequestExecutor,
    } as unknown as ConstructorParameters<typeof sdk.Client>[0]);
  } catch {
    throw new AppError(
      'adapter.misconfigured',
      'Okta’s SDK cannot begin: is there a broken okta.yaml in the working directory or in ~/.okta?',
    );
  }
}
