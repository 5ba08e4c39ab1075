/** A person under observation: signals in, state and score out. T is the edge of a bucket. */
import { readFileSync } from 'node:fs';
import type { IdentityId, SignalId } from '../../src/model/ids.ts';
import { type EvidenceState, emptyEvidence, type Level } from '../../src/model/risk.ts';
import type { Mark, Severity, Signal, SourceKind } from '../../src/model/signal.ts';
import type { Situation, Surroundings } from '../../src/model/situation.ts';
import type { Identity, SubjectKind } from '../../src/model/subject.ts';
import { parseRiskModel, type RiskModel, type ScoreContext } from '../../src/risk/index.ts';

export const T = 1_800_000_000_000;
export const minuteMs = 60_000;
export const hourMs = 3_600_000;
export const dayMs = 86_400_000;

export const shippedText = readFileSync(new URL('../../policies/risk.yaml', import.meta.url), 'utf8');

export function loadModel(text: string = shippedText): RiskModel {
  const result = parseRiskModel(text, 'policies/risk.yaml');
  if (!result.ok) throw new Error(JSON.stringify(result.faults));
  return result.value;
}

export const shipped = loadModel();

/** The shipped model with one text replaced; throws where that text is not there exactly once. */
export function changedText(from: string, to: string): string {
  if (shippedText.split(from).length !== 2) throw new Error(`not once: ${from}`);
  return shippedText.replace(from, to);
}

export const neutral: ScoreContext = {
  tier: 'none',
  executive: false,
  hrStatus: 'active',
  sources: Object.fromEntries(['i', 'j', 'okta', 'entra'].map((id) => [id, { kind: 'idp' as const, since: 0 }])),
};

export interface Sent {
  readonly type: string;
  readonly at?: number;
  /** When it arrives; where it is not given, with its event time. */
  readonly arrivedAt?: number;
  readonly source?: string;
  readonly sourceKind?: SourceKind;
  readonly sourceSince?: number;
  readonly severity?: Severity;
  readonly key?: string;
  readonly marks?: readonly Mark[];
  readonly surroundings?: Surroundings;
  readonly kind?: SubjectKind;
}

export const person: Identity = {
  id: '018f0000-0000-7000-8000-000000000001' as IdentityId,
  tier: 'none',
  protected: false,
  executive: false,
  groups: [],
  accounts: [],
};

export interface Standing {
  readonly evidence?: EvidenceState;
  readonly heldLevel?: Level;
  readonly identity?: Identity | null;
  readonly now?: number;
}

/** The situation of one signal of a person about whom everything neutral is known. */
export function situationOf(sent: Sent, standing: Standing = {}): Situation {
  const occurredAt = sent.at ?? T;
  const receivedAt = sent.arrivedAt ?? occurredAt;
  const signal: Signal = {
    id: '018f0000-0000-7000-8000-000000000002' as SignalId,
    type: sent.type,
    source: sent.source ?? 'i',
    sourceKind: sent.sourceKind ?? 'idp',
    cause: 'risk',
    severity: sent.severity ?? 'medium',
    occurredAt,
    receivedAt,
    claim: { kind: sent.kind ?? 'person', person: [] },
    facts: {},
    circumstances: {},
    marks: sent.marks ?? [],
    dedupeKey: 'k',
  };
  return {
    signal,
    subject: { kind: sent.kind ?? 'person', id: 'p' },
    identity: standing.identity === undefined ? person : standing.identity,
    evidence: standing.evidence ?? emptyEvidence,
    heldLevel: standing.heldLevel ?? 'none',
    surroundings: {
      hr: { status: 'active' },
      geo: { egress: 'none' },
      session: { mfa: 'none', deviceBound: 'no' },
      device: { managed: 'no' },
      ...sent.surroundings,
    },
    population: 100,
    sourceSince: sent.sourceSince ?? 0,
    sources: neutral.sources,
    configHash: '',
    now: standing.now ?? receivedAt,
    evidenceKey: sent.key ?? '',
  };
}

export function classMark(markClass: Extract<Mark, { kind: 'class' }>['class'], at: number, scope?: string): Mark {
  return scope === undefined ? { kind: 'class', class: markClass, at } : { kind: 'class', class: markClass, at, scope };
}
