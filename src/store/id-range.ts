/** Ids are UUIDv7, so that a range of ids is a range of time. */
import type { Instant } from '../model/clock.ts';

/** The smallest id of an instant. */
export function idFloor(at: Instant): string {
  const time = Math.min(Math.max(at, 0), 0xffff_ffff_ffff).toString(16).padStart(12, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}-0000-0000-000000000000`;
}
