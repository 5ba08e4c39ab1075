/** What others are told of: an event and the ids that it is about. */
import type { IdentityId } from './ids.ts';

export const noticeTypes = [
  'plan.held',
  'incident.opened',
  'incident.updated',
  'incident.judged',
  'pause.set',
  'breaker.opened',
  'undo.announced',
] as const;
export type NoticeType = (typeof noticeTypes)[number];

export interface Notice {
  readonly type: NoticeType;
  /** The record that it is about. Of one record a receiver is told in order. */
  readonly about: string | null;
  /** Ids, codes and counts: nothing of a person. */
  readonly data: Readonly<Record<string, unknown>>;
  /** Who is meant, for receivers that may know. */
  readonly people: readonly IdentityId[];
}
