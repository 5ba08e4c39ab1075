/**
 * Worked examples of the scoring model, computed outside of this code. They are checks of any room, so that a copy with a fault in it
 * can be held against them too.
 */
import assert from 'node:assert/strict';
import { type EvidenceState, emptyEvidence, type Level } from '../../src/model/risk.ts';
import type { Mark } from '../../src/model/signal.ts';
import type { ScoreContext } from '../../src/risk/index.ts';
import type { Check, Room } from './room.ts';
import { changedText, classMark, dayMs, hourMs, minuteMs, neutral, type Sent, situationOf, T } from './support.ts';

interface Step {
  readonly sent?: Sent;
  readonly marks?: readonly Mark[];
  readonly arrivedAt?: number;
  /** Of an occurrence of source i without a tag, up to its latest event. */
  readonly dismissal?: { readonly type: string; readonly key: string; readonly until: number };
}

interface Golden {
  readonly id: string;
  readonly title: string;
  readonly steps: readonly Step[];
  readonly at: number;
  readonly context?: Partial<ScoreContext>;
  /** The text of another model than the shipped one. */
  readonly risk?: string;
  readonly nats: number;
  readonly score: number;
  readonly base?: number;
  readonly level: Level;
  readonly groupsActive?: number;
}

const send = (type: string, at = T, more: Partial<Sent> = {}): Step => ({ sent: { type, at, ...more } });
const rba = (at = T, more: Partial<Sent> = {}): Step => send('rba_anomaly', at, { severity: 'high', ...more });
const mark = (markClass: Parameters<typeof classMark>[0], at: number, scope?: string): Step => ({
  marks: [classMark(markClass, at, scope)],
  arrivedAt: at,
});
const target = (type: string, source: string, at: number): Mark => ({ kind: 'target', type, band: '*', source, at });

const travel = send('impossible_travel');
const g6 = [travel, send('anomalous_token')];
const g11 = [send('mfa_fatigue'), rba(), travel];
const n1 = [rba(), travel, send('mfa_fatigue', T + 5 * minuteMs), mark('mfa_strong', T + 10 * minuteMs)];
const g24 = [travel, send('impossible_travel', T, { source: 'j' }), send('new_country'), rba()];
const distrusted = changedText('  rules: []', '  rules: [{ sources: [i], types: [edr_alert_high], confidence: 0.6 }]');
const uncapped = changedText('statisticalNats: 1.200645', 'statisticalNats: 99');

