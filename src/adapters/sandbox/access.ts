/** A person's live sessions, tokens and consents: reading them and ending them. */
import type { Clock, Instant } from '../../model/clock.ts';
import type { AdapterStorage, StoredRecord } from '../contract.ts';
import { isWithdrawn, kinds, kindsOfGrant, kindsOfSession, readModel, readSignIn } from './kinds.ts';

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

/** A consent. */
export interface LiveGrant {
  readonly clientId: string;
  readonly begunAt: Instant;
}

export interface LiveAccess {
  readonly asOf: Instant;
  readonly sessions: readonly LiveSession[];
  readonly tokens: readonly LiveToken[];
  readonly grants: readonly LiveGrant[];
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
  /**
   * Withdraws the consents given at or before `before`: the next authorization asks again, codes and refresh tokens of theirs are refused,
   * access tokens live on. Answers how many there were.
   */
  withdrawConsents(account: string, before: Instant): Promise<number>;
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
    const grants = new Map((await live(kinds.grant, account, now)).map((record) => [record.key, record]));
    const names = Object.keys(tokenKinds) as (keyof typeof tokenKinds)[];
    const found = await Promise.all(names.map(async (name) => (await live(name, account, now)).map((record) => ({ name, record }))));
    return found.flat().flatMap(({ name, record }) => {
      const grant = grants.get(record.grant ?? '');
      // Without its grant a token is of no use, and where that is withdrawn only an access token is.
      if (!grant || record.grant === undefined || (isWithdrawn(grant) && name !== 'AccessToken')) return [];
      const { begunAt } = readModel(grant);
      return [{ kind: tokenKinds[name], grantId: record.grant, begunAt, ...describeToken(record) }];
    });
  }

  return {
    async read(account) {
      const asOf = clock.now();
      const [sessions, tokens, consents] = await Promise.all([
        sessionsOf(account, asOf),
        tokensOf(account, asOf),
        live(kinds.grant, account, asOf),
      ]);
      const grants = consents
        .filter((record) => !isWithdrawn(record))
        .map((record) => ({ clientId: String(readModel(record).payload.clientId), begunAt: readModel(record).begunAt }));
      return { asOf, sessions, tokens: tokens.map(({ grantId: _grantId, ...token }) => token), grants };
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
        // What a page has proved so far is bound to no device yet.
        for (const record of await storage.find(kinds.proof, 'account', account))
          if (scope.deviceId === undefined && (record.value.provedAt as Instant) <= before) await storage.delete(kinds.proof, record.key);
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

    async withdrawConsents(account, before) {
      let withdrawn = 0;
      for (const { key, ...record } of await live(kinds.grant, account, clock.now())) {
        if (isWithdrawn(record) || readModel(record).begunAt > before) continue;
        const there = { onlyIf: { kind: kinds.grant, key } };
        if (await storage.put(kinds.grant, key, { ...record, value: { ...record.value, withdrawn: true } }, there)) withdrawn += 1;
      }
      return withdrawn;
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
