/**
 * Plays streams of a source that lies, beside others that do not, through judging and counting, and looks for one that disturbs more
 * people than the worst case says. `node test/guard/adversary.ts [--streams 200000] [--seed 1]`.
 */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { readPolicyFolder } from '../../src/app/policy-folder.ts';
import { type Bundle, compileBundle } from '../../src/engine/bundle.ts';
import { conclude, consider, questionsOf } from '../../src/engine.ts';
import { createTally, reachedBy, type WorstCase, worstCase } from '../../src/guard/index.ts';
import { actionTypeNames } from '../../src/model/action.ts';
import type { Instant } from '../../src/model/clock.ts';
import type { AccountId, IdentityId, SignalId } from '../../src/model/ids.ts';
import { type EvidenceState, emptyEvidence, type Level } from '../../src/model/risk.ts';
import type { JudgingSettings } from '../../src/model/settings.ts';
import type { Severity } from '../../src/model/signal.ts';
import type { Situation } from '../../src/model/situation.ts';

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;
const start = Date.UTC(2026, 4, 4, 10);
const population = 2_000;

/** Policies that a careless merge could bring: they act at one word, and at the word of others who are believed together. */
const careless = `apiVersion: rescind/v1
kind: Policy
metadata: { id: RP-900, name: rash, version: 1, title: Revoke at one word, owner: group:iam, severity: high, status: draft, reviewBy: 2027-05-01 }
mode: report-only
match: { signals: [caep_risk_high, leaked_credentials, aitm_phishing], causes: [risk, partner], subjects: { kinds: [person] } }
when: 'risk.score >= 40.0'
respond: { scope: person, ladder: [{ step: ask, actions: [{ type: mfa.require, strength: any }] }, { step: revoke, at: 'risk.score >= 70.0', actions: [{ type: session.revoke, scope: all }] }], fallback: ask }
tests:
  - { name: one word, given: { signals: [{ type: aitm_phishing }] }, expect: { match: true, step: revoke } }
  - { name: a doubtful word, given: { signals: [{ type: aitm_phishing, confidence: 0.1 }] }, expect: { match: false } }
  - { name: an unknown device, given: { device: { compliance: unknown } }, expect: { match: true } }
---
apiVersion: rescind/v1
kind: Policy
metadata: { id: RP-901, name: together, version: 1, title: Revoke at what several say, owner: group:iam, severity: high, status: draft, reviewBy: 2027-05-01 }
mode: report-only
match: { signals: [rba_anomaly, impossible_travel, mfa_factor_reset], causes: [risk, partner], subjects: { kinds: [person] } }
when: 'risk.score >= 60.0'
respond: { scope: person, ladder: [{ step: ask, actions: [{ type: mfa.require, strength: any }] }, { step: revoke, at: 'risk.groupsActive >= 2 && risk.level in ["high", "critical"]', actions: [{ type: session.revoke, scope: all }, { type: mfa.require, strength: any }] }], fallback: ask }
tests:
  - { name: two say so, given: { signals: [{ type: aitm_phishing }, { type: impossible_travel }] }, expect: { match: true } }
  - { name: one says so, given: { signals: [{ type: impossible_travel }] }, expect: { match: false } }
  - { name: an unknown device, given: { device: { compliance: unknown } }, expect: { match: false } }
`;

const types = {
  liar: [
    'caep_risk_high',
    'leaked_credentials',
    'aitm_phishing',
    'cookie_replay',
    'session_revoked',
    'impossible_travel',
    'anomalous_token',
  ],
  honest: ['rba_anomaly', 'impossible_travel', 'mfa_factor_reset', 'anomalous_token'],
} as const;

export interface Searched {
  readonly streams: number;
  /** How many people at most, in any stream: of one liar in a day, of all together in an hour and in a day. */
  readonly most: { readonly liar: number; readonly hour: number; readonly day: number };
  readonly bound: Pick<WorstCase, 'oneSource' | 'severalSources'>;
}

export async function loadCareless(): Promise<Bundle> {
  const [first = '', second = ''] = careless.split('---\n');
  const files = new Map(await readPolicyFolder(join(import.meta.dirname, '../../policies')));
  files.set('responses/RP-900-rash.yaml', first).set('responses/RP-901-together.yaml', second);
  const compiled = compileBundle(files);
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.faults));
  return compiled.bundle;
}

