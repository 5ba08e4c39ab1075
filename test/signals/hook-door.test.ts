import { describe, expect, it } from 'vitest';
import type { ProviderEvent, ProviderSignal, ReportedMark } from '../../src/adapters/contract.ts';
import { createHookDoor } from '../../src/signals/index.ts';

const at = Date.UTC(2026, 4, 4, 10);
const door = createHookDoor({ source: 'okta-main', sourceKind: 'idp', marks: ['password_reset', 'mfa_strong', 'admin_dismiss'] });

const signal = (more: Partial<ProviderSignal> = {}): ProviderEvent => ({
  kind: 'signal',
  signal: {
    type: 'credential_change',
    cause: 'risk',
    severity: 'medium',
    occurredAt: at - 1_000,
    claim: { kind: 'person', person: [{ format: 'provider_id', value: 'okta-main 00u1' }] },
    facts: {},
    circumstances: {},
    marks: [],
    dedupeKey: 'uuid-1',
    raw: '{}',
    ...more,
  },
});
const read = (...events: readonly ProviderEvent[]) => door.read(events, at);
const ofClass = (name: 'password_reset' | 'sessions_revoked' | 'mfa_strong', needs?: ReportedMark['needs']): ReportedMark => ({
  mark: { kind: 'class', class: name, at },
  by: 'admin',
  ...(needs === undefined ? {} : { needs }),
});
const ofTarget = (source: string): ReportedMark => ({
  mark: { kind: 'target', type: 'caep_risk_high', band: '*', source, at },
  by: 'provider',
});

describe('the door of a connection', () => {
  it('names the connection and the arrival itself, whatever the adapter read', () => {
    const told = { source: 'partner', sourceKind: 'operators', by: 'ada', provenBy: 'key' } as Partial<ProviderSignal>;
    expect(read(signal()).arrivals).toMatchObject([{ source: 'okta-main', sourceKind: 'idp', receivedAt: at, type: 'credential_change' }]);
    const [arrival] = read(signal(told)).arrivals;
    expect(arrival).toMatchObject({ source: 'okta-main', sourceKind: 'idp' });
    expect([arrival?.by, arrival?.provenBy]).toEqual([undefined, undefined]);
  });

  it('keeps marks of classes that the manifest lets it report, and counts the others', () => {
    const { arrivals, droppedMarks } = read(signal({ marks: [ofClass('password_reset'), ofClass('sessions_revoked')] }));
    expect(arrivals[0]?.marks).toEqual([{ kind: 'class', class: 'password_reset', at }]);
    expect([...droppedMarks]).toEqual([['class', 1]]);
  });

  it.each(['readBack', 'mfaInSession', 'demandedMfa'] as const)('drops what needs %s: nobody can meet it yet', (needs) => {
    const { arrivals, droppedMarks } = read(signal({ marks: [ofClass('mfa_strong', needs)] }));
    expect(arrivals[0]?.marks).toEqual([]);
    expect([...droppedMarks]).toEqual([[needs, 1]]);
  });

  it('lets nobody take back what another said', () => {
    const { arrivals } = read(signal({ marks: [ofTarget('okta-main'), ofTarget('partner')] }));
    expect(arrivals[0]?.marks).toEqual([ofTarget('okta-main').mark]);
    const strict = createHookDoor({ source: 'okta-main', sourceKind: 'idp', marks: [] });
    expect(strict.read([signal({ marks: [ofTarget('okta-main')] })], at).arrivals[0]?.marks).toEqual([]);
  });

  it('counts what is no signal by reason, and names unknown types once', () => {
    const unknown = { kind: 'none', reason: 'unknownType', event: 'no.such.type' } as const;
    const reading = read({ kind: 'none', reason: 'context' }, unknown, unknown, signal());
    expect([...reading.silent]).toEqual([
      ['context', 1],
      ['unknownType', 2],
    ]);
    expect([...reading.unknown]).toEqual(['no.such.type']);
    expect(reading.arrivals).toHaveLength(1);
  });

  const over = [
    ['NUL in a fact', { facts: { reason: 'a\0b' } }, 'unstorable'],
    ['NUL in a name', { claim: { kind: 'person', person: [{ format: 'email', value: 'a\0@b' }] } }, 'unstorable'],
    ['half a character', { txn: '\ud800' }, 'unstorable'],
    ['half a character of a town', { circumstances: { city: 'Oslo\udfff' } }, 'unstorable'],
    ['no number', { facts: { failures: Number.NaN } }, 'unstorable'],
    ['a key over 256 bytes', { dedupeKey: 'ø'.repeat(129) }, 'tooLarge'],
    ['an event over 64 Ki characters', { raw: 'x'.repeat(65_537) }, 'tooLarge'],
    ['more than 32 facts', { facts: Object.fromEntries(Array.from({ length: 33 }, (_, n) => [`f${n}`, n])) }, 'tooLarge'],
  ] as const satisfies readonly (readonly [string, Partial<ProviderSignal>, string])[];
  it.each(over)('keeps %s out, and what stands beside it in', (_what, more, reason) => {
    const reading = read(signal(more), signal({ dedupeKey: 'uuid-2' }));
    expect([...reading.silent]).toEqual([[reason, 1]]);
    expect(reading.arrivals.map(({ dedupeKey }) => dedupeKey)).toEqual(['uuid-2']);
  });

  it('holds confirmations of our own doing apart, under the same limits', () => {
    const confirmation = { ...(signal() as { signal: ProviderSignal }).signal, event: 'user.session.clear' };
    const bad = { ...confirmation, dedupeKey: 'a\0' };
    const reading = read({ kind: 'confirmation', confirmation }, { kind: 'confirmation', confirmation: bad });
    expect(reading.confirmations).toEqual([confirmation]);
    expect([...reading.silent]).toEqual([['unstorable', 1]]);
    expect(reading.arrivals).toEqual([]);
  });
});