const goldens: readonly Golden[] = [
  {
    id: 'G1',
    title: 'a leaked credential is High by itself',
    steps: [send('leaked_credentials')],
    at: T,
    nats: 1.386294,
    score: 75,
    level: 'high',
  },
  { id: 'G2', title: 'impossible travel is Medium', steps: [travel], at: T, nats: 0.597837, score: 45, level: 'medium' },
  { id: 'G3', title: 'it halves in a day', steps: [travel], at: T + dayMs, nats: 0.298919, score: 25.838, level: 'low' },
  { id: 'G3', title: 'it is gone in three days', steps: [travel], at: T + 3 * dayMs, nats: 0.07473, score: 7.2006, level: 'none' },
  {
    id: 'G4',
    title: 'two providers that report one journey count once and a half',
    steps: [travel, send('impossible_travel', T, { source: 'j' })],
    at: T,
    nats: 0.896756,
    score: 59.2109,
    level: 'medium',
  },
  {
    id: 'G5',
    title: 'three guesses about one place share their weight',
    steps: [travel, send('new_country'), send('anonymizer_ip')],
    at: T,
    nats: 0.797464,
    score: 54.953,
    level: 'medium',
  },
  { id: 'G6', title: 'distinct causes combine', steps: g6, at: T, nats: 1.396345, score: 75.25, level: 'high' },
  {
    id: 'G7',
    title: 'a standing administrator raises the score and not the base',
    steps: g6,
    at: T,
    context: { tier: 'standing' },
    nats: 2.094517,
    score: 87.687,
    base: 75.25,
    level: 'high',
  },
  {
    id: 'G8',
    title: 'travel out of our own egress weighs less, and not in the base',
    steps: [send('impossible_travel', T, { surroundings: { geo: { egress: 'own' } } }), send('anomalous_token')],
    at: T,
    nats: 0.977859,
    score: 62.3884,
    base: 75.25,
    level: 'medium',
  },
  {
    id: 'G9',
    title: 'fifty hourly attempts count as the four newest',
    steps: Array.from({ length: 50 }, (_, index) => send('brute_force', T - (49 - index) * hourMs)),
    at: T,
    nats: 0.528288,
    score: 41.0386,
    level: 'medium',
  },
  {
    id: 'G10',
    title: 'five attempts in one bucket are one',
    steps: Array.from({ length: 5 }, (_, index) => send('brute_force', T + index * 1000)),
    at: T + 5000,
    nats: 0.28768,
    score: 24.9998,
    level: 'low',
  },
  { id: 'G11', title: 'fatigue, an odd sign-in and travel', steps: g11, at: T, nats: 2.111965, score: 87.9, level: 'high' },
  ...(['password_reset', 'password_reset_self'] as const).map(
    (markClass): Golden => ({
      id: 'G12',
      title: `${markClass} an hour later takes its share`,
      steps: [...g11, mark(markClass, T + hourMs)],
      at: T + hourMs,
      nats: 0.848368,
      score: 57.1887,
      level: 'medium',
    }),
  ),
  { id: 'G13', title: 'without it the hour changes little', steps: g11, at: T + hourMs, nats: 2.035306, score: 86.936, level: 'high' },
  {
    id: 'G14',
    title: 'a strong MFA relieves place and habit',
    steps: [rba(), travel, mark('mfa_strong', T + 10 * minuteMs)],
    at: T + 10 * minuteMs,
    nats: 0.237415,
    score: 21.1336,
    level: 'low',
  },
  {
    id: 'G15',
    title: 'no MFA relieves a phished session',
    steps: [send('aitm_phishing'), mark('mfa_strong', T + 10 * minuteMs)],
    at: T + 10 * minuteMs,
    nats: 1.895816,
    score: 84.9804,
    level: 'high',
  },
  {
    id: 'G16',
    title: 'ending all sessions does',
    steps: [send('aitm_phishing'), mark('sessions_revoked', T + 10 * minuteMs)],
    at: T + 10 * minuteMs,
    nats: 0.473954,
    score: 37.7464,
    level: 'low',
  },
  {
    id: 'G17',
    title: 'securing the account takes all',
    steps: [send('aitm_phishing'), mark('secured', T + hourMs)],
    at: T + hourMs,
    nats: 0,
    score: 0,
    level: 'none',
  },
  {
    id: 'G18',
    title: 'a leak that arrives after the reset but is older counts nothing',
    steps: [mark('password_reset', T + dayMs), send('leaked_credentials', T - 2 * dayMs, { arrivedAt: T + dayMs })],
    at: T + dayMs,
    nats: 0,
    score: 0,
    level: 'none',
  },
  {
    id: 'G19',
    title: 'a leak after the reset counts in full',
    steps: [mark('password_reset', T), send('leaked_credentials', T + hourMs)],
    at: T + hourMs,
    nats: 1.386294,
    score: 75,
    level: 'high',
  },
  {
    id: 'G20',
    title: 'a confirmation never fades',
    steps: [send('admin_confirmed')],
    at: T + 30 * dayMs,
    nats: 4.60517,
    score: 99,
    level: 'critical',
  },
  {
    id: 'G21',
    title: 'a source believed at 0.6 weighs 0.6',
    steps: [send('edr_alert_high')],
    at: T,
    risk: distrusted,
    nats: 0.808244,
    score: 55.436,
    level: 'medium',
  },
  {
    id: 'G23',
    title: 'an administrator on notice who downloads',
    steps: [send('mass_download')],
    at: T,
    context: { tier: 'standing', hrStatus: 'notice' },
    nats: 1.130646,
    score: 67.7175,
    level: 'medium',
  },
  {
    id: 'G24',
    title: 'place and habit never pass the cap, even for an administrator',
    steps: g24,
    at: T,
    context: { tier: 'standing' },
    nats: 1.200645,
    score: 69.9,
    level: 'medium',
  },
  {
    id: 'N1',
    title: 'an MFA five minutes after fatigue is no relief',
    steps: n1,
    at: T + 10 * minuteMs,
    nats: 2.101164,
    score: 87.7686,
    level: 'high',
  },
  {
    id: 'N2',
    title: 'fatigue after an MFA voids it too',
    steps: [
      rba(),
      travel,
      send('mfa_fatigue', T + 5 * minuteMs),
      mark('mfa_strong', T + 6 * minuteMs),
      send('mfa_fatigue', T + 9 * minuteMs),
    ],
    at: T + 10 * minuteMs,
    nats: 2.102925,
    score: 87.7901,
    level: 'high',
  },
  {
    id: 'N4',
    title: 'an MFA an hour after fatigue relieves place and habit, not the fatigue',
    steps: [rba(), travel, send('mfa_fatigue'), mark('mfa_strong', T + hourMs)],
    at: T + hourMs,
    nats: 1.119226,
    score: 67.3468,
    level: 'medium',
  },
  {
    id: 'N5',
    title: 'a weak MFA beside a strong one adds nothing',
    steps: [rba(), travel, mark('mfa_weak', T + 10 * minuteMs), mark('mfa_strong', T + 10 * minuteMs)],
    at: T + 10 * minuteMs,
    nats: 0.237415,
    score: 21.1336,
    level: 'low',
  },
  {
    id: 'N6',
    title: 'a severity never raises what is above the ceiling',
    steps: [send('admin_confirmed', T, { severity: 'high' })],
    at: T,
    nats: 4.60517,
    score: 99,
    level: 'critical',
  },
  {
    id: 'N7',
    title: 'a crumb of another kind does not lift the cap',
    steps: [travel, send('impossible_travel', T, { source: 'j' }), rba(), send('brute_force', T - 5 * dayMs, { severity: 'low' })],
    at: T,
    nats: 1.200645,
    score: 69.9,
    level: 'medium',
  },
  {
    id: 'N8',
    title: 'a reset by the user half an hour after fatigue is no relief',
    steps: [send('mfa_fatigue'), send('leaked_credentials'), mark('password_reset_self', T + 30 * minuteMs)],
    at: T + 30 * minuteMs,
    nats: 2.288781,
    score: 89.861,
    level: 'high',
  },
  {
    id: 'N9',
    title: 'dismissing the fatigue revives the MFA',
    steps: [...n1, { marks: [target('mfa_fatigue', 'i', T + 20 * minuteMs)], arrivedAt: T + 20 * minuteMs }],
    at: T + 20 * minuteMs,
    nats: 0.235709,
    score: 20.999,
    level: 'low',
  },
  {
    id: 'N10',
    title: 'a cured device leaves the other one',
    steps: [
      send('edr_alert_high', T, { key: 'd:A' }),
      send('edr_alert_high', T, { key: 'd:B' }),
      mark('device_remediated', T + hourMs, 'd:B'),
    ],
    at: T + hourMs,
    nats: 1.334168,
    score: 73.6623,
    level: 'high',
  },
  {
    id: 'N11',
    title: 'an MFA in another session is no relief',
    steps: [rba(T, { key: 's:1' }), send('impossible_travel', T, { key: 's:1' }), mark('mfa_strong', T + 10 * minuteMs, 's:2')],
    at: T + 10 * minuteMs,
    nats: 1.187075,
    score: 69.4888,
    level: 'medium',
  },
  {
    id: 'N11 (G14)',
    title: 'an MFA in the same session is',
    steps: [rba(T, { key: 's:1' }), send('impossible_travel', T, { key: 's:1' }), mark('mfa_strong', T + 10 * minuteMs, 's:1')],
    at: T + 10 * minuteMs,
    nats: 0.237415,
    score: 21.1336,
    level: 'low',
  },
  {
    id: 'N12',
    title: 'a transmitter that lowers its word to MEDIUM takes its HIGH back',
    steps: [send('caep_risk_high'), send('caep_risk_medium', T + hourMs, { marks: [target('caep_risk_high', 'i', T + hourMs)] })],
    at: T + hourMs,
    nats: 0.579818,
    score: 44,
    level: 'medium',
  },
  {
    id: 'N13',
    title: 'and leaves the word of another',
    steps: [
      send('caep_risk_high'),
      send('caep_risk_high', T, { source: 'j' }),
      send('risk_level_other', T + hourMs, {
        marks: [target('caep_risk_high', 'i', T + hourMs), target('caep_risk_medium', 'i', T + hourMs)],
      }),
    ],
    at: T + hourMs,
    nats: 1.334168,
    score: 73.6623,
    level: 'high',
  },
  {
    id: 'N14',
    title: 'an event from the future is kept at its first arrival, once',
    steps: [send('impossible_travel', T + 30 * minuteMs, { arrivedAt: T }), send('impossible_travel', T + 30 * minuteMs, { arrivedAt: T })],
    at: T,
    nats: 0.597837,
    score: 45,
    level: 'medium',
  },
  {
    id: 'N15',
    title: 'a mark from the future covers up to its arrival only',
    steps: [{ marks: [classMark('password_reset', T + 5 * minuteMs)], arrivedAt: T }, send('leaked_credentials', T + 2 * minuteMs)],
    at: T + 2 * minuteMs,
    nats: 1.386294,
    score: 75,
    level: 'high',
  },
  {
    id: 'N16',
    title: 'our own revocation counts in the score',
    steps: [send('aitm_phishing'), send('mfa_fatigue'), mark('sessions_revoked', T + minuteMs)],
    at: T + minuteMs,
    nats: 1.390097,
    score: 75.0949,
    level: 'high',
  },
  {
    id: 'N16',
    title: 'and not in the view of the decision that ordered it',
    steps: [send('aitm_phishing'), send('mfa_fatigue')],
    at: T + minuteMs,
    nats: 2.812839,
    score: 93.9966,
    level: 'critical',
  },
  {
    id: 'N17',
    title: 'a dismissed occurrence counts nothing',
    steps: [send('anomalous_token', T, { key: 's:1' }), { dismissal: { type: 'anomalous_token', key: 's:1', until: T } }],
    at: T,
    nats: 0,
    score: 0,
    level: 'none',
  },
  {
    id: 'N17',
    title: 'a later event of its bucket revives it',
    steps: [
      send('anomalous_token', T, { key: 's:1' }),
      { dismissal: { type: 'anomalous_token', key: 's:1', until: T } },
      send('anomalous_token', T + minuteMs, { key: 's:1' }),
    ],
    at: T + minuteMs,
    nats: 0.798508,
    score: 55,
    level: 'medium',
  },
  {
    id: 'N18',
    title: 'the cap stays beneath evidence of another kind',
    steps: [...g24, send('mfa_factor_reset')],
    at: T,
    context: { tier: 'standing' },
    nats: 1.632168,
    score: 80.4495,
    base: 77.425,
    level: 'high',
    groupsActive: 2,
  },
  {
    id: 'N18',
    title: 'and without it would be far above',
    steps: [...g24, send('mfa_factor_reset')],
    at: T,
    context: { tier: 'standing' },
    risk: uncapped,
    nats: 2.757091,
    score: 93.6524,
    level: 'critical',
  },
  {
    id: 'N19',
    title: 'the score comes from the rounded evidence',
    steps: [travel],
    at: T + 24_649_000,
    nats: 0.490571301,
    score: 38.7723,
    level: 'low',
  },
];