/** Every stream has a seed of its own, so that one that is found can be played again. */
export function search(bundle: Bundle, streams: number, seed: number): Searched {
  const { oneSource, severalSources } = worstCase(bundle.guards, 'standard', population);
  const most = { liar: 0, hour: 0, day: 0 };
  for (let n = 0; n < streams; n++) {
    const found = playStream(bundle, randomFrom(seed * 1_000_003 + n));
    most.liar = Math.max(
      most.liar,
      mostWithin(
        found.filter(({ byLiar }) => byLiar),
        day,
      ),
    );
    most.hour = Math.max(most.hour, mostWithin(found, hour));
    most.day = Math.max(most.day, mostWithin(found, day));
  }
  return { streams, most, bound: { oneSource, severalSources } };
}

interface Disturbed {
  readonly person: string;
  readonly at: Instant;
  /** Would not have been disturbed then, had the liar never said a word. */
  readonly byLiar: boolean;
}

interface Told {
  readonly person: string;
  readonly source: string;
  readonly type: string;
  readonly severity: Severity;
  readonly at: Instant;
}

/** Evidence as it is, and as it would be without the liar: kept apart from the first word on. */
interface Person {
  evidence: EvidenceState;
  heldLevel: Level;
  clean: EvidenceState;
  cleanLevel: Level;
}

const liar = 'liar';
const settings: JudgingSettings = {
  enforcement: { default: { mode: 'enforce', maxRung: 6 }, connections: {}, groups: {}, receivers: {} },
  overrides: { 'RP-003': 'enforce', 'RP-004': 'enforce', 'RP-017': 'enforce', 'RP-900': 'enforce', 'RP-901': 'enforce' },
  profile: 'standard',
  connections: { directory: { provider: 'test', profile: 'standard', actions: actionTypeNames } },
};

function playStream(bundle: Bundle, random: () => number): readonly Disturbed[] {
  const uses: { scope: string; subject: string; at: Instant }[] = [];
  const hits = new Map<string, Instant>();
  const people = new Map<string, Person>();
  const disturbed: Disturbed[] = [];
  for (const batch of batchesOf(composeStream(random), random)) {
    // Processes read the time when they begin and count when they hold the locks: a later one may come first.
    const now = Math.max(...batch.map(({ at }) => at)) - Math.floor(random() * 3_000);
    const drafts = batch.map((told) => {
      const person = people.get(told.person) ?? { evidence: emptyEvidence, heldLevel: 'none', clean: emptyEvidence, cleanLevel: 'none' };
      people.set(told.person, person);
      const draft = consider(situationOf(told, now, person.evidence, person.heldLevel), bundle, settings, []);
      if (draft.assessment) Object.assign(person, { evidence: draft.assessment.evidence, heldLevel: draft.assessment.heldLevel });
      let clean = 0;
      if (told.source !== liar) {
        const without = consider(situationOf(told, now, person.clean, person.cleanLevel), bundle, settings, []);
        if (without.assessment) Object.assign(person, { clean: without.assessment.evidence, cleanLevel: without.assessment.heldLevel });
        clean = without.review === null ? 0 : Math.max(0, ...reachedBy(without.review).values());
      }
      return { told, draft, clean };
    });
    const questions = drafts.flatMap(({ draft }) => questionsOf(draft));
    if (questions.length === 0) continue;
    const readings = [...new Map(questions.filter(({ own }) => !own).map((one) => [`${one.scope} ${one.windowMs}`, one])).values()].map(
      ({ scope, windowMs }) => {
        const from = Math.min(now, hits.get(scope) ?? now) - windowMs;
        const used = new Set(uses.filter((use) => use.scope === scope && use.at > from).map(({ subject }) => subject)).size;
        return { scope, windowMs, used, from };
      },
    );
    const present = [...new Map([...uses].sort((a, b) => a.at - b.at).map((use) => [`${use.scope}\n${use.subject}`, use])).values()];
    const tally = createTally({ readings, present }, now);
    for (const { told, draft, clean } of drafts) {
      const judged = conclude(draft, tally.readingsFor(questionsOf(draft)));
      tally.add(judged.uses);
      uses.push(...judged.uses.map(({ scope, subject }) => ({ scope, subject, at: now })));
      for (const scope of judged.hits) if (!hits.has(scope)) hits.set(scope, now);
      const rung = Math.max(0, ...judged.judgement.actions.filter(({ state }) => state === 'released').map((action) => action.rung));
      if (rung >= 2) disturbed.push({ person: told.person, at: now, byLiar: clean < rung });
    }
  }
  return disturbed;
}

