/** One signal's step: what is kept of it, under which name and time, and what policies are told. */
import { describe, expect, it } from 'vitest';
import { emptyEvidence } from '../../src/model/risk.ts';
import type { Identity } from '../../src/model/subject.ts';
import { assess, evidenceOfMarks, mergeEvidence, parseEvidence, score, serialiseEvidence } from '../../src/risk/index.ts';
import { compareText } from '../../src/risk/text-order.ts';
import {
  changedText,
  classMark,
  dayMs,
  hourMs,
  loadModel,
  minuteMs,
  neutral,
  person,
  type Sent,
  shipped,
  situationOf,
  T,
} from './support.ts';

const step = (sent: Sent, standing = {}, model = shipped) => assess(situationOf(sent, standing), model);

describe('what a signal leaves', () => {
  it('keeps type, band, source, tag, key and event time', () => {
    const { evidence } = step({ type: 'impossible_travel', severity: 'high', source: 'okta', key: 's:1', at: T });
    expect(evidence).toEqual({
      v: 1,
      families: [{ type: 'impossible_travel', band: 'high', source: 'okta', tag: '', seen: [['s:1', T]] }],
      marks: emptyEvidence.marks,
    });
  });

  it('keeps types with the level in their name as medium', () => {
    expect(step({ type: 'edr_alert_critical', severity: 'low' }).evidence.families[0]?.band).toBe('medium');
    expect(step({ type: 'caep_risk_high', severity: 'high' }).score).toBe(74);
  });

  it('leaves nothing for a type without evidence but applies its marks', () => {
    const before = step({ type: 'aitm_phishing' });
    const after = step({ type: 'session_revoked', at: T + minuteMs, marks: [classMark('sessions_revoked', T + minuteMs)] }, before);
    expect(after.evidence.families).toEqual(before.evidence.families);
    expect(after.signal.group).toBe('none');
    expect(after.score).toBeLessThan(40);
  });

  it.each(['device', 'network', 'host', 'asset'] as const)('leaves nothing and scores 0 for a %s', (kind) => {
    const result = step({ type: 'caep_risk_high', kind }, { identity: null });
    expect(result).toMatchObject({ score: 0, base: 0, level: 'none', heldLevel: 'none', groups: [], gaps: [] });
    expect(result.evidence).toEqual(emptyEvidence);
    expect(result.signal).toEqual({ group: 'external', confidence: 1, proof: false, late: false });
  });

  it('throws for a type that the catalogue does not name', () => {
    expect(() => step({ type: 'nonsense' })).toThrow('the catalogue has no signal type nonsense');
    expect(() => step({ type: 'constructor' })).toThrow('constructor');
  });

  it('does not change the state that it was given', () => {
    const before = step({ type: 'brute_force' }).evidence;
    const text = JSON.stringify(before);
    step({ type: 'brute_force', at: T + hourMs, marks: [classMark('secured', T)] }, { evidence: before });
    expect(JSON.stringify(before)).toBe(text);
  });
});

describe('late and future events', () => {
  it.each([
    ['five minutes ahead keeps its own time', 5 * minuteMs, T + 5 * minuteMs, []],
    ['more than five minutes ahead is kept at its arrival, as a gap', 5 * minuteMs + 1, T, ['signal.occurredAt']],
  ])('%s', (_title, aheadMs, at, gaps) => {
    const result = step({ type: 'impossible_travel', at: T + aheadMs, arrivedAt: T });
    expect(result.evidence.families[0]?.seen).toEqual([['', at]]);
    expect(result.gaps).toEqual(gaps);
    expect(result.score).toBe(45);
  });

  it('is late above 24 hours on arrival, and counts all the same', () => {
    expect(step({ type: 'leaked_credentials', at: T, arrivedAt: T + dayMs }).signal.late).toBe(false);
    const late = step({ type: 'leaked_credentials', at: T, arrivedAt: T + dayMs + 1 });
    expect(late.signal.late).toBe(true);
    expect(late.score).toBeGreaterThan(70);
  });

  it('the held level takes the score just before a step into account', () => {
    const first = step({ type: 'leaked_credentials' });
    const later = step({ type: 'session_established', at: T + 60 * dayMs }, { evidence: first.evidence, heldLevel: first.heldLevel });
    expect([first.heldLevel, later.level, later.heldLevel]).toEqual(['high', 'low', 'low']);
    const marked = step(
      { type: 'session_established', at: T + 10 * dayMs, marks: [classMark('password_reset', T + 10 * dayMs)] },
      { evidence: first.evidence, heldLevel: first.heldLevel },
    );
    expect([marked.score, marked.heldLevel]).toEqual([0, 'none']);
    const travel = step({ type: 'impossible_travel' }).evidence;
    const relieved = step({ type: 'session_established', marks: [classMark('mfa_weak', T)] }, { evidence: travel });
    expect([relieved.score, relieved.level, relieved.heldLevel]).toEqual([30.1418, 'low', 'medium']);
  });
});

