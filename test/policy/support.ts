/** A catalogue, policies and situations as small as deciding needs them. */
import { readFileSync } from 'node:fs';
import { actionTypeNames } from '../../src/model/action.ts';
import type { AccountId, IdentityId, SignalId } from '../../src/model/ids.ts';
import { type Assessment, emptyEvidence } from '../../src/model/risk.ts';
import type { JudgingSettings } from '../../src/model/settings.ts';
import type { Signal } from '../../src/model/signal.ts';
import type { Situation } from '../../src/model/situation.ts';
import type { Identity } from '../../src/model/subject.ts';
import { type CompiledPolicies, type CompileResult, compilePolicies } from '../../src/policy/index.ts';
import { parseRiskModel } from '../../src/risk/index.ts';

const risk = parseRiskModel(readFileSync(new URL('../../policies/risk.yaml', import.meta.url), 'utf8'), 'risk.yaml');
if (!risk.ok) throw new Error('the shipped catalogue has faults');
export const catalogue = risk.value;

const tests = `
tests:
  - { name: fires, given: {}, expect: { match: true } }
  - { name: does not, given: { signals: [{ type: mass_download, severity: low }] }, expect: { match: false } }
  - { name: excluded, given: { subject: { groups: [break-glass] } }, expect: { match: false, because: excluded } }
  - { name: unknown context, given: { device: { compliance: unknown } }, expect: { match: true } }
`;

/** A whole document around the parts that a test is about. */
export function policyText(
  parts: { id?: string; mode?: string; match?: string; when?: string; ladder?: string; rest?: string; tests?: string } = {},
): string {
  return `apiVersion: rescind/v1
kind: Policy
metadata: { id: ${parts.id ?? 'RP-900'}, name: example, version: 1, title: An example, owner: group:soc, severity: high, status: draft }
mode: ${parts.mode ?? 'enforce'}
match: ${parts.match ?? '{ signals: [mass_download], subjects: { kinds: [person, account, session], excludeGroups: [break-glass] } }'}
when: '${parts.when ?? 'risk.score >= 0.0'}'
respond:
  scope: person
  ladder: ${parts.ladder ?? '[{ step: end, actions: [{ type: session.revoke }] }]'}
${parts.rest ?? ''}${parts.tests ?? tests}`;
}

export function tryCompile(...texts: readonly string[]): CompileResult {
  return compilePolicies(new Map(texts.map((text, n) => [`responses/p${n}.yaml`, text])), catalogue);
}

export function compile(...texts: readonly string[]): CompiledPolicies {
  const result = tryCompile(...texts);
  if (!result.ok) throw new Error(JSON.stringify(result.faults, null, 1));
  return result.policies;
}

export const account = (connection: string, n = 1) => ({
  id: `acc-${connection}-${n}` as AccountId,
  connection,
  externalId: `x-${n}`,
  status: 'active' as const,
});

export function settings(more: Partial<JudgingSettings> = {}): JudgingSettings {
  const connection = { provider: 'okta', profile: 'standard' as const, actions: actionTypeNames };
  return {
    enforcement: { default: { mode: 'enforce', maxRung: 6 }, connections: {}, groups: {}, receivers: {} },
    overrides: {},
    profile: 'standard',
    connections: { okta: connection, entra: { ...connection, provider: 'entra' } },
    ...more,
  };
}

export function situation(
  given: { signal?: Partial<Signal>; person?: Partial<Identity> | null; kind?: Situation['subject']['kind'] } & Partial<
    Omit<Situation, 'signal' | 'identity'>
  > = {},
): Situation {
  const { signal, person, kind = 'person', ...rest } = given;
  const now = Date.UTC(2026, 4, 4, 10);
  return {
    signal: {
      id: 's1' as SignalId,
      type: 'mass_download',
      source: 'okta',
      sourceKind: 'idp',
      cause: 'risk',
      severity: 'medium',
      occurredAt: now,
      receivedAt: now,
      claim: { kind, person: [] },
      facts: {},
      circumstances: {},
      marks: [],
      dedupeKey: 'k',
      ...signal,
    },
    subject: { kind, id: 'u1' },
    identity:
      person === null
        ? null
        : { id: 'u1' as IdentityId, tier: 'none', protected: false, executive: false, groups: [], accounts: [account('okta')], ...person },
    evidence: emptyEvidence,
    heldLevel: 'none',
    surroundings: {},
    population: 2000,
    sourceSince: 0,
    configHash: '',
    now,
    evidenceKey: '',
    ...rest,
  };
}

export function assessment(more: Partial<Assessment> = {}): Assessment {
  return {
    evidence: emptyEvidence,
    score: 50,
    base: 50,
    level: 'medium',
    heldLevel: 'medium',
    groups: ['data'],
    groupsActive: 1,
    statisticalOnly: false,
    signal: { group: 'data', confidence: 1, proof: false, late: false },
    gaps: [],
    ...more,
  };
}
