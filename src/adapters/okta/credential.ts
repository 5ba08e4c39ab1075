/** What proves us to Okta: an API token, or access tokens of a service app, obtained by its private key and bound to a key of ours. */
import type { Clock } from '../../model/clock.ts';
import type { Log } from '../../model/log.ts';
import type { HttpAnswer, HttpClient, HttpRequest } from '../http.ts';
import { secretSource } from './secret.ts';
import { createServiceApp } from './service-app.ts';
import type { OktaSettings } from './settings.ts';

/** Okta's API takes JSON alone. */
export type ApiRequest = Omit<HttpRequest, 'form' | 'raw'>;

export interface Credential {
  /** Sends the request with its proof. Rejects with an `OktaFailure` where there is none to be had; nothing was sent then. */
  send(request: ApiRequest): Promise<HttpAnswer>;
  /** To be called when Okta answered 401, so that the call had no effect. True where there is another proof to try. */
  renew(): Promise<boolean>;
  /** Scopes that the app was granted of those we ask for; undefined for an API token, which has none and is only read. */
  scopes(): Promise<ReadonlySet<string> | undefined>;
}

export interface CredentialParts {
  readonly connectionId: string;
  readonly orgUrl: string;
  readonly http: HttpClient;
  readonly clock: Clock;
  readonly log: Log;
  /** The scopes to ask for. */
  readonly scopes: readonly string[];
}

export function createCredential(auth: OktaSettings['auth'], parts: CredentialParts): Credential {
  if (!('token' in auth)) return createServiceApp(auth, parts);
  const secret = secretSource(auth.token);
  return {
    send: async (request) =>
      parts.http.request({ ...request, headers: { ...request.headers, authorization: `SSWS ${await secret.read()}` } }),
    renew: () => secret.renew(),
    async scopes() {
      await secret.read();
      return undefined;
    },
  };
}
