/** What actions read of an account, and what of its access outlives them. */
import { z } from 'zod';
import type { Instant } from '../../model/clock.ts';
import type { ActionOrder } from '../contract.ts';
import type { OktaClient } from './client.ts';
import { OktaFailure } from './failure.ts';
import type { Errand } from './transport.ts';
import type { Tools } from './verbs/verb.ts';

const closedStatuses = ['STAGED', 'SUSPENDED', 'DEPROVISIONED'] as const;
const openStatuses = ['PROVISIONED', 'ACTIVE', 'RECOVERY', 'PASSWORD_EXPIRED', 'LOCKED_OUT'] as const;
export const statuses = [...openStatuses, ...closedStatuses] as const;
export type Status = (typeof statuses)[number];

const dateSchema = z
  .date()
  .nullish()
  .transform((date) => date?.getTime());

const userSchema = z.object({
  id: z.string().min(1),
  status: z.enum(statuses),
  lastLogin: dateSchema,
  passwordChanged: dateSchema,
  /** What proves the password: `OKTA`, `ACTIVE_DIRECTORY`, `LDAP`, `FEDERATION`, `SOCIAL`, `IMPORT`. */
  credentials: z.object({ provider: z.object({ type: z.string() }).nullish() }).nullish(),
});
export type User = z.output<typeof userSchema>;

/** What the SDK made of an answer, by a schema; an `OktaFailure` where it is of another shape. */
export function shaped<S extends z.ZodType>(schema: S, value: unknown): z.output<S> {
  const read = schema.safeParse(value);
  if (read.success) return read.data;
  throw new OktaFailure({ outcome: 'unknown', code: 'wrongShape' });
}

export async function readUser({ account }: ActionOrder, errand: Errand, { okta }: Pick<Tools, 'okta'>): Promise<User> {
  return shaped(userSchema, await okta.call(errand, (sdk) => sdk.userApi.getUser({ userId: account })));
}

/** `statusLockedOut` for `LOCKED_OUT`, where the status is none of those that are allowed. */
export function statusBar({ status }: User, allowed: readonly Status[]): string | undefined {
  if (allowed.includes(status)) return undefined;
  const words = status.toLowerCase().split('_');
  return `status${words.map((word) => `${word.charAt(0).toUpperCase()}${word.slice(1)}`).join('')}`;
}

const tokenSchema = z.object({ id: z.string(), created: z.date(), expiresAt: z.date().nullish() });
const clientSchema = z.object({ client_id: z.string() });

export interface RefreshToken {
  readonly id: string;
  readonly clientId: string;
  readonly createdAt: Instant;
  /** Undefined where it does not end by itself. */
  readonly expiresAt: Instant | undefined;
}

export async function readRefreshTokens(okta: OktaClient, account: string, errand: Errand): Promise<readonly RefreshToken[]> {
  const clients = await okta.list(errand, (sdk) => sdk.userApi.listUserClients({ userId: account }));
  const found: RefreshToken[] = [];
  for (const { client_id: clientId } of shaped(z.array(clientSchema), clients)) {
    const given = { userId: account, clientId };
    const tokens = await okta.list(errand, (sdk) => sdk.userApi.listRefreshTokensForUserAndClient(given));
    for (const { id, created, expiresAt } of shaped(z.array(tokenSchema), tokens))
      found.push({ id, clientId, createdAt: created.getTime(), expiresAt: expiresAt?.getTime() });
  }
  return found;
}

/** The longest that a year is told for what does not end by itself. */
const endlessMs = 365 * 86_400_000;

/** Access tokens begun before the order, which nobody lists: the longest that one may live. */
export function accessTokensLeftMs({ intendedAt }: ActionOrder, { settings, clock }: Pick<Tools, 'settings' | 'clock'>): number {
  return Math.max(0, intendedAt + settings.accessTokenMinutes * 60_000 - clock.now());
}

/** How long tokens that were begun before the order live on. */
export async function tokensLeftMs(order: ActionOrder, errand: Errand, tools: Tools): Promise<number> {
  const now = tools.clock.now();
  const refresh = await readRefreshTokens(tools.okta, order.account, errand);
  const living = refresh.filter(({ createdAt }) => createdAt <= order.intendedAt);
  return Math.max(
    accessTokensLeftMs(order, tools),
    ...living.map(({ expiresAt }) => (expiresAt === undefined ? endlessMs : Math.max(0, expiresAt - now))),
  );
}