/** Every example, by its name. */
export function goldenChecks(room: Room): readonly Check[] {
  return [...goldens.map((golden) => ({ name: `${golden.id}: ${golden.title}`, run: () => compare(golden, room) })), ...more(room)];
}

function compare(golden: Golden, room: Room): void {
  const model = golden.risk === undefined ? room.shipped : room.load(golden.risk);
  const context = { ...neutral, ...golden.context };
  const result = room.score(stateAfter(golden.steps, room, model), golden.at, context, model);
  assert.ok(Math.abs(result.nats - golden.nats) <= 1e-6, `${result.nats} nats, not ${golden.nats}`);
  assert.equal(result.score, golden.score);
  assert.equal(result.level, golden.level);
  if (golden.base !== undefined) assert.equal(result.base, golden.base);
  if (golden.groupsActive !== undefined) assert.equal(result.groupsActive, golden.groupsActive);
  assert.deepEqual(result.gaps, []);
}

function stateAfter(steps: readonly Step[], room: Room, model = room.shipped): EvidenceState {
  let evidence = emptyEvidence;
  for (const step of steps) {
    if (step.sent) evidence = room.assess(situationOf(step.sent, { evidence }), model).evidence;
    if (step.marks) evidence = room.mergeEvidence(evidence, room.evidenceOfMarks(step.marks, step.arrivedAt ?? T, model), model);
    if (step.dismissal) {
      const { type, key, until } = step.dismissal;
      const family = { type, band: 'medium' as const, source: 'i', tag: '' };
      evidence = room.mergeEvidence(evidence, room.evidenceOfDismissal(family, key, until), model);
    }
  }
  return evidence;
}

