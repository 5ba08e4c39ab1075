/** The OpenID provider itself: oidc-provider, set up for opaque tokens, PKCE everywhere and records in the adapter's storage. */
import { interactionPolicy, Provider } from 'oidc-provider';
import type { AdapterContext } from '../contract.ts';
import { isWithdrawn, kinds } from './kinds.ts';
import { createModelStore } from './model-store.ts';
import { signedOutPage, signOutPage } from './pages.ts';
import type { People } from './people.ts';
import { type SecondFactors, secondFactorAcr } from './second-factor.ts';
import { builtInClients, deriveClientSecret, type SandboxSettings } from './settings.ts';
import { deriveSigningKey } from './signing-key.ts';

export const mountPath = '/idp';

/**
 * OpenID Connect Core code flow with PKCE (RFC 7636) for every client, refresh tokens, introspection (RFC 7662) and revocation
 * (RFC 7009), userinfo, sign-out by the client. Tokens do not end with their session: only what revokes tokens ends them.
 */
export function createOpenId(context: AdapterContext<SandboxSettings>, people: People, factors: SecondFactors): Provider {
  const { settings, origin, storage, clock, secret } = context;
  const clients = [...builtInClients.filter(({ id }) => !settings.clients.some((client) => client.id === id)), ...settings.clients];
  const introspecting = new Set(clients.flatMap(({ id, introspects }) => (introspects ? [id] : [])));
  const secure = origin.startsWith('https:');
  const cookie = { httpOnly: true, sameSite: 'lax', path: mountPath, secure } as const;

  // The demo application redirects to loopback like a native one, but keeps a secret: it may be signed in to silently.
  const policy = interactionPolicy.base();
  policy.get('consent')?.checks.remove('native_client_prompt');
  const { Check } = interactionPolicy;
  const closed = new Check('account_closed', 'the account is closed', 'login_required', ({ oidc }) =>
    oidc.session?.accountId !== undefined && oidc.account === undefined ? Check.REQUEST_PROMPT : Check.NO_NEED_TO_PROMPT,
  );
  const stepUp = new Check('second_factor', 'a second factor is required', 'login_required', async ({ oidc: { session } }) => {
    const demand = session?.accountId === undefined ? undefined : await factors.demand(session.accountId);
    const met = demand === undefined || (session?.acr === secondFactorAcr && Number(session.loginTs) >= Math.floor(demand.since / 1000));
    return met ? Check.NO_NEED_TO_PROMPT : Check.REQUEST_PROMPT;
  });
  for (const check of [closed, stepUp]) policy.get('login')?.checks.add(check);

  const provider = new Provider(`${origin}${mountPath}`, {
    adapter: (name: string) => createModelStore(name, storage, clock),
    clients: clients.map((client) => ({
      client_id: client.id,
      client_secret: client.secret ?? deriveClientSecret(secret, client.id),
      ...(client.name === undefined ? {} : { client_name: client.name }),
      redirect_uris: [...client.redirectUris],
      application_type: client.redirectUris.some((uri) => uri.startsWith('http:')) ? 'native' : 'web',
      grant_types: client.redirectUris.length === 0 ? [] : ['authorization_code', 'refresh_token'],
      response_types: client.redirectUris.length === 0 ? [] : ['code'],
      id_token_signed_response_alg: 'ES256',
    })),
    jwks: { keys: [{ ...deriveSigningKey(secret('signing')) }] },
    cookies: {
      keys: [Buffer.from(secret('cookies')).toString('base64url')],
      names: { session: 'rescind_idp_session', interaction: 'rescind_idp_interaction', resume: 'rescind_idp_resume' },
      long: cookie,
      short: cookie,
    },
    scopes: ['openid', 'offline_access'],
    claims: {
      openid: ['sub', 'acr', 'amr', 'sid', 'auth_time'],
      profile: ['name'],
      email: ['email', 'email_verified'],
      groups: ['groups'],
    },
    acrValues: [secondFactorAcr],
    conformIdTokenClaims: false,
    clientDefaults: { id_token_signed_response_alg: 'ES256' },
    clientAuthMethods: ['client_secret_basic', 'client_secret_post'],
    responseTypes: ['code'],
    pkce: { required: () => true },
    // Sign-in and refresh end at once for who is not active; the sessions themselves are left to session.revoke.
    findAccount: async (_ctx, sub) => {
      const person = await people.find(sub);
      if (person?.status !== 'active') return undefined;
      const { id, name, email, groups } = person;
      return { accountId: id, claims: () => ({ sub: id, name, email, email_verified: true, groups: [...groups] }) };
    },
    features: {
      devInteractions: { enabled: false },
      dPoP: { enabled: false },
      pushedAuthorizationRequests: { enabled: false },
      resourceIndicators: { enabled: false },
      // A client asks for the `sid` of its session by it (OpenID Connect Core section 5.5).
      claimsParameter: { enabled: true },
      introspection: {
        enabled: true,
        allowedPolicy: async (_ctx, client, token) => {
          if (token.clientId !== client.clientId && !introspecting.has(client.clientId)) return false;
          if (token.kind === 'RefreshToken') {
            const grant = await storage.get(kinds.grant, String(token.grantId));
            if (!grant || isWithdrawn(grant)) return false;
          }
          return !('accountId' in token) || (await people.find(token.accountId))?.status === 'active';
        },
      },
      revocation: { enabled: true, allowedPolicy: (_ctx, client, token) => token.clientId === client.clientId },
      rpInitiatedLogout: {
        enabled: true,
        logoutSource: (ctx, form) => {
          ctx.body = signOutPage(form);
        },
        postLogoutSuccessSource: (ctx) => {
          ctx.body = signedOutPage();
        },
      },
    },
    expiresWithSession: () => false,
    issueRefreshToken: (_ctx, client, code) => client.grantTypeAllowed('refresh_token') && code.scopes.has('offline_access'),
    rotateRefreshToken: true,
    clientBasedCORS: () => false,
    interactions: { policy, url: (_ctx, interaction) => `${mountPath}/interaction/${interaction.uid}` },
    ttl: {
      AccessToken: settings.lifetimes.accessTokenSeconds,
      AuthorizationCode: 60,
      RefreshToken: settings.lifetimes.refreshTokenSeconds,
      Grant: Math.max(settings.lifetimes.refreshTokenSeconds, settings.lifetimes.sessionSeconds),
      Session: settings.lifetimes.sessionSeconds,
      Interaction: 600,
      IdToken: 3_600,
    },
    renderError: (ctx, out) => {
      ctx.type = 'application/json';
      ctx.body = JSON.stringify(out);
    },
  });
  // The one who ends TLS in front says so in X-Forwarded-Proto; the issuer does not depend on it.
  provider.proxy = secure;
  provider.on('server_error', (ctx, error) => {
    context.log.error({ connection: context.connectionId, route: ctx.oidc.route, error: error.name }, 'sandbox.failed');
  });
  return provider;
}
