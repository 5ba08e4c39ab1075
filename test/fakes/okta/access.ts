/** What a person can still reach: sessions, tokens, consents, remembered devices, and sessions that applications keep for themselves. */
import type { Org } from './org.ts';
import type { AppSession, Consent, OAuthToken, Person, Session } from './records.ts';

export interface SignIn {
  /** OAuth clients that get an access and a refresh token, and a consent to `offline_access`. */
  readonly clients?: readonly string[];
  /** A device that is remembered, so that no second factor is asked there again. */
  readonly device?: string;
  readonly appSessions?: readonly AppSession[];
  readonly ipAddress?: string;
  readonly sessionMs?: number;
  readonly accessTokenMs?: number;
  readonly refreshTokenMs?: number;
}

/** What is neither revoked nor over, by the organisation's clock. */
export interface AccessLeft {
  /** Whether the person could begin anew, by their status. */
  readonly canSignIn: boolean;
  readonly sessions: readonly Session[];
  readonly accessTokens: readonly OAuthToken[];
  readonly refreshTokens: readonly OAuthToken[];
  readonly grants: readonly Consent[];
  readonly rememberedDevices: readonly string[];
  readonly appSessions: readonly AppSession[];
}

const hour = 3_600_000;

/** Throws for a person whose status does not let them in. Leaves `user.session.start` in the log. */
export function signIn(org: Org, person: Person, given: SignIn = {}): Session {
  if (!mayEnter(person)) throw new Error(`a person who is ${person.status} cannot sign in`);
  const createdAt = org.clock.now();
  const session = { id: org.newId('102'), createdAt, expiresAt: createdAt + (given.sessionMs ?? 12 * hour) };
  person.sessions.push(session);
  person.lastLoginAt = createdAt;
  person.appSessions.push(...(given.appSessions ?? []));
  if (given.device !== undefined && !person.rememberedDevices.includes(given.device)) person.rememberedDevices.push(given.device);
  for (const clientId of given.clients ?? []) {
    const scopes = ['openid', 'offline_access'];
    const access = { id: org.newId('oat'), expiresAt: createdAt + (given.accessTokenMs ?? hour) };
    const refresh = { id: org.newId('oar'), expiresAt: createdAt + (given.refreshTokenMs ?? 7 * 24 * hour) };
    person.tokens.push(
      { ...access, kind: 'access', clientId, scopes, createdAt },
      { ...refresh, kind: 'refresh', clientId, scopes, createdAt },
    );
    if (!person.grants.some((grant) => grant.clientId === clientId))
      person.grants.push({ id: org.newId('oag'), clientId, scopeId: 'offline_access', createdAt });
  }
  org.people.touch(person);
  const { login, firstName, lastName } = person.profile;
  const client = given.ipAddress === undefined ? {} : { ipAddress: given.ipAddress };
  org.log.append({
    eventType: 'user.session.start',
    displayMessage: 'User login to Okta',
    actor: { id: person.id, type: 'User', alternateId: login, displayName: `${firstName} ${lastName}`, detailEntry: null },
    authenticationContext: { externalSessionId: session.id, rootSessionId: session.id },
    client,
  });
  return session;
}

export function accessOf(org: Org, person: Person): AccessLeft {
  const now = org.clock.now();
  const tokens = person.tokens.filter(({ expiresAt }) => expiresAt > now);
  return {
    canSignIn: mayEnter(person),
    sessions: person.sessions.filter(({ expiresAt }) => expiresAt > now),
    accessTokens: tokens.filter(({ kind }) => kind === 'access'),
    refreshTokens: tokens.filter(({ kind }) => kind === 'refresh'),
    grants: [...person.grants],
    rememberedDevices: [...person.rememberedDevices],
    appSessions: [...person.appSessions],
  };
}

// Whose password has expired comes in with it and must choose another.
const mayEnter = ({ status }: Person) => status === 'ACTIVE' || status === 'PASSWORD_EXPIRED';

/** Ends what is asked for and answers whether there was any. Sessions that applications made for themselves stay. */
export function endAccess(
  org: Org,
  person: Person,
  what: { readonly tokens: boolean; readonly devices: boolean; readonly appSessions?: boolean },
): boolean {
  const kept = what.appSessions === true ? person.appSessions.filter(({ universalLogout }) => !universalLogout) : person.appSessions;
  const { sessions, accessTokens, refreshTokens } = accessOf(org, person);
  const any =
    sessions.length > 0 ||
    (what.tokens && accessTokens.length + refreshTokens.length > 0) ||
    (what.devices && person.rememberedDevices.length > 0) ||
    kept.length < person.appSessions.length;
  person.sessions = [];
  person.appSessions = kept;
  if (what.tokens) person.tokens = [];
  if (what.devices) person.rememberedDevices = [];
  if (any) org.people.touch(person);
  return any;
}
