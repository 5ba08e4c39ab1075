import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Role } from '../../src/model/operator.ts';
import type { Arrival } from '../../src/model/signal.ts';
import { type ApiCaller, type ApiSignalOutcome, createApiDoor } from '../../src/signals/api-door.ts';
import { systemRandom } from '../support/system-clock.ts';

const receivedAt = Date.UTC(2026, 4, 4, 10);
const knownTypes = new Set([
  'admin_confirmed',
  'mfa_fatigue',
  'signin_failures',
  'undo',
  'drill',
  'operator_order',
  'leaver_due',
  'breaker_opened',
  'subject_claim',
  'undo_request_refused',
]);
const subject = { format: 'email', email: 'Alice@example.com' };
const door = createApiDoor({ random: systemRandom });

function send(body: unknown, caller: Partial<ApiCaller> = {}): ApiSignalOutcome {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return door.receive({ body: Buffer.from(text), caller: { name: 'ci', roles: ['ingest'], ...caller }, receivedAt, knownTypes });
}

function arrival(body: unknown, caller: Partial<ApiCaller> = {}): Arrival {
  const outcome = send(body, caller);
  if (outcome.kind !== 'arrivals') throw new Error(`${outcome.code}: ${outcome.detail}`);
  return outcome.arrivals[0] as Arrival;
}

function code(body: unknown, caller: Partial<ApiCaller> = {}): string {
  const outcome = send(body, caller);
  return outcome.kind === 'refused' ? outcome.code : 'accepted';
}