/** A way of lying: how fast, about how many, in how many types, beside whom, and how often of the same people. */
function composeStream(random: () => number): readonly Told[] {
  const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)] as T;
  // The others are no better, and there are many of them.
  const crowd = random() < 0.1;
  const span = pick([1_000, 5 * minute, hour, 6 * hour, day, 2 * day]);
  const count = crowd ? 48 : pick([12, 20, 32]);
  const names = crowd ? 48 : pick([9, 12, 24, 40]);
  const honest = crowd
    ? ['honest-a', 'honest-b', 'honest-c']
    : pick([[], ['honest-a'], ['honest-a', 'honest-b'], ['honest-a', 'honest-b', 'honest-c']]);
  const share = honest.length === 0 ? 1 : pick([0.3, 0.5, 0.8]);
  const lies = pick([types.liar, [pick(types.liar)], [pick(types.liar), pick(types.liar)]]);
  // Prepared in silence, and set off by somebody else's word.
  const prepared = !crowd && honest.length > 0 && random() < 0.3;
  return Array.from({ length: count }, (_, n): Told => {
    const lying = prepared ? n < count / 2 : random() < share;
    return {
      person: `person-${random() < 0.2 ? Math.floor(random() * names) : n % names}`,
      source: lying ? liar : pick(honest),
      type: lying ? pick(lies) : pick(crowd ? types.liar : types.honest),
      severity: pick(['high', 'high', 'medium']),
      at: start + Math.floor((n / count) * span + random() * (span / count)),
    };
  }).sort((a, b) => a.at - b.at);
}

/** Cut anywhere. */
function batchesOf(stream: readonly Told[], random: () => number): readonly (readonly Told[])[] {
  const batches: Told[][] = [];
  const largest = [1, 3, 40][Math.floor(random() * 3)] as number;
  for (let from = 0; from < stream.length; ) {
    const size = 1 + Math.floor(random() * largest);
    // What lies more than a second apart is not gathered into one batch.
    const batch = stream.slice(from, from + size).filter(({ at }) => at - (stream[from] as Told).at <= 1_000);
    batches.push(batch);
    from += batch.length;
  }
  return batches;
}

function situationOf({ person, source, type, severity, at }: Told, now: Instant, evidence: EvidenceState, heldLevel: Level): Situation {
  const partner = type === 'caep_risk_high' || type === 'session_revoked';
  const id = person as IdentityId;
  return {
    signal: {
      id: `${source} ${at}` as SignalId,
      type,
      source,
      sourceKind: partner ? 'transmitters' : 'idp',
      cause: partner ? 'partner' : 'risk',
      severity,
      occurredAt: at,
      receivedAt: at,
      claim: { kind: 'person', person: [] },
      facts: {},
      circumstances: {},
      marks: [],
      dedupeKey: `${source} ${at}`,
    },
    subject: { kind: 'person', id },
    identity: {
      id,
      tier: 'none',
      protected: false,
      executive: false,
      groups: [],
      accounts: [{ id: `account-${person}` as AccountId, connection: 'directory', externalId: person, status: 'active' }],
    },
    evidence,
    heldLevel,
    surroundings: {},
    population,
    sourceSince: 0,
    sources: {},
    configHash: '',
    now,
    evidenceKey: '',
  };
}

/** Distinct people in the fullest window. */
function mostWithin(disturbed: readonly Disturbed[], windowMs: number): number {
  return Math.max(
    0,
    ...disturbed.map(
      ({ at: end }) => new Set(disturbed.filter(({ at }) => at <= end && at > end - windowMs).map(({ person }) => person)).size,
    ),
  );
}

/** Mulberry32: small, and the same everywhere. */
function randomFrom(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

if (import.meta.main) {
  const { values } = parseArgs({ options: { streams: { type: 'string', default: '200000' }, seed: { type: 'string', default: '1' } } });
  const searched = search(await loadCareless(), Number(values.streams), Number(values.seed));
  process.stdout.write(`${JSON.stringify(searched)}\n`);
  const { most, bound } = searched;
  const above =
    most.liar > (bound.oneSource ?? 0) || most.hour > (bound.severalSources.inAnHour ?? 0) || most.day > (bound.severalSources.inADay ?? 0);
  process.exitCode = above ? 1 : 0;
}
