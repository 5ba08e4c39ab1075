/** Who uses Rescind, and which people are known without a directory. */
import { z } from 'zod';
import { type Role, roles } from '../model/operator.ts';
import { accountKinds } from '../model/subject.ts';
import { idSchema, sha256Schema, textSchema, urlSchema } from './fields.ts';

const roleSchema = z.enum(roles, { error: `must be one of ${roles.join(', ')}` });
const namesSchema = z.array(textSchema);
const roleNames = Object.fromEntries(roles.map((role) => [role, namesSchema.optional()])) as Record<
  Role,
  z.ZodOptional<typeof namesSchema>
>;

const operatorTokenSchema = z.strictObject({
  name: idSchema,
  sha256: sha256Schema,
  roles: z.array(roleSchema).min(1, 'needs at least one role'),
  /** The signal types that this token may send; absent: any. */
  types: z.array(textSchema).min(1).optional(),
});

export const operatorsSchema = z.strictObject({
  oidc: z
    .strictObject({
      issuer: urlSchema,
      clientId: textSchema,
      clientSecret: textSchema,
      rolesClaim: textSchema.optional(),
      scopes: namesSchema.optional(),
    })
    .optional(),
  roles: z.strictObject(roleNames).optional(),
  groups: z.record(idSchema, namesSchema).optional(),
  /** Which person an operator or token is, by its name: an alias of `identities`, an address or a UPN. Nobody approves what is about themselves. */
  people: z.record(textSchema, textSchema).optional(),
  tokens: z.array(operatorTokenSchema).default([]),
});

/** One person of the configuration. `id` is an alias: the record's own name is a random id. */
export const identitySchema = z.strictObject({
  id: z
    .string({ error: 'must be a text' })
    .regex(/^[A-Za-z0-9][A-Za-z0-9._~@-]{0,126}$/, 'must be 1-127 characters of A-Z a-z 0-9 . _ ~ @ -')
    .refine((id) => !/^[0-9a-f]{8}-[0-9a-f]{4}-7/i.test(id), 'must not look like an id of ours (UUIDv7)'),
  emails: z.array(z.string({ error: 'must be an e-mail address' }).regex(/^[^\s@]+@[^\s@]+$/, 'must be an e-mail address')).default([]),
  upn: textSchema.optional(),
  phone: z
    .string({ error: 'must be a text' })
    .regex(/^\+[0-9]{4,15}$/, 'must be in E.164 form, such as +4722334455')
    .optional(),
  employeeNumber: textSchema.optional(),
  /** How issuers name the person in tokens. */
  subjects: z.array(z.strictObject({ iss: textSchema, sub: textSchema })).default([]),
  accounts: z
    .array(
      z.strictObject({
        connection: idSchema,
        id: textSchema,
        /** Whose it is where it is no person's own; its owner is asked before anything of rung 3 falls on it. */
        kind: z.enum(accountKinds, { error: `must be one of ${accountKinds.join(', ')}` }).optional(),
      }),
    )
    .default([]),
  /** Standing administrative rights; `tier0` says more: control over everything. */
  privileged: z.boolean({ error: 'must be true or false' }).default(false),
  tier0: z.boolean({ error: 'must be true or false' }).default(false),
  /** Refused by every guard, in every cause: break-glass people. */
  protected: z.boolean({ error: 'must be true or false' }).default(false),
  executive: z.boolean({ error: 'must be true or false' }).default(false),
  groups: z.array(textSchema).default([]),
});

export type IdentitySettings = z.output<typeof identitySchema>;
export type OperatorSettings = z.output<typeof operatorsSchema>;