describe('the door for signals from the API', () => {
  it('makes a signal of what a token sends, in its name', () => {
    expect(arrival({ type: 'mfa_fatigue', subject })).toMatchObject({
      type: 'mfa_fatigue',
      source: 'api:ci',
      sourceKind: 'api',
      cause: 'risk',
      severity: 'medium',
      occurredAt: receivedAt,
      receivedAt,
      claim: { kind: 'person', person: [{ format: 'email', value: 'alice@example.com' }] },
      facts: {},
      marks: [],
    });
  });

  it.each<Role>(['analyst', 'approver', 'admin'])('takes the word of an %s as that of the operators', (role) => {
    expect(arrival({ type: 'admin_confirmed', subject }, { roles: [role] })).toMatchObject({
      source: 'operators',
      sourceKind: 'operators',
      cause: 'risk',
    });
  });

  it('keeps occurredAt, severity, facts and dedupeKey', () => {
    const body = {
      type: 'signin_failures',
      subject,
      occurredAt: '2026-05-04T11:59:00.5+02:00',
      severity: 'high',
      facts: { failures: 21, site: 'hq', vip: true },
      dedupeKey: 'k-1',
    };
    expect(arrival(body)).toMatchObject({
      occurredAt: receivedAt - 59_500,
      severity: 'high',
      facts: { failures: 21, site: 'hq', vip: true },
      dedupeKey: 'k-1',
      raw: JSON.stringify(body),
    });
    expect(arrival({ type: 'mfa_fatigue', subject, severity: 'critical' }).severity).toBe('high');
  });

  it('keeps the address that the event came from', () => {
    expect(arrival({ type: 'mfa_fatigue', subject, ip: '203.0.113.7' }).circumstances).toEqual({ ip: '203.0.113.7' });
    expect(arrival({ type: 'mfa_fatigue', subject, ip: '2001:db8::7' }).circumstances).toEqual({ ip: '2001:db8::7' });
    expect(arrival({ type: 'mfa_fatigue', subject }).circumstances).toEqual({});
  });

  it('makes every signal without a key an event of its own, and hashes long keys', () => {
    const body = { type: 'mfa_fatigue', subject };
    expect(arrival(body).dedupeKey).not.toBe(arrival(body).dedupeKey);
    expect(arrival({ ...body, dedupeKey: 'é'.repeat(200) }).dedupeKey).toMatch(/^sha256:[0-9a-f]{64}$/);
  });

  it('stores a time a little ahead at its arrival, and quarantines one more than an hour ahead', () => {
    const at = (occurredAt: string) => arrival({ type: 'mfa_fatigue', subject, occurredAt });
    expect(at('2026-05-04T10:04:00Z')).toMatchObject({ occurredAt: receivedAt + 240_000 });
    expect(at('2026-05-04T10:06:00Z')).toMatchObject({ occurredAt: receivedAt });
    expect(at('2026-05-04T10:06:00Z').quarantine).toBeUndefined();
    expect(at('2026-05-04T11:00:01Z')).toMatchObject({ occurredAt: receivedAt, quarantine: 'occurredAt:ahead' });
  });

  it('knows people by the names that Rescind gave them, and things that are no people', () => {
    const claim = (subject: object) => arrival({ type: 'mfa_fatigue', subject }).claim;
    expect(claim({ format: 'opaque', id: 'alice' }).person).toEqual([{ format: 'alias', value: 'alice' }]);
    expect(claim({ format: 'ip-addresses', 'ip-addresses': ['192.0.2.7'] })).toEqual({ kind: 'network', person: [], id: '192.0.2.7' });
    expect(claim({ format: 'complex', device: { format: 'opaque', id: 'd1' } })).toEqual({ kind: 'device', person: [], id: 'd1' });
    expect(claim({ format: 'complex', host: { format: 'opaque', id: 'h1' } })).toEqual({ kind: 'host', person: [], id: 'h1' });
    expect(claim({ format: 'complex', user: subject, session: { format: 'opaque', id: 's1' } })).toMatchObject({
      kind: 'session',
      session: 's1',
    });
  });

  it('refuses what only the service itself makes, and what is in no catalogue', () => {
    for (const type of [
      'undo',
      'drill',
      'operator_order',
      'leaver_due',
      'breaker_opened',
      'subject_claim',
      'undo_request_refused',
      'made_up',
      'toString',
    ]) {
      expect(code({ type, subject }, { roles: ['admin'] })).toBe('request.unprocessable');
    }
  });

  it('refuses callers who may not: other roles, types beyond the token, admin_confirmed from a machine', () => {
    expect(code({ type: 'mfa_fatigue', subject }, { roles: ['auditor', 'helpdesk', 'hr'] })).toBe('auth.forbidden');
    expect(code({ type: 'mfa_fatigue', subject }, { roles: [] })).toBe('auth.forbidden');
    expect(code({ type: 'mfa_fatigue', subject }, { types: ['signin_failures'] })).toBe('auth.forbidden');
    expect(code({ type: 'mfa_fatigue', subject }, { types: ['mfa_fatigue'] })).toBe('accepted');
    expect(code({ type: 'admin_confirmed', subject })).toBe('auth.forbidden');
    expect(code({ type: 'admin_confirmed', subject }, { roles: ['admin'], types: [] })).toBe('auth.forbidden');
  });

  it('refuses a subject that it does not know, since the caller is there to be told', () => {
    expect(code({ type: 'mfa_fatigue', subject: { format: 'novel', id: '1' } })).toBe('request.unprocessable');
    expect(code({ type: 'mfa_fatigue', subject: { format: 'complex', user: subject, group: subject } })).toBe('request.unprocessable');
    for (const broken of [
      {},
      { email: 'a@b.example' },
      { format: 'email' },
      { format: 'iss_sub', iss: 'x' },
      [],
      'alice',
      null,
      undefined,
    ]) {
      expect(code({ type: 'mfa_fatigue', subject: broken })).toBe('request.invalid');
    }
  });

  it.each([
    ['no JSON', '{'],
    ['a list', '[]'],
    ['a member twice', '{"type":"mfa_fatigue","type":"mfa_fatigue","subject":{"format":"email","email":"a@b.example"}}'],
    ['NUL', '{"type":"mfa_fatigue","subject":{"format":"email","email":"a@b.example"},"dedupeKey":"a\\u0000"}'],
    ['a lone surrogate', '{"type":"mfa_fatigue","subject":{"format":"email","email":"a@b.example"},"facts":{"x":"\\udc00"}}'],
    ['a number out of range', '{"type":"mfa_fatigue","subject":{"format":"email","email":"a@b.example"},"facts":{"x":1e400}}'],
    ['a prototype', '{"type":"mfa_fatigue","subject":{"format":"email","email":"a@b.example"},"facts":{"__proto__":1}}'],
  ])('refuses a body with %s', (_title, text) => {
    expect(code(text)).toBe('request.invalid');
  });

  it.each([
    ['a member that is not known', { cause: 'leaver' }],
    ['another source', { source: 'operators' }],
    ['a time without zone', { occurredAt: '2026-05-04T10:00:00' }],
    ['a time that is a number', { occurredAt: receivedAt }],
    ['a time before 1970', { occurredAt: '1969-12-31T23:59:59Z' }],
    ['a severity that is none', { severity: 'informational' }],
    ['an empty key', { dedupeKey: '' }],
    ['an address that is none', { ip: '203.0.113' }],
    ['a range of addresses', { ip: '203.0.113.0/24' }],
    ['facts that are a list', { facts: [] }],
    ['a fact that is an object', { facts: { a: {} } }],
    ['a fact with an odd name', { facts: { 'a.b': 1 } }],
    ['too many facts', { facts: Object.fromEntries(Array.from({ length: 33 }, (_, n) => [`f${n}`, n])) }],
  ])('refuses %s', (_title, more) => {
    expect(code({ type: 'mfa_fatigue', subject, ...more })).toBe('request.invalid');
  });

  it('names the member at fault and never its value', () => {
    const outcome = send({ type: 'mfa_fatigue', subject, severity: 'hunter2', hunter3: 1, facts: { a: { b: 'hunter4' } } });
    expect(outcome).toMatchObject({ kind: 'refused', detail: expect.stringContaining('severity') });
    expect(JSON.stringify(outcome)).not.toContain('hunter');
  });

  it('never throws, whatever comes', () => {
    fc.assert(
      fc.property(
        fc.record(
          {
            type: fc.constantFrom('mfa_fatigue', 'x'),
            subject: fc.jsonValue(),
            occurredAt: fc.jsonValue(),
            severity: fc.jsonValue(),
            dedupeKey: fc.jsonValue(),
            facts: fc.jsonValue(),
          },
          { requiredKeys: [] },
        ),
        (body) => {
          expect(['arrivals', 'refused']).toContain(send(body).kind);
        },
      ),
    );
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(send(text).kind).toBe('refused');
      }),
    );
  });
});