describe('confidence and proof', () => {
  const partner: Sent = { type: 'aitm_phishing', source: 'partner', sourceKind: 'transmitters' };

  it('believes a new transmitter at most half for thirty days', () => {
    const fresh = step({ ...partner, sourceSince: T - 30 * dayMs + 1 });
    expect(fresh.signal).toMatchObject({ confidence: 0.5, proof: false });
    expect(fresh.score).toBe(61.2702);
    expect(step({ ...partner, sourceSince: T - 30 * dayMs }).signal).toMatchObject({ confidence: 1, proof: true });
  });

  it('limits neither identity providers nor operators', () => {
    expect(step({ ...partner, sourceKind: 'idp', sourceSince: T }).signal.confidence).toBe(1);
    expect(step({ type: 'admin_confirmed', source: 'operators', sourceKind: 'operators', sourceSince: T }).score).toBe(99);
  });

  it("reads the standing of other sources' evidence as well, and calls a missing one a gap", () => {
    const evidence = step({ ...partner, sourceSince: T }).evidence;
    const context = { ...neutral, sources: { partner: { kind: 'transmitters' as const, since: T } } };
    expect(score(evidence, T, context, shipped)).toMatchObject({ score: 61.2702, gaps: [] });
    expect(score(evidence, T, neutral, shipped)).toMatchObject({ score: 85, gaps: ['sources.partner'] });
  });

  it('takes the first rule that fits and never goes below 0.05', () => {
    const rules =
      '[{ sources: [i], types: [mfa_fatigue], confidence: 0 }, { kinds: [api], confidence: 0.5 }, { types: [mfa_fatigue], confidence: 0.9 }]';
    const model = loadModel(changedText('rules: []', `rules: ${rules}`));
    const confidence = (sent: Partial<Sent>) => step({ type: 'mfa_fatigue', ...sent }, {}, model).signal.confidence;
    expect(confidence({})).toBe(0.05);
    expect(confidence({ source: 'api:ci', sourceKind: 'api' })).toBe(0.5);
    expect(confidence({ source: 'j' })).toBe(0.9);
    expect(confidence({ source: 'j', type: 'brute_force' })).toBe(1);
  });

  it('is proof by catalogue, at medium or high, believed at 0.9, and not dismissed', () => {
    expect(step({ type: 'aitm_phishing' }).signal.proof).toBe(true);
    expect(step({ type: 'aitm_phishing', severity: 'low' }).signal.proof).toBe(false);
    expect(step({ type: 'anomalous_token', severity: 'high' }).signal.proof).toBe(false);
    const dismissed = { evidence: evidenceOfMarks([classMark('admin_dismiss', T + hourMs)], T + hourMs, shipped) };
    expect(step({ type: 'aitm_phishing' }, dismissed)).toMatchObject({ score: 0, signal: { proof: false } });
  });
});

