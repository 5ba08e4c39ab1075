/** Taking access away: sessions, tokens of clients, consents, and Universal Logout. Each may be repeated; the second time changes nothing. */
import { accessOf, endAccess } from '../access.ts';
import { aim } from '../aim.ts';
import { written } from '../clock.ts';
import { party, userParty } from '../log-event.ts';
import { type Org, tell } from '../org.ts';
import type { Consent, OAuthToken, Person } from '../records.ts';
import { invalid, notFound, Refusal } from '../refusal.ts';
import { type Ask, noContent, ok, paged, type Route, route } from '../router.ts';

const client = '/api/v1/users/{userId}/clients/{clientId}';
const listed = { usual: 20, most: 200 };

export function accessRoutes(org: Org): readonly Route[] {
  const [read, manage] = ['okta.users.read', 'okta.users.manage'];
  const refreshTokens = (ask: Ask) => accessOf(org, aim(org, ask)).refreshTokens.filter(({ clientId }) => clientId === ask.id('clientId'));
  return [
    route('DELETE', '/api/v1/users/{userId}/sessions', manage, (ask) => {
      const person = aim(org, ask);
      const [tokens, devices] = [ask.query.get('oauthTokens') === 'true', ask.query.get('forgetDevices') !== 'false'];
      const changed = endAccess(org, person, { tokens, devices });
      tell(org, ask, 'user.session.clear', [userParty(person)], { changed });
      return noContent;
    }),
    route('POST', '/oauth2/v1/global-token-revocation', 'okta.universalLogout.manage', (ask) => {
      if (!org.settings.universalLogout) throw new Refusal('E0000015');
      const person = aim(org, ask, named(org, ask));
      const changed = endAccess(org, person, { tokens: true, devices: false, appSessions: true });
      tell(org, ask, 'user.authentication.universal_logout', [userParty(person)], { changed });
      return noContent;
    }),
    route('GET', '/api/v1/users/{userId}/clients', read, (ask) => {
      const { refreshTokens: tokens, grants } = accessOf(org, aim(org, ask));
      const ids = new Set([...tokens, ...grants].map(({ clientId }) => clientId));
      return ok([...ids].map((id) => ({ client_id: id, client_name: id, client_uri: null, logo_uri: null })));
    }),
    route('GET', `${client}/tokens`, read, (ask) =>
      paged(ask, refreshTokens(ask), listed, (token) => showToken(org, ask.id('userId'), token)),
    ),
    route('GET', `${client}/tokens/{tokenId}`, read, (ask) => {
      const token = refreshTokens(ask).find(({ id }) => id === ask.id('tokenId'));
      if (!token) throw notFound(ask.id('tokenId'), 'OAuth2RefreshToken');
      return ok(showToken(org, ask.id('userId'), token));
    }),
    route('DELETE', `${client}/tokens`, manage, (ask) => revoke(org, ask, aim(org, ask), undefined)),
    route('DELETE', `${client}/tokens/{tokenId}`, manage, (ask) => revoke(org, ask, aim(org, ask), ask.id('tokenId'))),
    route('GET', '/api/v1/users/{userId}/grants', read, (ask) =>
      paged(ask, aim(org, ask).grants, listed, (one) => showGrant(org, ask, one)),
    ),
    route('DELETE', '/api/v1/users/{userId}/grants', manage, (ask) => withdraw(org, ask, () => true)),
    route('DELETE', '/api/v1/users/{userId}/grants/{grantId}', manage, (ask) => {
      if (!aim(org, ask).grants.some(({ id }) => id === ask.id('grantId'))) throw notFound(ask.id('grantId'), 'OAuth2ScopeConsentGrant');
      return withdraw(org, ask, ({ id }) => id === ask.id('grantId'));
    }),
    route('GET', `${client}/grants`, read, (ask) => {
      const grants = aim(org, ask).grants.filter(({ clientId }) => clientId === ask.id('clientId'));
      return paged(ask, grants, listed, (one) => showGrant(org, ask, one));
    }),
    route('DELETE', `${client}/grants`, manage, (ask) => withdraw(org, ask, ({ clientId }) => clientId === ask.id('clientId'))),
  ];
}

/** The person of a `sub_id` (RFC 9493): by e-mail address, or by id as an opaque name or with us as the issuer. */
function named(org: Org, ask: Ask): Person {
  const { format, email, id, iss, sub } = (ask.body['sub_id'] ?? {}) as Readonly<Record<string, unknown>>;
  const byId = format === 'opaque' ? id : format === 'iss_sub' && iss === org.baseUrl ? sub : undefined;
  const person = org.people.all().find((one) => (format === 'email' ? one.profile.email === email : one.id === byId));
  if (!person) throw invalid('sub_id', 'The subject is not a user of this organisation');
  return person;
}

/** Refresh tokens, and with them the access tokens of that client. */
function revoke(org: Org, ask: Ask, person: Person, tokenId: string | undefined) {
  const clientId = ask.id('clientId');
  const { accessTokens, refreshTokens } = accessOf(org, person);
  const ofClient = [...accessTokens, ...refreshTokens].filter((token) => token.clientId === clientId);
  if (tokenId !== undefined && !ofClient.some(({ id, kind }) => id === tokenId && kind === 'refresh'))
    throw notFound(tokenId, 'OAuth2RefreshToken');
  person.tokens = person.tokens.filter(
    (token) => !ofClient.includes(token) || (tokenId !== undefined && token.kind === 'refresh' && token.id !== tokenId),
  );
  if (ofClient.length > 0) org.people.touch(person);
  const targets = [userParty(person), party('PublicClientApp', clientId, clientId)];
  tell(org, ask, 'app.oauth2.token.revoke', targets, { changed: ofClient.length > 0 });
  return noContent;
}

function withdraw(org: Org, ask: Ask, which: (grant: Consent) => boolean) {
  const person = aim(org, ask);
  const going = person.grants.filter(which);
  person.grants = person.grants.filter((grant) => !which(grant));
  if (going.length > 0) org.people.touch(person);
  tell(org, ask, 'app.oauth2.as.consent.revoke.user', [userParty(person)], { changed: going.length > 0 });
  return noContent;
}

const showToken = (org: Org, userId: string, { id, clientId, scopes, createdAt, expiresAt }: OAuthToken) => ({
  ...{ id, clientId, scopes, status: 'ACTIVE', userId: org.people.find(userId).id, issuer: `${org.baseUrl}/oauth2/default` },
  ...{ created: written(createdAt), lastUpdated: written(createdAt), expiresAt: written(expiresAt) },
});

const showGrant = (org: Org, ask: Ask, { id, clientId, scopeId, createdAt }: Consent) => ({
  ...{ id, clientId, scopeId, status: 'ACTIVE', userId: org.people.find(ask.id('userId')).id, issuer: org.baseUrl, source: 'END_USER' },
  ...{ created: written(createdAt), lastUpdated: written(createdAt) },
});
