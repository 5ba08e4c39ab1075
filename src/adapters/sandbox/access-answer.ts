/** What the admin API says of a person's access, as the half that acts reads it. */
import { z } from 'zod';

export const accessSchema = z.object({
  asOf: z.int(),
  account: z.object({ suspended: z.boolean(), disabled: z.boolean() }),
  password: z.object({ mustChange: z.boolean(), setAt: z.int().nullable() }),
  factor: z.object({ enrolled: z.boolean(), enrolledAt: z.int().nullable() }),
  stepUp: z.object({ since: z.int(), until: z.int().nullable() }).nullable(),
  grants: z.array(z.object({ clientId: z.string(), begunAt: z.int() })),
  sessions: z.array(z.object({ id: z.string(), deviceId: z.string(), begunAt: z.int(), expiresAt: z.int(), sids: z.array(z.string()) })),
  tokens: z.array(
    z.object({ kind: z.enum(['access', 'refresh', 'code']), sessionId: z.string().nullable(), begunAt: z.int(), expiresAt: z.int() }),
  ),
});
export type Access = z.output<typeof accessSchema>;