describe('context', () => {
  const standing = (change: Partial<Identity>) => ({ identity: { ...person, ...change } });

  it('multiplies by tier and executive, up to three times, and leaves the base', () => {
    expect(step({ type: 'anomalous_token' }, standing({ tier: 'tier0', executive: true }))).toMatchObject({ score: 86.4159, base: 55 });
    const model = loadModel(changedText('groups: all, factor: 2 }', 'groups: all, factor: 9 }'));
    expect(step({ type: 'anomalous_token' }, standing({ tier: 'tier0' }), model).score).toBe(90.8875);
  });

  it('guesses nothing for an unknown tier, and says so only where it would matter', () => {
    expect(step({ type: 'anomalous_token' }, standing({ tier: 'unknown' }))).toMatchObject({ score: 55, gaps: ['subject.tier'] });
    expect(step({ type: 'session_revoked' }, standing({ tier: 'unknown' })).gaps).toEqual([]);
  });

  it('misses the HR status only for groups that it multiplies', () => {
    const without = (type: string) => {
      const { hr: _hr, ...surroundings } = situationOf({ type }).surroundings;
      return assess({ ...situationOf({ type }), surroundings }, shipped).gaps;
    };
    expect(without('mass_download')).toEqual(['subject.hr.status']);
    expect(without('anomalous_token')).toEqual([]);
  });

  it('tags with the smallest factor that is true of the signal itself and applies to its group', () => {
    const all = { geo: { egress: 'own' }, session: { mfa: 'strong', deviceBound: 'yes' } } as const;
    const tagOf = (type: string, surroundings: Sent['surroundings']) =>
      step({ type, ...(surroundings === undefined ? {} : { surroundings }) }).evidence.families[0]?.tag;
    expect(tagOf('impossible_travel', all)).toBe('ownEgress');
    expect(tagOf('rba_anomaly', all)).toBe('boundDevice');
    expect(tagOf('brute_force', all)).toBe('strongMfa');
    expect(tagOf('aitm_phishing', all)).toBe('');
    expect(tagOf('rba_anomaly', { device: { managed: 'yes', compliance: 'compliant' } })).toBe('boundDevice');
    expect(tagOf('rba_anomaly', { device: { managed: 'yes' } })).toBe('');
  });

  it('puts a raising tag behind every other', () => {
    const text = changedText(
      '  strongMfa: {',
      '  unmanaged: { groups: [session, login], factor: 1.25, when: [{ device.managed: no }] }\n  strongMfa: {',
    );
    const model = loadModel(text);
    expect(step({ type: 'anomalous_token' }, {}, model)).toMatchObject({ score: 63.1434, base: 55 });
    const strong = { session: { mfa: 'strong' as const, deviceBound: 'no' as const } };
    expect(step({ type: 'rba_anomaly', surroundings: strong }, {}, model).evidence.families[0]?.tag).toBe('strongMfa');
  });

  it('names the unknown values that may have hidden a smaller tag, and no others', () => {
    const gaps = (type: string, surroundings: Sent['surroundings']) =>
      assess({ ...situationOf({ type }), surroundings: { hr: { status: 'active' }, ...surroundings } }, shipped).gaps;
    expect(gaps('impossible_travel', { geo: { egress: 'own' } })).toEqual([]);
    expect(gaps('impossible_travel', { session: { deviceBound: 'yes' } })).toEqual(['geo.egress']);
    expect(gaps('rba_anomaly', { device: { managed: 'no' } })).toEqual(['session.deviceBound', 'session.mfa']);
    expect(gaps('aitm_phishing', {})).toEqual([]);
  });

  it('counts nothing for a type that left the catalogue, and says so', () => {
    const { evidence } = step({ type: 'anomalous_token' });
    const types = new Map(shipped.types);
    types.delete('anomalous_token');
    expect(score(evidence, T, neutral, { ...shipped, types })).toMatchObject({ score: 0, gaps: ['types.anomalous_token'] });
  });
});

describe('marks', () => {
  const classes = (...marks: Parameters<typeof evidenceOfMarks>[0]) => evidenceOfMarks(marks, T + hourMs, shipped).marks.classes;

  it('keeps an MFA by its scope and overall', () => {
    expect(classes(classMark('mfa_strong', T, 's:1'), classMark('mfa_strong', T + 1, 's:2'))).toEqual([
      ['mfa_strong', '', T + 1],
      ['mfa_strong', 's:1', T],
      ['mfa_strong', 's:2', T + 1],
    ]);
  });

  it('keeps no remediation of an unnamed device, and no other class that is narrowed to a session', () => {
    expect(classes(classMark('device_remediated', T))).toEqual([]);
    expect(classes(classMark('device_remediated', T, 's:1'))).toEqual([]);
    expect(classes(classMark('sessions_revoked', T, 's:1'))).toEqual([]);
    expect(classes(classMark('device_remediated', T, 'd:A'))).toEqual([['device_remediated', 'd:A', T]]);
  });

  it('forgets the oldest of seventeen scopes, of equal times the larger name', () => {
    const marks = Array.from({ length: 17 }, (_, index) => classMark('mfa_weak', T, `s:${String.fromCharCode(97 + index)}`));
    const scopes = classes(...marks).map(([, scope]) => scope);
    expect(scopes).toHaveLength(17);
    expect(scopes).toContain('s:a');
    expect(scopes).not.toContain('s:q');
    expect(classes(...marks, classMark('mfa_weak', T + 1, 's:q')).map(([, scope]) => scope)).not.toContain('s:p');
  });

  it('keeps the later of two times, and of an arrival before its event the arrival', () => {
    expect(classes(classMark('secured', T + 2 * hourMs), classMark('secured', T))).toEqual([['secured', '', T + hourMs]]);
  });
});

