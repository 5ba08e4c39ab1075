/** What is found depends on the events alone: against a reading of the definition that keeps everything and sorts nothing. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Severity } from '../../../src/model/signal.ts';
import { advance, type CompiledDetection, type DetectionEvent } from '../../../src/policy/index.ts';
import { compileOne, detectionText } from './support.ts';

const minute = 60_000;
const start = Date.UTC(2026, 4, 4, 10);
const fatigue = compileOne(detectionText());
const two = compileOne(
  detectionText({
    window: '{ type: eventCount, timespan: 5m, gte: 2 }',
    followUps:
      '[{ ifFollowedBy: mfa.push.approved, within: 3m, severity: medium }, { ifFollowedBy: mfa.push.timeout, within: 7m, severity: high }]',
    emit: '{ signal: mfa_fatigue, severity: low, dedupeKey: subject.id, confidence: 0.9 }',
    from: '{ events: [mfa.push.denied, mfa.push.timeout] }',
  }),
);

const event = (type: string, at: number, id = `${at}`): DetectionEvent => ({ type, at, id, value: '', source: '' });
const denied = (minutes: number) => event('mfa.push.denied', start + minutes * minute);
const approved = (minutes: number) => event('mfa.push.approved', start + minutes * minute);

/** Plays batches one after another; what is found, by name. */
function play(detection: CompiledDetection, batches: readonly (readonly DetectionEvent[])[], now = start) {
  let state = '';
  const found: string[] = [];
  for (const batch of batches) {
    const advanced = advance(detection, state, batch, now);
    state = advanced.state;
    found.push(...advanced.findings.map(({ slice, severity }) => `${slice} ${severity}`));
  }
  return { state, found };
}

/** The definition, word by word. */
function oracle(detection: CompiledDetection, events: readonly DetectionEvent[]): string[] {
  const counted = events.filter((one) => detection.events.has(one.type));
  const found = new Set<string>();
  for (const last of counted) {
    const inside = counted.filter((one) => one.at <= last.at && last.at - one.at <= detection.timespanMs);
    if (inside.length < detection.gte) continue;
    const name = (severity: Severity) => `${last.at - (last.at % detection.timespanMs)} ${severity}`;
    found.add(name(detection.severity));
    for (const { type, withinMs, severity } of detection.followUps)
      if (events.some((one) => one.type === type && one.at >= last.at && one.at - last.at <= withinMs)) found.add(name(severity));
  }
  return [...found].sort();
}

const anEvent = fc
  .record({
    type: fc.constantFrom('mfa.push.denied', 'mfa.push.denied', 'mfa.push.timeout', 'mfa.push.approved'),
    // Whole half minutes, so that edges and ties are common.
    halfMinutes: fc.integer({ min: -120, max: 0 }),
    id: fc.integer({ min: 0, max: 999 }),
  })
  .map(({ type, halfMinutes, id }) => event(type, start + (halfMinutes * minute) / 2, `${type.at(-1)}${id}`));

const history = fc.uniqueArray(anEvent, { selector: ({ at, id }) => `${at} ${id}`, maxLength: 32 });

describe('the same events', () => {
  it.each([fatigue, two])('in any order, batching and repetition amount to the same signals, each found once', (detection) => {
    fc.assert(
      fc.property(history, fc.infiniteStream(fc.nat()), (events, chance) => {
        const draw = (below: number) => (chance.next().value as number) % below;
        const repeated = [...events, ...events.filter(() => draw(3) === 0)];
        const shuffled = repeated.map((one) => ({ one, key: draw(1_000_000) })).sort((a, b) => a.key - b.key);
        const batches: DetectionEvent[][] = [[]];
        for (const { one } of shuffled) {
          if (draw(3) === 0) batches.push([]);
          batches.at(-1)?.push(one);
        }
        const { found, state } = play(detection, batches);
        expect([...found].sort()).toEqual(oracle(detection, events));
        expect(state).toBe(play(detection, [events]).state);
      }),
      { numRuns: 2_000 },
    );
  });

  it('beyond the bound never find what the whole history does not hold', () => {
    const small = compileOne(detectionText({ bound: '{ perSubject: 6 }' }));
    fc.assert(
      fc.property(fc.uniqueArray(anEvent, { selector: ({ at, id }) => `${at} ${id}`, maxLength: 60 }), (events) => {
        const { found, state } = play(
          small,
          events.map((one) => [one]),
        );
        const all = oracle(small, events);
        for (const name of found) expect(all).toContain(name);
        expect(state.split(/[ \n]/).length).toBeLessThanOrEqual(1 + 2 * (1 + 6));
      }),
      { numRuns: 500 },
    );
  });
});

