/** What others are told of: an event, the ids that it is about, and whether somebody should look at once. */
import { z } from 'zod';
import type { IdentityId } from './ids.ts';

const id = z.string();
const instant = z.string();
/** Whoever is on call should be woken. */
const page = z.literal(true).optional();
const scope = z.strictObject({
  source: z.string().optional(),
  policy: z.string().optional(),
  connection: z.string().optional(),
  action: z.string().optional(),
});
const plans = {
  plans: z.array(z.strictObject({ planId: id, decisionId: id, connection: z.string(), heldFor: z.string().nullable() })),
  /** How many are not named. */
  more: z.int().min(0),
};

/** By type what a notice says: ids, codes and counts, nothing of a person. */
export const noticeData = {
  'plan.held': z.strictObject(plans),
  'plan.expired': z.strictObject(plans),
  'plan.escalated': z.strictObject({ ...plans, page }),
  'incident.opened': z.strictObject({ incidentId: id, page }),
  'incident.updated': z.strictObject({ incidentId: id }),
  'incident.judged': z.strictObject({ incidentId: id, verdict: z.enum(['true', 'false']) }),
  'pause.set': z.strictObject({ pauseId: id, scope, page }),
  'pause.reminded': z.strictObject({ pauseId: id, scope, since: instant, page }),
  'pause.ended': z.strictObject({ pauseId: id, scope }),
  'breaker.opened': z.strictObject({ breakerId: id, condition: z.string(), page }),
  'feed.alarm': z.strictObject({ connection: z.string(), code: z.string(), page }),
  'action.reversed': z.strictObject({
    actionId: id,
    planId: id,
    times: z.int().min(1),
    /** Whose word let it stay so; absent: it is put back, or held. */
    respected: z.enum(['operator', 'person']).optional(),
    page,
  }),
  'undo.announced': z.strictObject({ actionId: id, planId: id, until: instant }),
  'undo.finished': z.union([
    z.strictObject({ actions: z.array(z.strictObject({ actionId: id, planId: id })) }),
    /** `held`: these wait for another person. `left`: nobody undoes them any more by this order. */
    z.strictObject({ campaignId: id, incidentId: id.nullable(), undone: z.int(), held: z.int(), left: z.int() }),
  ]),
} as const satisfies Record<string, z.ZodType>;

export type NoticeType = keyof typeof noticeData;
export const noticeTypes = Object.keys(noticeData) as [NoticeType, ...NoticeType[]];

export type NoticeData<T extends NoticeType> = z.output<(typeof noticeData)[T]>;

export interface NoticeOf<T extends NoticeType> {
  readonly type: T;
  /** The record that it is about. Of one record a receiver is told in order. */
  readonly about: string | null;
  readonly data: NoticeData<T>;
  /** Who is meant, for receivers that may know. */
  readonly people: readonly IdentityId[];
}

export type Notice = { readonly [T in NoticeType]: NoticeOf<T> }[NoticeType];

/** Plans that one notice names at most. */
const namedPlans = 100;

/** Several plans as one notice names them, and who is meant. */
export function namePlans(
  given: readonly {
    readonly id: string;
    readonly decisionId: string;
    readonly connection: string;
    readonly heldFor: string | null;
    readonly identityId: string | null;
  }[],
): { readonly data: NoticeData<'plan.held'>; readonly people: readonly IdentityId[] } {
  const named = given.slice(0, namedPlans);
  return {
    data: {
      plans: named.map(({ id: planId, decisionId, connection, heldFor }) => ({ planId, decisionId, connection, heldFor })),
      more: given.length - named.length,
    },
    people: [...new Set(named.flatMap(({ identityId }) => (identityId as IdentityId | null) ?? []))],
  };
}
