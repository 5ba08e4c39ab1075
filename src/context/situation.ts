/** Puts together what a decision may look at. */
import type { Instant } from '../model/clock.ts';
import type { SignalId } from '../model/ids.ts';
import type { EvidenceState, Level } from '../model/risk.ts';
import type { Arrival, Signal } from '../model/signal.ts';
import type { Situation, SourceStanding, Surroundings } from '../model/situation.ts';
import type { Identity } from '../model/subject.ts';
import { evidenceKey, pseudonymiseMarks, type Ref, subjectOf } from './pseudonym.ts';

export interface SituationParts {
  readonly arrival: Arrival;
  readonly signalId: SignalId;
  readonly identity: Identity | null;
  readonly evidence: EvidenceState;
  readonly heldLevel: Level;
  /** Evidence group of the signal's type. */
  readonly group: string;
  readonly population: number;
  readonly groupSizeOf: (group: string) => number | undefined;
  readonly sourceSince: Instant;
  readonly sources: Readonly<Record<string, SourceStanding>>;
  readonly configHash: string;
  readonly breaker: Situation['breaker'];
  readonly now: Instant;
  readonly ref: Ref;
  /** Whose way into the internet an address is; undefined where nobody knows. */
  readonly egressOf: (address: string | undefined) => NonNullable<Surroundings['geo']>['egress'];
}

export function composeSituation(parts: SituationParts): Situation {
  const { arrival } = parts;
  const groupSizes = sizesOf(parts);
  return {
    signal: toSignal(arrival, parts.signalId, parts.ref),
    subject: subjectOf(arrival.claim, parts.identity, parts.ref),
    identity: parts.identity,
    evidence: parts.evidence,
    heldLevel: parts.heldLevel,
    surroundings: surroundingsOf(arrival, parts.egressOf),
    population: parts.population,
    ...(groupSizes.length === 0 ? {} : { groupSizes: Object.fromEntries(groupSizes) }),
    sourceSince: parts.sourceSince,
    ...(Object.keys(parts.sources).length === 0 ? {} : { sources: parts.sources }),
    configHash: parts.configHash,
    ...(parts.breaker === undefined ? {} : { breaker: parts.breaker }),
    now: parts.now,
    // A signal that leaves no evidence needs no key to keep it under.
    evidenceKey: parts.group === 'none' ? '' : evidenceKey(arrival, parts.group, parts.ref),
  };
}

function sizesOf({ identity, groupSizeOf }: SituationParts): readonly (readonly [group: string, size: number])[] {
  return (identity?.groups ?? []).flatMap((group) => {
    const size = groupSizeOf(group);
    return size === undefined ? [] : [[group, size] as const];
  });
}

function toSignal(arrival: Arrival, id: SignalId, ref: Ref): Signal {
  const { raw: _raw, provenBy: _provenBy, ...facts } = arrival;
  return { ...facts, id, marks: pseudonymiseMarks(arrival.marks, ref) };
}

/** What the signal itself says of its surroundings, and what we know of its address. */
function surroundingsOf({ circumstances, claim }: Arrival, egressOf: SituationParts['egressOf']): Surroundings {
  const { country, asn, ip } = circumstances;
  const egress = egressOf(ip ?? (claim.kind === 'network' ? claim.id : undefined));
  if (country === undefined && asn === undefined && egress === undefined) return {};
  return {
    geo: {
      ...(country === undefined ? {} : { country }),
      ...(asn === undefined ? {} : { asn }),
      ...(egress === undefined ? {} : { egress }),
    },
  };
}
