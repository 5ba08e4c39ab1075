/** A person's live sessions and tokens: reading them and ending them. */
import type { Clock, Instant } from '../../model/clock.ts';
import type { AdapterStorage, StoredRecord } from '../contract.ts';
import { kinds, kindsOfGrant, kindsOfSession, readModel, readSignIn } from './kinds.ts';

export interface LiveSession {
  /** Stays when the cookie changes; no secret. */
  readonly id: string;
  readonly deviceId: string;
  readonly begunAt: Instant;
  readonly expiresAt: Instant;
  /** The `sid` claims under which clients know it. */
  readonly sids: readonly string[];
}

export interface LiveToken {
  readonly kind: 'access' | 'refresh' | 'code';
  readonly clientId: string;
  readonly sessionId: string | null;
  /** When the grant behind it was given. */
  readonly begunAt: Instant;
  readonly expiresAt: Instant;
}

export interface LiveAccess {
  readonly asOf: Instant;
  readonly sessions: readonly LiveSession[];
  readonly tokens: readonly LiveToken[];
}

export interface SessionScope {
  readonly sessionId?: string;
  readonly deviceId?: string;
}

export interface Accesses {
  read(account: string): Promise<LiveAccess>;
  /** Ends the sessions that began at or before `before` and fit the scope (all members that are given); answers how many lived. */
  endSessions(account: string, scope: SessionScope, before: Instant): Promise<number>;
  /** Ends the grants given at or before `before` with every token and code that hangs on them; answers how many tokens and codes lived. */
  endTokens(account: string, before: Instant): Promise<number>;
}

const tokenKinds = { AccessToken: 'access', RefreshToken: 'refresh', AuthorizationCode: 'code' } as const;

export function createAccesses(storage: AdapterStorage, clock: Clock): Accesses {
  const live = async (kind: string, account: string, now: Instant) =>
    (await storage.find(kind, 'account', account)).filter((record) => record.expiresAt === undefined || record.expiresAt > now);

  async function sessionsOf(account: string, now: Instant): Promise<readonly LiveSession[]> {
    const [sessions, signIns] = await Promise.all([live(kinds.session, account, now), live(kinds.signIn, account, now)]);
    const bySession = new Map(signIns.map((record) => [record.key, readSignIn(record)]));
    return sessions.flatMap((record) => {
      const { payload } = readModel(record);
      const id = String(payload.uid);
      const signIn = bySession.get(id);
      if (!signIn) return [];
      return [
        {
          id,
          deviceId: signIn.deviceId,
          begunAt: signIn.begunAt,
          expiresAt: record.expiresAt ?? Number(payload.exp) * 1000,
          sids: sidsOf(payload),
        },
      ];
    });
  }

  async function tokensOf(account: string, now: Instant): Promise<readonly (LiveToken & { readonly grantId: string })[]> {
    const grants = new Map((await live(kinds.grant, account, now)).map((record) => [record.key, readModel(record).begunAt]));
    const names = Object.keys(tokenKinds) as (keyof typeof tokenKinds)[];
    const found = await Promise.all(names.map(async (name) => (await live(name, account, now)).map((record) => ({ name, record }))));
    return found.flat().flatMap(({ name, record }) => {
      const begunAt = grants.get(record.grant ?? '');
      // Without its grant a token is of no use.
      if (begunAt === undefined || record.grant === undefined) return [];
      return [{ kind: tokenKinds[name], grantId: record.grant, begunAt, ...describeToken(record) }];
    });
  }

  return {
    async read(account) {
      const asOf = clock.now();
      const [sessions, tokens] = await Promise.all([sessionsOf(account, asOf), tokensOf(account, asOf)]);
      return { asOf, sessions, tokens: tokens.map(({ grantId: _grantId, ...token }) => token) };
    },

    async endSessions(account, scope, before) {
      const now = clock.now();
      if (scope.sessionId === undefined) {
        // First those on their way to be sessions: one that gets there before this is in the list that follows.
        for (const record of await storage.find(kinds.pendingSignIn, 'account', account)) {
          const pending = readSignIn(record);
          const meant = scope.deviceId === undefined || scope.deviceId === pending.deviceId;
          if (meant && pending.begunAt <= before) await storage.delete(kinds.pendingSignIn, record.key);
        }
      }
      const sessions = await sessionsOf(account, now);
      const meant = sessions.filter(
        (session) =>
          session.begunAt <= before &&
          (scope.sessionId === undefined || session.id === scope.sessionId || session.sids.includes(scope.sessionId)) &&
          (scope.deviceId === undefined || session.deviceId === scope.deviceId),
      );
      let ended = 0;
      for (const { id } of meant) if ((await storage.deleteBy(kindsOfSession, 'uid', id)) > 0) ended += 1;
      if (scope.sessionId === undefined) {
        // Sign-ins whose session is between two cookies.
        for (const record of await storage.find(kinds.signIn, 'account', account)) {
          const signIn = readSignIn(record);
          const fits = scope.deviceId === undefined || scope.deviceId === signIn.deviceId;
          if (fits && signIn.begunAt <= before) await storage.deleteBy(kindsOfSession, 'uid', record.key);
        }
      }
      return ended;
    },

    async endTokens(account, before) {
      const now = clock.now();
      const tokens = await tokensOf(account, now);
      const grants = (await storage.find(kinds.grant, 'account', account)).filter((record) => readModel(record).begunAt <= before);
      const ended = new Set<string>();
      for (const { key } of grants) if ((await storage.deleteBy(kindsOfGrant, 'grant', key)) > 0) ended.add(key);
      return tokens.filter((token) => ended.has(token.grantId)).length;
    },
  };
}

function sidsOf(payload: Readonly<Record<string, unknown>>): readonly string[] {
  const authorizations = (payload.authorizations ?? {}) as Readonly<Record<string, { readonly sid?: string }>>;
  return Object.values(authorizations).flatMap(({ sid }) => (sid === undefined ? [] : [sid]));
}

function describeToken(record: StoredRecord): Pick<LiveToken, 'clientId' | 'sessionId' | 'expiresAt'> {
  const { payload } = readModel(record);
  const session = payload.sessionUid;
  return {
    clientId: String(payload.clientId),
    sessionId: typeof session === 'string' ? session : null,
    expiresAt: record.expiresAt ?? Number(payload.exp) * 1000,
  };
}