/** What an example says beside one score. */
function more(room: Room): readonly Check[] {
  const stateOf = (id: string) => stateAfter(goldens.find((each) => each.id === id)?.steps ?? [], room);
  const pointsOf = (id: string) =>
    room.pointsOf(stateOf(id), T, neutral, room.shipped).map((point) => [point.signalType, point.points.toFixed(2)]);
  return [
    {
      name: 'G4: the points are 39.47 and 19.74',
      run: () =>
        assert.deepEqual(pointsOf('G4'), [
          ['impossible_travel', '39.47'],
          ['impossible_travel', '19.74'],
        ]),
    },
    {
      name: 'G6: the points are 43.03 and 32.22',
      run: () =>
        assert.deepEqual(pointsOf('G6'), [
          ['anomalous_token', '43.03'],
          ['impossible_travel', '32.22'],
        ]),
    },
    { name: 'G9: fifty attempts keep sixteen occurrences', run: () => assert.equal(stateOf('G9').families[0]?.seen.length, 16) },
    {
      name: 'N14: the redelivery leaves one occurrence at its arrival',
      run: () =>
        assert.deepEqual(
          stateOf('N14').families.map((family) => family.seen),
          [[['', T]]],
        ),
    },
    {
      name: 'G22: a phished session with fatigue falls through the levels, the held level behind it',
      run() {
        const state = stateAfter([send('aitm_phishing'), send('mfa_fatigue')], room);
        let held: Level = 'none';
        const seen = [0, 1, 2, 3, 5, 7, 14, 21, 28].map((days) => {
          const result = room.score(state, T + days * dayMs, neutral, room.shipped);
          held = room.holdLevel(held, result.score, room.shipped);
          return [days, result.score, result.level, held];
        });
        assert.deepEqual(seen, [
          [0, 94, 'critical', 'critical'],
          [1, 88.6552, 'high', 'critical'],
          [2, 83.2261, 'high', 'critical'],
          [3, 78.2181, 'high', 'high'],
          [5, 69.4236, 'medium', 'high'],
          [7, 61.5464, 'medium', 'high'],
          [14, 37.7667, 'low', 'medium'],
          [21, 21.1119, 'low', 'low'],
          [28, 11.181, 'low', 'low'],
        ]);
      },
    },
  ];
}