describe('retention', () => {
  it('keeps of equal times the smaller key', () => {
    let evidence = emptyEvidence;
    for (let index = 0; index < 20; index++)
      evidence = step({ type: 'brute_force', key: `s:${String.fromCharCode(116 - index)}` }, { evidence }).evidence;
    expect(evidence.families[0]?.seen.map(([key]) => key).join('')).toBe('s:as:bs:cs:ds:es:fs:gs:hs:is:js:ks:ls:ms:ns:os:p');
  });

  it('keeps 128 occurrences a source, drops the oldest and counts them; confirmations stand outside', () => {
    const types = [...shipped.types.values()].filter((type) => type.halfLifeMs !== null && type.groupIndex >= 0).slice(0, 9);
    let evidence = step({ type: 'admin_confirmed', at: T - 100 * dayMs }).evidence;
    let dropped = 0;
    for (let round = 0; round < 16; round++) {
      for (const type of types) {
        const result = step({ type: type.name, at: T + round * hourMs }, { evidence });
        evidence = result.evidence;
        dropped += result.dropped ?? 0;
      }
    }
    expect(dropped).toBe(9 * 16 - 128);
    expect(
      evidence.families.filter((family) => family.type !== 'admin_confirmed').reduce((sum, family) => sum + family.seen.length, 0),
    ).toBe(128);
    expect(evidence.families.some((family) => family.type === 'admin_confirmed')).toBe(true);
    expect(step({ type: 'brute_force', source: 'j' }, { evidence })).not.toHaveProperty('dropped');
  });

  it('orders texts by their UTF-8 bytes', () => {
    const texts = ['', 'Z', 'a', 'aa', 'ä', '\uD7FF', '\uE000', '\uFFFD', '\u{10000}', '\u{10FFFF}'];
    const bytes = [...texts].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    expect([...texts].reverse().sort(compareText)).toEqual(bytes);
  });
});

describe('the text of evidence', () => {
  it('is empty for empty evidence', () => {
    expect(serialiseEvidence(emptyEvidence)).toBe('');
    expect(parseEvidence('')).toBe(emptyEvidence);
  });

  it('is small', () => {
    let evidence = emptyEvidence;
    for (let index = 0; index < 24; index++) {
      const type = ['brute_force', 'mfa_fatigue', 'impossible_travel'][index % 3] as string;
      evidence = step({ type, at: T + index * hourMs, key: 's:0123456789abcdef' }, { evidence }).evidence;
    }
    expect(serialiseEvidence(evidence).length).toBeLessThan(1400);
  });

  it.each([
    '{',
    '[]',
    '{"v":1}',
    '[2,[],[],[],[]]',
    '[1,[["t","medium","i","",[]]],[],[],[]]',
    '[1,[],[["mfa_strong","","now"]],[],[]]',
    '[1,[["t","huge","i","",[["",1]]]],[],[],[]]',
  ])('is refused when it is %s', (text) => {
    expect(() => parseEvidence(text)).toThrow('the stored evidence cannot be read');
  });

  it('a merge of parsed states is that of the states', () => {
    const one = step({ type: 'brute_force', marks: [classMark('mfa_strong', T, 's:1')] }).evidence;
    const two = step({ type: 'mfa_fatigue', at: T + 1 }).evidence;
    expect(mergeEvidence(parseEvidence(serialiseEvidence(one)), parseEvidence(serialiseEvidence(two)), shipped)).toEqual(
      mergeEvidence(one, two, shipped),
    );
  });
});
