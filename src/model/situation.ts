/** Everything a decision may look at, as it was at one instant. Stored, so that the decision can be made again bit for bit. */
import type { Instant } from './clock.ts';
import type { EvidenceState, Level } from './risk.ts';
import type { Signal, SourceKind } from './signal.ts';
import type { Identity, Subject } from './subject.ts';

/** Values a condition can read beside signal, subject and risk; an absent member is unknown. */
export interface Surroundings {
  readonly session?: { readonly mfa?: 'none' | 'weak' | 'strong'; readonly deviceBound?: 'yes' | 'no'; readonly ageMinutes?: number };
  readonly device?: { readonly compliance?: 'compliant' | 'nonCompliant'; readonly managed?: 'yes' | 'no'; readonly people?: number };
  readonly geo?: {
    readonly country?: string;
    readonly asn?: number;
    readonly egress?: 'own' | 'shared' | 'none';
    readonly anonymizer?: 'none' | 'vpn' | 'relay' | 'tor' | 'hosting';
    readonly peopleSeen?: number;
  };
  readonly hr?: { readonly status: 'active' | 'notice' | 'leave' | 'gardenLeave' | 'terminated'; readonly endsInMinutes?: number };
  readonly hist?: { readonly logins: number; readonly suspensions30d: number };
}

/** What we know of a source whose evidence a person holds. */
export interface SourceStanding {
  readonly kind: SourceKind;
  /** When it was first heard. */
  readonly since: Instant;
}

/** Administrators of a connection, emergency accounts left out. `active`: can sign in, and nothing of ours is about to end that. */
export interface AdminCount {
  readonly active: number;
  readonly roles: Readonly<Record<string, { readonly active: number; readonly all: number }>>;
}

/** What guards ask before something goes far. */
export interface Standing {
  /** When each connection's directory was last read whole; absent: never. */
  readonly directories: Readonly<Record<string, Instant>>;
  readonly admins: Readonly<Record<string, AdminCount>>;
}

/** A breaker that is open until then, unless somebody closes it. */
export interface OpenBreaker {
  readonly id: string;
  readonly until: Instant;
}

export interface Situation {
  readonly signal: Signal;
  readonly subject: Subject;
  /** Null where the subject is no person. */
  readonly identity: Identity | null;
  /** How the person's evidence stood before this signal. */
  readonly evidence: EvidenceState;
  readonly heldLevel: Level;
  readonly surroundings: Surroundings;
  /** Active people of the organisation. */
  readonly population: number;
  /** How many people are in those of the person's groups that say department, role or site. */
  readonly groupSizes?: Readonly<Record<string, number>>;
  /** When the source was first heard: a new transmitter's word counts less for thirty days. */
  readonly sourceSince: Instant;
  /** The other sources of the evidence; one that is missing counts as long known, and is a gap. */
  readonly sources?: Readonly<Record<string, SourceStanding>>;
  /** What the settings say, by the hash of `config.changed`. */
  readonly configHash: string;
  /** The batch's instant: `decidedAt`, and the edge of every window. */
  readonly now: Instant;
  /** Only while one is open. */
  readonly breaker?: OpenBreaker;
  /** Only where something would go far. */
  readonly standing?: Standing;
  /** Where the signal is kept under the narrowing id of its claim: a keyed hash of session or device. */
  readonly evidenceKey: string;
}
