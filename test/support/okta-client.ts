/** The official SDK as a caller of the stand-in: without its cache, without its own retries, and past any proxy of the machine. */
import okta from '@okta/okta-sdk-nodejs';
import type { ServiceApp } from '../fakes/okta/service-apps.ts';
import type { OktaStandIn } from '../fakes/okta.ts';

const plain = () => {
  // The SDK sends even loopback calls through a proxy that it finds here, and has no setting against it.
  for (const name of ['HTTPS_PROXY', 'https_proxy']) delete process.env[name];
  return { cacheMiddleware: null, requestExecutor: new okta.DefaultRequestExecutor({ requestTimeout: 5_000, maxRetries: 0 }) };
};

export const oktaClient = ({ orgUrl, token }: Pick<OktaStandIn, 'orgUrl' | 'token'>): okta.Client =>
  new okta.Client({ orgUrl, token, ...plain() });

export const oktaAppClient = (orgUrl: string, app: ServiceApp, scopes: string[]): okta.Client =>
  new okta.Client({ orgUrl, authorizationMode: 'PrivateKey', ...app, scopes, ...plain() });

/** How an adapter is given a client that is asked under a signal. */
export const callsBy =
  (client: okta.Client) =>
  <T>(_signal: AbortSignal, run: (client: okta.Client) => Promise<T>): Promise<T> =>
    run(client);

/** Everything of a list of the SDK, whose collections yield a `null` where a page was empty. */
export async function all<T>(list: AsyncIterable<T | null>): Promise<T[]> {
  const items: T[] = [];
  for await (const item of list) if (item !== null) items.push(item);
  return items;
}

/** What the SDK threw, as the provider's status and code; fails for a call that succeeded. */
export async function refusal(call: Promise<unknown>): Promise<string> {
  const thrown: unknown = await call.then(
    () => 'no refusal',
    (error: unknown) => error,
  );
  if (!(thrown instanceof okta.OktaApiError)) throw thrown instanceof Error ? thrown : new Error(String(thrown));
  return `${thrown.status} ${thrown.errorCode}`;
}
