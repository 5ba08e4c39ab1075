/** The same events by hook and by log: one list, and no event that costs another. */
import { describe, expect, it } from 'vitest';
import { hookBodyLimitBytes, readHookBody, readLogPage } from '../../../src/adapters/okta/index.ts';
import { byAda, type Json, logEvent, read } from './events.ts';

const bytes = (value: unknown) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value));
const envelope = (events: unknown, more: Json = {}): Json => ({
  eventType: 'com.okta.event_hook',
  eventTypeVersion: '1.0',
  cloudEventsVersion: '0.1',
  source: 'https://acme.okta.com/api/v1/eventHooks/who1',
  eventId: 'delivery-1',
  eventTime: '2026-05-04T10:00:00.000Z',
  contentType: 'application/json',
  data: { events },
  ...more,
});
const eventsOf = (result: ReturnType<typeof readHookBody>) => {
  if (!result.ok) throw new Error(result.fault);
  return result.events;
};

describe('a hook and a page of the log', () => {
  const events = [logEvent('user.session.start'), byAda('user.lifecycle.suspend'), logEvent('user.teleport'), null, { eventType: 7 }, 'x'];

  it('give the same readings of the same events', () => {
    const hooked = eventsOf(readHookBody(bytes(envelope(events)))).map((event) => read(event));
    const polled = eventsOf(readLogPage(JSON.parse(JSON.stringify(events)))).map((event) => read(event));
    expect(hooked).toEqual(polled);
    expect(hooked.map(({ kind }) => kind)).toEqual(['signal', 'signal', 'none', 'none', 'none', 'none']);
    expect(hooked.flatMap((one) => (one.kind === 'signal' ? [one.signal.dedupeKey] : []))).toEqual(
      [events[0], events[1]].map((e) => (e as Json)['uuid']),
    );
  });

  it('lose nothing to a neighbour that cannot be kept', () => {
    const text = JSON.stringify(envelope([logEvent('user.session.start'), logEvent('user.session.end')])).replace(
      '"Oslo"',
      '"Os\\u0000lo"',
    );
    expect(eventsOf(readHookBody(bytes(text))).map((event) => read(event))).toMatchObject([
      { kind: 'none', reason: 'unstorable' },
      { kind: 'signal', signal: { type: 'session_revoked' } },
    ]);
  });

  it('may be empty', () => {
    expect(readHookBody(bytes(envelope([])))).toEqual({ ok: true, events: [], deliveryId: 'delivery-1' });
    expect(readLogPage([])).toEqual({ ok: true, events: [] });
  });
});

describe('a body that is no hook', () => {
  it.each<readonly [what: string, body: unknown]>([
    ['of another event', envelope([], { eventType: 'com.okta.telephony' })],
    ['of another version', envelope([], { eventTypeVersion: '2.0' })],
    ['of a version that is a number', envelope([], { eventTypeVersion: 1 })],
    ['without data', envelope([], { data: null })],
    ['with events that are no list', envelope({ 0: {} })],
    ['a list', []],
    ['nothing', null],
    ['a text', '"x"'],
  ])('%s', (_what, body) => expect(readHookBody(bytes(body))).toEqual({ ok: false, fault: 'envelope' }));

  it('is told by what is wrong with it', () => {
    expect(readHookBody(bytes('{"eventType":'))).toEqual({ ok: false, fault: 'syntax' });
    expect(readHookBody(bytes(''))).toEqual({ ok: false, fault: 'syntax' });
    expect(readHookBody(Buffer.from([0x7b, 0xff, 0x7d]))).toEqual({ ok: false, fault: 'encoding' });
    expect(readHookBody(Buffer.alloc(hookBodyLimitBytes + 1, 0x20))).toEqual({ ok: false, fault: 'tooLarge' });
    for (const page of [{}, null, 'x', 7, { events: [] }]) expect(readLogPage(page)).toEqual({ ok: false, fault: 'envelope' });
  });

  it('is read up to the limit and not a byte beyond', () => {
    const text = JSON.stringify(envelope([logEvent('user.session.start')]));
    expect(readHookBody(bytes(text.padEnd(hookBodyLimitBytes))).ok).toBe(true);
    expect(readHookBody(bytes(text.padEnd(hookBodyLimitBytes + 1)))).toEqual({ ok: false, fault: 'tooLarge' });
  });
});
