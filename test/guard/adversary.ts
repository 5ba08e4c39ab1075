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
import type { Situation } from '../../src/model/situation.ts';
import { type Kind, kinds, liar, makeStream, type Stream, type Told } from './adversary-streams.ts';

const hour = 3_600_000;
const day = 24 * hour;
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

export interface Counted {
  readonly streams: number;
  /** That disturbed as many as a bound allows: of one source, or of all. */
  readonly atBound: number;
  readonly above: number;
}

export interface Searched extends Counted {
  /** The same, of the streams that hold something of the kind. */
  readonly kinds: Readonly<Record<Kind, Counted>>;
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
  const bounds = [oneSource, severalSources.inAnHour, severalSources.inADay].map((bound) => bound ?? Number.POSITIVE_INFINITY);
  const most = { liar: 0, hour: 0, day: 0 };
  const counts = [...kinds, 'all' as const].map((kind) => ({ kind, streams: 0, atBound: 0, above: 0 }));
  for (let n = 0; n < streams; n++) {
    const random = randomFrom(seed * 1_000_003 + n);
    const stream = makeStream(random);
    const found = playStream(bundle, stream);
    const byLiar = found.filter((one) => one.byLiar);
    const figures = [mostWithin(byLiar, day), mostWithin(found, hour), mostWithin(found, day)] as const;
    Object.assign(most, {
      liar: Math.max(most.liar, figures[0]),
      hour: Math.max(most.hour, figures[1]),
      day: Math.max(most.day, figures[2]),
    });
    const isAbove = figures.some((figure, index) => figure > (bounds[index] as number));
    const isAtBound = figures.some((figure, index) => figure === bounds[index]);
    for (const count of counts.filter(({ kind }) => kind === 'all' || stream.kinds.has(kind))) {
      count.streams += 1;
      if (isAbove) count.above += 1;
      else if (isAtBound) count.atBound += 1;
    }
  }
  const byKind = Object.fromEntries(counts.map(({ kind, ...count }) => [kind, count])) as Record<Kind | 'all', Counted>;
  const { all, ...ofKinds } = byKind;
  return { ...all, most, bound: { oneSource, severalSources }, kinds: ofKinds };
}

interface Disturbed {
  readonly person: string;
  readonly at: Instant;
  /** Would not have been disturbed then, had the liar never said a word. */
  readonly byLiar: boolean;
}

/** Evidence as it is, and as it would be without the liar: kept apart from the first word on. */
interface Person {
  evidence: EvidenceState;
  heldLevel: Level;
  clean: EvidenceState;
  cleanLevel: Level;
}

const settings: JudgingSettings = {
  enforcement: { default: { mode: 'enforce', maxRung: 6 }, connections: {}, groups: {}, receivers: {} },
  overrides: { 'RP-003': 'enforce', 'RP-004': 'enforce', 'RP-017': 'enforce', 'RP-900': 'enforce', 'RP-901': 'enforce' },
  profile: 'standard',
  connections: { directory: { provider: 'test', profile: 'standard', actions: actionTypeNames } },
};

function playStream(bundle: Bundle, { batches }: Stream): readonly Disturbed[] {
  const uses: { scope: string; subject: string; at: Instant }[] = [];
  const hits = new Map<string, Instant>();
  const people = new Map<string, Person>();
  const disturbed: Disturbed[] = [];
  // Locks let no two batches judge one person at once, nor count at once: whatever processes do, it is as if in the order of commits.
  for (const { told: batch, now } of batches) {
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
  const startedMs = performance.now();
  const searched = search(await loadCareless(), Number(values.streams), Number(values.seed));
  process.stdout.write(`${JSON.stringify({ ...searched, seconds: Math.round((performance.now() - startedMs) / 1_000) }, null, 1)}\n`);
  process.exitCode = searched.above > 0 || searched.atBound === 0 ? 1 : 0;
}
