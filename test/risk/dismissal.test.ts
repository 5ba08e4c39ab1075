/** What a person takes back, and what our own actions keep aside. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type EvidenceState, emptyEvidence } from '../../src/model/risk.ts';
import {
  assess,
  dismissalOf,
  evidenceOfMarks,
  evidenceOfOwn,
  mergeEvidence,
  occurrenceOf,
  parseEvidence,
  pruneEvidence,
  score,
  scoreWithoutOwn,
  serialiseEvidence,
} from '../../src/risk/index.ts';
import { historyOf, itemsOf, readAt, stateOf } from './histories.ts';
import { asItStands } from './room.ts';
import { classMark, dayMs, hourMs, minuteMs, neutral, type Sent, shipped, situationOf, T } from './support.ts';

const evidenceOf = (...sent: readonly Sent[]): EvidenceState =>
  sent.reduce<EvidenceState>((evidence, each) => assess(situationOf(each, { evidence }), shipped).evidence, emptyEvidence);
const judged = (sent: Sent) => occurrenceOf(situationOf(sent), shipped) as NonNullable<ReturnType<typeof occurrenceOf>>;
const under = (state: EvidenceState, at: number, marks: Parameters<typeof evidenceOfMarks>[0]) =>
  mergeEvidence(state, evidenceOfMarks(marks, at, shipped), shipped);
const points = (state: EvidenceState, at: number) => score(state, at, neutral, shipped).score;

const token: Sent = { type: 'anomalous_token', key: 's:1' };

describe('a dismissed occurrence', () => {
  const state = evidenceOf(token, { ...token, at: T + 2 * minuteMs }, { ...token, key: 's:2' }, { ...token, at: T + hourMs });

  it('is that of the event with everything in its ten minutes, and nothing else', () => {
    const { marks, reaches } = dismissalOf('occurrence', judged(token), state, T + 2 * hourMs);
    expect(marks).toEqual([
      { kind: 'occurrence', type: 'anomalous_token', band: 'medium', source: 'i', tag: '', key: 's:1', until: T + 2 * minuteMs },
    ]);
    expect(reaches.map(({ key, at }) => [key, at])).toEqual([['s:1', T + 2 * minuteMs]]);
    const rest = evidenceOf({ ...token, key: 's:2' }, { ...token, at: T + hourMs });
    expect(points(under(state, T + 2 * hourMs, marks), T + 2 * hourMs)).toBe(points(rest, T + 2 * hourMs));
  });

  it('N17: is revived by a later event of its bucket', () => {
    const one = evidenceOf(token);
    const dismissed = under(one, T, dismissalOf('occurrence', judged(token), one, T).marks);
    expect(points(dismissed, T)).toBe(0);
    expect(points(assess(situationOf({ ...token, at: T + minuteMs }, { evidence: dismissed }), shipped).evidence, T + minuteMs)).toBe(55);
  });

  it('covers an event that lies ahead of the dismissal, as it has arrived', () => {
    const ahead: Sent = { ...token, at: T + 4 * minuteMs, arrivedAt: T };
    const one = evidenceOf(ahead);
    expect(points(under(one, T, dismissalOf('occurrence', judged(ahead), one, T).marks), T)).toBe(0);
  });

  it('is found under the tag that the signal was kept with', () => {
    const tagged: Sent = { type: 'impossible_travel', surroundings: { geo: { egress: 'own' } } };
    const one = evidenceOf(tagged, { type: 'impossible_travel' });
    expect(dismissalOf('occurrence', judged(tagged), one, T).reaches.map(({ family }) => family.tag)).toEqual(['ownEgress']);
  });

  it('is none where nothing is left of it, or nothing was', () => {
    expect(dismissalOf('occurrence', judged(token), emptyEvidence, T)).toEqual({ marks: [], reaches: [] });
    expect(occurrenceOf(situationOf({ type: 'session_revoked' }), shipped)).toBeUndefined();
    expect(occurrenceOf(situationOf({ ...token, kind: 'device' }), shipped)).toBeUndefined();
    expect(occurrenceOf(situationOf(token, { identity: null }), shipped)).toBeUndefined();
  });
});

describe('a dismissed family and a dismissed type', () => {
  const state = evidenceOf(
    token,
    { ...token, at: T + 3 * hourMs },
    { ...token, severity: 'high' },
    { ...token, source: 'j' },
    { type: 'aitm_phishing' },
  );

  it('a family is type, severity and source, up to the dismissal', () => {
    const { marks, reaches } = dismissalOf('family', judged(token), state, T + hourMs);
    expect(marks).toEqual([{ kind: 'target', type: 'anomalous_token', band: 'medium', source: 'i', at: T + hourMs }]);
    expect(reaches.map(({ at }) => at)).toEqual([T]);
    expect(dismissalOf('family', judged({ ...token, source: 'k' }), state, T + hourMs)).toEqual({ marks: [], reaches: [] });
  });

  it('a type is every family of it that there is, and no later one', () => {
    const at = T + 4 * hourMs;
    const { marks, reaches } = dismissalOf('type', judged(token), state, at);
    expect(marks.map((mark) => (mark.kind === 'target' ? `${mark.band} ${mark.source}` : ''))).toEqual(['high i', 'medium i', 'medium j']);
    expect(reaches).toHaveLength(4);
    const dismissed = under(state, at, marks);
    expect(points(dismissed, at)).toBe(points(evidenceOf({ type: 'aitm_phishing' }), at));
    const elsewhere = assess(situationOf({ ...token, source: 'k', at: T }, { evidence: dismissed }), shipped).evidence;
    expect(points(elsewhere, at)).toBeGreaterThan(points(dismissed, at));
  });

  it('18: whatever the history, what was dismissed equals what was never sent', () => {
    fc.assert(
      fc.property(historyOf(undefined, 0), fc.nat(), fc.constantFrom('occurrence', 'family', 'type'), (history, pick, scope) => {
        const event = history.events[pick % Math.max(1, history.events.length)];
        if (event === undefined) return;
        const state = stateOf(itemsOf(history), asItStands);
        const own = stateOf(itemsOf({ events: [event], remedies: [] }), asItStands).families[0];
        if (own === undefined) return;
        const { seen: _seen, ...family } = own;
        const { marks, reaches } = dismissalOf(scope, { family, key: event.key, at: event.at }, state, readAt);
        const left = {
          ...state,
          families: state.families
            .map((each) => ({
              ...each,
              seen: each.seen.filter(
                ([key, at]) =>
                  !reaches.some(
                    (one) =>
                      one.key === key && one.at === at && JSON.stringify({ ...one.family, seen: each.seen }) === JSON.stringify(each),
                  ),
              ),
            }))
            .filter((each) => each.seen.length > 0),
        };
        expect(score(under(state, readAt, marks), readAt, neutral, shipped)).toEqual(score(left, readAt, neutral, shipped));
        expect(reaches.some((one) => one.key === event.key)).toBe(true);
      }),
      { numRuns: 250 },
    );
  });
});

describe("marks of a decision's own actions", () => {
  const own = (decision: string, at: number) => evidenceOfOwn(decision, 'sessions_revoked', at);
  const phished = evidenceOf({ type: 'aitm_phishing' });

  it('21: without its own, a decision sees the score as if there were none, and with those of others', () => {
    fc.assert(
      fc.property(historyOf(), fc.array(fc.integer({ min: 0, max: 61 }), { minLength: 1, maxLength: 5 }), (history, hours) => {
        const state = stateOf(itemsOf(history), asItStands);
        const each = hours.map((hour, index) => own(`d${index}`, T + hour * hourMs));
        const all = each.reduce((merged, one) => mergeEvidence(merged, one, shipped), state);
        const others = each.slice(1).reduce((merged, one) => mergeEvidence(merged, one, shipped), state);
        expect(scoreWithoutOwn('d0', all, readAt, neutral, shipped)).toEqual(score(others, readAt, neutral, shipped));
        const plain = hours.map((hour) => classMark('sessions_revoked', T + hour * hourMs));
        expect(score(all, readAt, neutral, shipped)).toEqual(score(under(state, readAt, plain), readAt, neutral, shipped));
        expect(serialiseEvidence(mergeEvidence(mergeEvidence(each[0] as EvidenceState, all, shipped), all, shipped))).toBe(
          serialiseEvidence(all),
        );
        expect(parseEvidence(serialiseEvidence(all))).toEqual(all);
      }),
      { numRuns: 150 },
    );
  });

  it('are kept of the sixteen most recent decisions; the marks of older ones become ordinary', () => {
    const states = Array.from({ length: 18 }, (_, index) => own(`d${String(index).padStart(2, '0')}`, T + index));
    const merged = states.reduce((all, one) => mergeEvidence(all, one, shipped), phished);
    expect(merged.own).toHaveLength(16);
    expect(merged.marks.classes).toEqual([['sessions_revoked', '', T + 1]]);
    expect([...states].reverse().reduce((all, one) => mergeEvidence(all, one, shipped), phished)).toEqual(merged);
  });

  it('go when all that they could cover has faded', () => {
    const state = mergeEvidence(phished, own('d', T), shipped);
    expect(pruneEvidence(state, T + 300 * dayMs, shipped).own).toEqual([['d', 'sessions_revoked', T]]);
    expect(pruneEvidence(state, T + 301 * dayMs, shipped)).toEqual(emptyEvidence);
  });

  it.each(['[1,[],[],[],[],[["d","nonsense",1]]]', '[1,[],[],[],[],[["d","secured","x"]]]', '[1,[],[],[],[],[],[]]'])(
    'are refused when they read %s',
    (text) => {
      expect(() => parseEvidence(text)).toThrow('the stored evidence cannot be read');
    },
  );
});
