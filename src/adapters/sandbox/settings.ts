/** What a connection of provider `sandbox` may say, and the clients that its OpenID provider knows by itself. */
import { z } from 'zod';

/** Characters that stand in a path segment as they are; also what the provider accepts as a person's id. */
export const personIdSchema = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._~-]{0,99}$/, 'must be 1 to 100 letters, digits, dots, dashes or tildes');

export const personStatuses = ['active', 'suspended', 'disabled'] as const;
export const personTiers = ['none', 'standing', 'tier0'] as const;

/** E-mail addresses are kept in lower case. */
export const emailSchema = z
  .string()
  .max(254)
  .transform((text) => text.toLowerCase())
  .pipe(z.email());

const passwordSchema = z.string().min(1).max(200);

const seedSchema = z.strictObject({
  id: personIdSchema,
  email: emailSchema,
  name: z.string().min(1).max(200),
  /** Absent: nobody signs in as this person until the admin API sets a password. */
  password: passwordSchema.optional(),
  employeeNumber: z.string().min(1).max(64).optional(),
  groups: z.array(z.string().min(1).max(100)).max(100).default([]),
  tier: z.enum(personTiers).default('none'),
});

const clientSchema = z.strictObject({
  id: z.string().regex(/^[A-Za-z0-9._-]{1,64}$/, 'must be 1 to 64 letters, digits, dots or dashes'),
  name: z.string().min(1).max(100).optional(),
  /** Absent: derived, see `deriveClientSecret`. */
  secret: z.string().min(16).max(200).optional(),
  redirectUris: z.array(z.url()).max(20).default([]),
  /** May ask at the introspection endpoint about tokens of every client (RFC 7662). */
  introspects: z.boolean().default(false),
});

const lifetimeSchema = (seconds: number, most: number) => z.int().min(1).max(most).default(seconds);

export const sandboxSettingsSchema = z.strictObject({
  /** A sandbox that runs elsewhere; absent: this process serves it at `/idp`. */
  baseUrl: z.url({ protocol: /^https?$/ }).optional(),
  /** Bearer token of the admin API; absent: derived. */
  adminToken: z.string().min(16).max(200).optional(),
  people: z.array(seedSchema).max(10_000).default([]),
  clients: z.array(clientSchema).max(100).default([]),
  lifetimes: z
    .strictObject({
      sessionSeconds: lifetimeSchema(14 * 86_400, 365 * 86_400),
      accessTokenSeconds: lifetimeSchema(3_600, 86_400),
      refreshTokenSeconds: lifetimeSchema(14 * 86_400, 365 * 86_400),
    })
    .prefault({}),
});

export type SandboxSettings = z.output<typeof sandboxSettingsSchema>;
export type SeedPerson = SandboxSettings['people'][number];
export type SandboxClient = SandboxSettings['clients'][number];

/** `demo` signs people in from a loopback address on any port (RFC 8252 section 7.3); `demo-api` is the resource server that introspects. */
export const builtInClients: readonly SandboxClient[] = [
  { id: 'demo', name: 'Demo application', redirectUris: ['http://127.0.0.1/callback'], introspects: false },
  { id: 'demo-api', name: 'Demo API', redirectUris: [], introspects: true },
];

/** The secret of a client whose settings name none: the same in all processes that derive from the same key. */
export function deriveClientSecret(secret: (name: string) => Uint8Array, clientId: string): string {
  return Buffer.from(secret(`client:${clientId}`)).toString('base64url');
}

/** The admin API's bearer token of a connection whose settings name none. */
export function deriveAdminToken(secret: (name: string) => Uint8Array): string {
  return Buffer.from(secret('admin')).toString('base64url');
}
