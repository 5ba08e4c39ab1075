/** The two ways in which Okta hands over events: the envelope of an event hook, and a page of the System Log. Both give the bare events. */
import { type Fields, fieldsOf, nameOf } from './log-event.ts';

/** Of one hook call, in bytes. */
export const hookBodyLimitBytes = 1_048_576;

export type BodyFault = 'tooLarge' | 'encoding' | 'syntax' | 'envelope';

/** `events` as they came, each for `normalise` by itself: one that is malformed costs no other. */
export type BodyResult =
  | { readonly ok: true; readonly events: readonly unknown[]; readonly deliveryId?: string }
  | { readonly ok: false; readonly fault: BodyFault };

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** An event hook's call (`com.okta.event_hook`, version 1). A delivery says nothing that an event's `uuid` does not; its id is for the log. */
export function readHookBody(bytes: Uint8Array): BodyResult {
  if (bytes.byteLength > hookBodyLimitBytes) return { ok: false, fault: 'tooLarge' };
  const body = parse(bytes);
  if ('fault' in body) return { ok: false, fault: body.fault };
  const envelope = fieldsOf(body.value);
  const { events } = fieldsOf(envelope['data']);
  if (!isHook(envelope) || !Array.isArray(events)) return { ok: false, fault: 'envelope' };
  const deliveryId = nameOf(envelope['eventId']);
  return { ok: true, events, ...(deliveryId === undefined ? {} : { deliveryId }) };
}

/** A page of `GET /api/v1/logs`, parsed. An empty page is a good one. */
export function readLogPage(page: unknown): BodyResult {
  return Array.isArray(page) ? { ok: true, events: page } : { ok: false, fault: 'envelope' };
}

function isHook({ eventType, eventTypeVersion }: Fields): boolean {
  return eventType === 'com.okta.event_hook' && typeof eventTypeVersion === 'string' && /^1(\.|$)/.test(eventTypeVersion);
}

function parse(bytes: Uint8Array): { readonly value: unknown } | { readonly fault: 'encoding' | 'syntax' } {
  let text: string;
  try {
    text = utf8.decode(bytes);
  } catch {
    return { fault: 'encoding' };
  }
  try {
    return { value: JSON.parse(text) };
  } catch {
    return { fault: 'syntax' };
  }
}
