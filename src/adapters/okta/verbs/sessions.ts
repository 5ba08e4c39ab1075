/** Taking away what a person holds: sessions, tokens, consents, and the sessions of applications that listen. */
import { z } from 'zod';
import type { Instant } from '../../../model/clock.ts';
import type { ActionOrder } from '../../contract.ts';
import { accessTokensLeftMs, type RefreshToken, readRefreshTokens, readUser, shaped, tokensLeftMs, type User } from '../reads.ts';
import type { Errand } from '../transport.ts';
import { defineVerb, type Tools } from './verb.ts';

/** What names one session or device is never widened to its person, and Okta's tokens and sessions are ended by person here. */
export function wholeOnly({ parameters: { scope, sessionId, deviceId } }: ActionOrder): string | undefined {
  if (scope === 'one' || (scope === undefined && (sessionId !== undefined || deviceId !== undefined))) return 'parameterUnsupported';
  return scope === undefined || scope === 'all' ? undefined : 'parameterInvalid';
}

export interface Sessions {
  readonly user: User;
  /** When they were ended last, by the log. */
  readonly endedAt: Instant | undefined;
}

const cleared = 'user.session.clear';
const signedOut = 'user.authentication.universal_logout';

/** Who never signed in has none, and the log is not asked. */
export async function readSessions(order: ActionOrder, errand: Errand, tools: Tools, ending = cleared): Promise<Sessions> {
  const user = await readUser(order, errand, tools);
  if (user.lastLogin === undefined) return { user, endedAt: undefined };
  const since = Math.min(user.lastLogin, order.intendedAt);
  return { user, endedAt: await tools.proofs.latest(ending, user.id, since, errand) };
}

/** They were ended since the order, or since the last sign-in. */
export function sessionsOpen({ user: { lastLogin }, endedAt }: Sessions, { intendedAt }: ActionOrder): string | undefined {
  if (lastLogin === undefined) return undefined;
  return endedAt !== undefined && endedAt >= Math.min(lastLogin, intendedAt) ? undefined : 'sessionsRemain';
}

/** Of Okta alone: `oauthTokens` would end more than was asked for. Devices are forgotten, so that a factor is asked for again. */
export async function endSessions({ account }: ActionOrder, errand: Errand, { okta }: Tools): Promise<void> {
  await okta.call(errand, (sdk) => sdk.userApi.revokeUserSessions({ userId: account, oauthTokens: false, forgetDevices: true }));
}

export const sessionRevoke = defineVerb<Sessions>({
  fault: wholeOnly,
  read: (order, errand, tools) => readSessions(order, errand, tools),
  open: sessionsOpen,
  async write(_state, order, errand, tools) {
    await endSessions(order, errand, tools);
    return 1;
  },
  residualMs: ({ user }, order, errand, tools) => (user.lastLogin === undefined ? Promise.resolve(0) : tokensLeftMs(order, errand, tools)),
});

export const appSignOut = defineVerb<Sessions>({
  fault: wholeOnly,
  read: (order, errand, tools) => readSessions(order, errand, tools, signedOut),
  open: sessionsOpen,
  async write({ user }, _order, errand, { okta, settings }) {
    const json = { sub_id: { format: 'iss_sub', iss: settings.orgUrl, sub: user.id } };
    // The SDK does not have it.
    await okta.request(errand, { method: 'POST', path: '/oauth2/v1/global-token-revocation', json });
    return 1;
  },
  residualMs: async ({ user }, order, _errand, tools) => (user.lastLogin === undefined ? 0 : accessTokensLeftMs(order, tools)),
});

const begunBefore = <T extends { readonly createdAt: Instant }>(things: readonly T[], { intendedAt }: ActionOrder) =>
  things.filter(({ createdAt }) => createdAt <= intendedAt);

export const tokenRevoke = defineVerb<readonly RefreshToken[]>({
  fault: wholeOnly,
  async read(order, errand, tools) {
    const user = await readUser(order, errand, tools);
    return readRefreshTokens(tools.okta, user.id, errand);
  },
  open: (tokens, order) => (begunBefore(tokens, order).length > 0 ? 'tokensRemain' : undefined),
  async write(tokens, order, errand, { okta }) {
    const meant = begunBefore(tokens, order);
    for (const [clientId, ofClient] of Map.groupBy(meant, (token) => token.clientId)) {
      const one = { userId: order.account, clientId };
      // By client where all of it is meant: that takes the access tokens of the client with it.
      if (tokens.every((token) => token.clientId !== clientId || ofClient.includes(token)))
        await okta.call(errand, (sdk) => sdk.userApi.revokeTokensForUserAndClient(one));
      else
        for (const { id } of ofClient) await okta.call(errand, (sdk) => sdk.userApi.revokeTokenForUserAndClient({ ...one, tokenId: id }));
    }
    return meant.length;
  },
  // Where they are checked by their signature alone, nobody asks Okta whether they were revoked.
  residualMs: async (_tokens, order, _errand, tools) => accessTokensLeftMs(order, tools),
});

const grantSchema = z.object({ id: z.string(), created: z.date() });

interface Grant {
  readonly id: string;
  readonly createdAt: Instant;
}

export const grantRevoke = defineVerb<readonly Grant[]>({
  fault: wholeOnly,
  async read(order, errand, tools) {
    const user = await readUser(order, errand, tools);
    const grants = await tools.okta.list(errand, (sdk) => sdk.userApi.listUserGrants({ userId: user.id }));
    return shaped(z.array(grantSchema), grants).map(({ id, created }) => ({ id, createdAt: created.getTime() }));
  },
  open: (grants, order) => (begunBefore(grants, order).length > 0 ? 'consentsRemain' : undefined),
  async write(grants, order, errand, { okta }) {
    const meant = begunBefore(grants, order);
    const userId = order.account;
    if (meant.length === grants.length) await okta.call(errand, (sdk) => sdk.userApi.revokeUserGrants({ userId }));
    else for (const { id } of meant) await okta.call(errand, (sdk) => sdk.userApi.revokeUserGrant({ userId, grantId: id }));
    return meant.length;
  },
  residualMs: (_grants, order, errand, tools) => tokensLeftMs(order, errand, tools),
});
