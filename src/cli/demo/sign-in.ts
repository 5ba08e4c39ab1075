/** A person signs in at the sandbox through a real authorization code flow with PKCE, as a browser and an application would. */
import * as oidc from 'openid-client';
import type { DemoClient } from '../../settings/index.ts';

const redirectUri = 'http://127.0.0.1:49152/callback';
const hops = 12;

/** Keeps cookies and follows redirects within the provider. */
class Browser {
  readonly #cookies = new Map<string, string>();

  async open(url: string, form?: Readonly<Record<string, string>>): Promise<{ readonly url: string; readonly response: Response }> {
    let at = url;
    let response = await this.#send(at, form);
    for (let hop = 0; hop < hops; hop++) {
      const location = response.headers.get('location');
      if (response.status < 300 || response.status > 399 || location === null) return { url: at, response };
      at = new URL(location, at).href;
      // The application's own address: nobody listens there, the code is in it.
      if (at.startsWith(redirectUri)) return { url: at, response };
      response = await this.#send(at);
    }
    throw new Error('the sign-in goes round in circles');
  }

  async #send(url: string, form?: Readonly<Record<string, string>>): Promise<Response> {
    const response = await fetch(url, {
      redirect: 'manual',
      headers: { accept: 'text/html', cookie: [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ') },
      ...(form === undefined ? {} : { method: 'POST', body: new URLSearchParams(form) }),
    });
    for (const line of response.headers.getSetCookie()) {
      const [pair = ''] = line.split(';', 1);
      this.#cookies.set(pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1));
    }
    return response;
  }
}

export interface SignedIn {
  readonly accessToken: string;
  readonly refreshToken: string | undefined;
}

export async function signIn(
  issuer: string,
  client: DemoClient,
  person: { readonly email: string; readonly password: string },
): Promise<SignedIn> {
  const configuration = await discover(issuer, client);
  const verifier = oidc.randomPKCECodeVerifier();
  const state = oidc.randomState();
  const start = oidc.buildAuthorizationUrl(configuration, {
    redirect_uri: redirectUri,
    scope: 'openid email offline_access',
    prompt: 'consent',
    state,
    code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
  });
  const browser = new Browser();
  let page = await browser.open(start.href);
  for (let form = 0; form < 3 && !page.url.startsWith(redirectUri); form++) {
    const asksPassword = (await page.response.text()).includes('name="password"');
    page = await browser.open(page.url, asksPassword ? { do: 'signIn', ...person } : { do: 'consent' });
  }
  const tokens = await oidc.authorizationCodeGrant(configuration, new URL(page.url), { pkceCodeVerifier: verifier, expectedState: state });
  return { accessToken: tokens.access_token, refreshToken: tokens.refresh_token };
}

/** Asks the sandbox, as an API would, whether a token still counts (RFC 7662). */
export async function createIntrospection(issuer: string, client: DemoClient): Promise<(token: string) => Promise<boolean>> {
  const configuration = await discover(issuer, client);
  return async (token) => (await oidc.tokenIntrospection(configuration, token)).active === true;
}

function discover(issuer: string, { id, secret }: DemoClient): Promise<oidc.Configuration> {
  return oidc.discovery(new URL(issuer), id, secret, undefined, { execute: [oidc.allowInsecureRequests] });
}
