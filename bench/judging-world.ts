/** What judging is measured on: a person with a history, signals in turn, and policy sets of any size. */
import { readdirSync, readFileSync } from 'node:fs';
import { join, sep } from 'node:path';
import { type Bundle, compileBundle } from '../src/engine/bundle.ts';
import { actionTypeNames } from '../src/model/action.ts';
import type { AccountId, IdentityId, SignalId } from '../src/model/ids.ts';
import { type EvidenceState, emptyEvidence } from '../src/model/risk.ts';
import type { JudgingSettings } from '../src/model/settings.ts';
import type { Situation } from '../src/model/situation.ts';
import { oneOccurrence } from '../src/risk/evidence.ts';
import { mergeEvidence, type RiskModel } from '../src/risk/index.ts';

const minuteMs = 60_000;
const now = Date.UTC(2026, 4, 4, 10);
const folder = join(import.meta.dirname, '../policies');

export const settings: JudgingSettings = {
  enforcement: { default: { mode: 'enforce', maxRung: 6 }, connections: {}, groups: {}, receivers: {} },
  overrides: {},
  profile: 'standard',
  connections: Object.fromEntries(
    ['okta', 'entra'].map((id) => [id, { provider: id, profile: 'standard' as const, actions: actionTypeNames }]),
  ),
};

export function shippedPack(): Map<string, string> {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.yaml'));
  return new Map(names.map((name) => [name.split(sep).join('/'), readFileSync(join(folder, name), 'utf8')]));
}

export function bundleOf(files: ReadonlyMap<string, string>): Bundle {
  const compiled = compileBundle(files);
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.faults.slice(0, 3)));
  return compiled.bundle;
}

/** An entity of the organisation has a source of its own and writes twenty policies for it. */
const policiesOfEntity = 20;
const sourceOf = (entity: number) => `entity-${entity}`;
const conditions = [
  'risk.score >= 40.0 && risk.groupsActive >= 2',
  'risk.level in ["high", "critical"] || (subject.privileged && risk.score >= 25.0)',
  'signal.severity != "low" && !(device.compliance == "compliant") && risk.base >= 30.0',
  'hasGroup("session") && risk.score > 50.0 || session.mfa == "none" && geo.egress != "own"',
];

/** So many policies of the shape that the shipped ones have: those of one entity, and the same again for every further one. */
export function packOf(count: number): Map<string, string> {
  const files = shippedPack();
  for (const path of [...files.keys()]) if (path.startsWith('responses/')) files.delete(path);
  const types = evidenceTypes(bundleOf(files).risk);
  for (let n = 0; n < count; n++) {
    const id = `RP-${100_000 + n}`;
    const own = n % policiesOfEntity;
    const signals = [0, 1, 2].map((step) => types[(own * 3 + step) % types.length] as string);
    const when = conditions[own % conditions.length] as string;
    files.set(`responses/${id}.yaml`, policyText(id, signals, sourceOf(Math.floor(n / policiesOfEntity)), when));
  }
  return files;
}

function policyText(id: string, signals: readonly string[], source: string, when: string): string {
  return `apiVersion: rescind/v1
kind: Policy
metadata: { id: ${id}, name: measured, version: 1, title: Measured, owner: group:soc, severity: high, status: draft }
mode: enforce
match: { signals: [${signals.join(', ')}], sources: [${source}, idp], subjects: { kinds: [person, account, session], excludeGroups: [break-glass] } }
when: '${when}'
respond:
  scope: person
  ladder:
    - { step: stepUp, at: 'risk.score >= 40.0', actions: [{ type: mfa.require, strength: any, for: 24h }] }
    - { step: end, at: 'risk.level in ["high", "critical"]', actions: [{ type: session.revoke, scope: all }, { type: token.revoke, scope: all }] }
  fallback: stepUp
tests:
  - { name: fires, given: {}, expect: { match: true } }
  - { name: does not, given: { signals: [{ type: ${signals[0]}, severity: low }] }, expect: { match: false } }
  - { name: excluded, given: { subject: { groups: [break-glass] } }, expect: { match: false, because: excluded } }
  - { name: unknown context, given: { device: { compliance: unknown } }, expect: { match: true } }
`;
}

const evidenceTypes = (model: RiskModel) =>
  [...model.types.values()].filter((type) => type.groupIndex >= 0 && type.halfLifeMs !== null).map((type) => type.name);

const families = ['impossible_travel', 'rba_anomaly', 'mfa_fatigue', 'anomalous_token', 'brute_force', 'mass_download'] as const;

/** The evidence that so many past signals left, of six families, evenly and most of them long ago. */
export function evidenceAfter(signals: number, model: RiskModel, spacingMs = 11 * minuteMs): EvidenceState {
  let state: EvidenceState = emptyEvidence;
  for (let n = signals; n > 0; n--) {
    const family = { type: families[n % families.length] as string, band: 'medium' as const, source: 'okta', tag: '' };
    state = mergeEvidence(state, oneOccurrence(family, n % 3 === 0 ? 's:1' : '', now - n * spacingMs), model);
  }
  return state;
}

/** One person's situations in turn: other types, severities and keys, so that no two neighbours take the same way. */
export function situationsOf(
  evidence: EvidenceState,
  types: readonly string[],
  source: (n: number) => string = () => 'okta',
): readonly Situation[] {
  return Array.from(
    { length: 64 },
    (_, n): Situation => ({
      signal: {
        id: `signal-${n}` as SignalId,
        type: types[n % types.length] as string,
        source: source(n),
        sourceKind: 'edr',
        cause: n % 4 === 0 ? 'partner' : 'risk',
        severity: (['low', 'medium', 'high'] as const)[n % 3] ?? 'low',
        occurredAt: now - (n % 7) * minuteMs,
        receivedAt: now,
        claim: { kind: 'person', person: [] },
        facts: {},
        circumstances: { ip: '198.51.100.7' },
        marks: [],
        dedupeKey: `event-${n}`,
      },
      subject: { kind: 'person', id: 'person-1' },
      identity: {
        id: 'person-1' as IdentityId,
        tier: n % 5 === 0 ? 'standing' : 'none',
        protected: false,
        executive: false,
        groups: ['staff'],
        accounts: ['okta', 'entra'].map((connection, at) => ({
          id: `account-${at}` as AccountId,
          connection,
          externalId: 'x',
          status: 'active',
        })),
      },
      evidence,
      heldLevel: 'medium',
      surroundings: { hr: { status: 'active' }, session: { mfa: 'weak' }, device: { managed: 'yes' }, geo: { egress: 'none' } },
      population: 1_000,
      sourceSince: 0,
      sources: { okta: { kind: 'idp', since: 0 } },
      configHash: 'c',
      now,
      evidenceKey: n % 2 === 0 ? 's:1' : '',
    }),
  );
}

/** Signals of the catalogue, from the entities of a pack of so many policies in turn. */
export function signalsFor(count: number, bundle: Bundle, evidence: EvidenceState): readonly Situation[] {
  const entities = Math.ceil(count / policiesOfEntity);
  return situationsOf(evidence, evidenceTypes(bundle.risk), (n) => sourceOf((n * 7) % entities));
}