describe('a window', () => {
  it('is full with the last event that it needs, once, whatever comes again or late into it', () => {
    const five = [0, 2, 4, 6, 8].map(denied);
    expect(play(fatigue, [five.slice(0, 4)]).found).toEqual([]);
    expect(play(fatigue, [...five.map((one) => [one]), five, [denied(5)], [denied(3)]]).found).toEqual([`${start} medium`]);
  });

  it('reaches as far as its span, and not a millisecond further', () => {
    const ends = (last: number) => [0, 1, 2, 3].map(denied).concat(event('mfa.push.denied', start + last));
    expect(play(fatigue, [ends(10 * minute)], start + 10 * minute).found).toHaveLength(1);
    expect(play(fatigue, [ends(10 * minute + 1)], start + 11 * minute).found).toEqual([]);
  });

  it('that is completed by a late event is found then', () => {
    const later = start + 40 * 3_600_000;
    const state = play(fatigue, [[0, 2, 6, 8].map(denied)]).state;
    const { findings } = advance(fatigue, state, [denied(4)], later);
    expect(findings).toMatchObject([{ slice: start, severity: 'medium', occurredAt: start + 8 * minute }]);
  });

  it('takes no event that is later than the detection waits for', () => {
    const { state } = play(fatigue, [[0, 2, 6, 8].map(denied)]);
    expect(advance(fatigue, state, [denied(4)], start + 4 * minute + 48 * 3_600_000 + 1).findings).toEqual([]);
    expect(advance(fatigue, state, [denied(4)], start + 4 * minute + 48 * 3_600_000).findings).toHaveLength(1);
  });
});

describe('a follow-up', () => {
  const five = [0, 1, 2, 3, 4].map(denied);
  const both = [`${start} medium`, `${start} high`];

  it('is told as a second signal beside the plain one, whether it comes with it, after it or before it', () => {
    expect(play(fatigue, [[...five, approved(6)]]).found).toEqual(both);
    expect(play(fatigue, [five, [approved(6)]]).found).toEqual(both);
    expect(play(fatigue, [[approved(6)], five]).found).toEqual(both);
  });

  it('counts only after a full window and within its time', () => {
    expect(play(fatigue, [[...five, approved(3)]]).found).toEqual([`${start} medium`]);
    expect(play(fatigue, [[...five, approved(20)]], start + 20 * minute).found).toEqual([`${start} medium`]);
    expect(play(fatigue, [[...five.slice(1), approved(6)]]).found).toEqual([]);
  });
});

describe('facts', () => {
  const failures = compileOne(
    detectionText({
      from: '{ events: [signin.failed] }',
      groupBy: '[signal.ip]',
      window: '{ type: eventCount, timespan: 10m, gte: 3 }',
      followUps: '[]',
      emit: '{ signal: signin_failures, severity: medium, subject: { kind: network, id: signal.ip }, dedupeKey: signal.ip, confidence: 0.9, facts: { failures: eventCount, people: valueCount(subject.id) } }',
    }),
  );
  const failed = (minutes: number, value: string) => ({ ...event('signin.failed', start + minutes * minute), value });

  it('count the events of the window and the people whom they name, known or not', () => {
    const events = [failed(-20, 'x'), failed(0, 'a'), failed(1, 'b'), failed(2, 'a'), failed(3, '')];
    expect(advance(failures, '', events, start + 3 * minute).findings.map((finding) => finding.facts)).toEqual([
      { failures: 4, people: 2 },
    ]);
  });
});

it('a state that another version wrote is begun anew', () => {
  const { state } = play(fatigue, [[0, 2, 4, 6].map(denied)]);
  expect(advance(fatigue, state.replace(/^1/, '9'), [denied(8)], start).findings).toEqual([]);
  expect(advance(fatigue, state, [denied(8)], start).findings).toHaveLength(1);
});

describe('sources', () => {
  const from = (source: string, ...minutes: readonly number[]) => minutes.map((n) => ({ ...denied(n), source }));
  const foundBy = (...batches: readonly (readonly DetectionEvent[])[]) => {
    let state = '';
    return batches.flatMap((batch) => {
      const advanced = advance(fatigue, state, batch, start + 20 * minute);
      state = advanced.state;
      return advanced.findings.map(({ sources }) => sources);
    });
  };

  it('of a finding are those that told the events of its window, whoever told the last', () => {
    expect(foundBy(from('idp.one', 0, 1), from('api:x', 2, 3), from('idp.one', 4))).toEqual([['api:x', 'idp.one']]);
    expect(foundBy(from('old', 0), from('idp', 11, 12, 13, 14, 15))).toEqual([['idp']]);
  });

  it('of a follow-up are among them', () => {
    const high = foundBy(from('idp', 0, 1, 2, 3, 4), [{ ...approved(6), source: 'mfa' }]);
    expect(high).toEqual([['idp'], ['idp', 'mfa']]);
  });

  it('are nobody where what is kept is older than they are', () => {
    expect(foundBy(from('', 0, 1, 2, 3), from('', 4))).toEqual([[]]);
  });
});
