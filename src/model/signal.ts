/** One normalised fact, from whatever source it came. */
import type { Instant } from './clock.ts';
import type { SignalId } from './ids.ts';
import type { SubjectClaim } from './subject.ts';

export const causes = ['risk', 'partner', 'leaver', 'leaver.immediate', 'person', 'declared', 'undo', 'drill'] as const;
export type Cause = (typeof causes)[number];

export const severities = ['low', 'medium', 'high'] as const;
export type Severity = (typeof severities)[number];

/** What a policy's `sources` may name beside a connection id. */
export const sourceKinds = ['idp', 'edr', 'siem', 'hr', 'transmitters', 'operators', 'api'] as const;
export type SourceKind = (typeof sourceKinds)[number];

export type FactValue = string | number | boolean;

/** What the sender said about the circumstances; anything absent is unknown. */
export interface Circumstances {
  readonly ip?: string;
  /** ISO 3166-1, two letters. */
  readonly country?: string;
  readonly asn?: number;
  readonly userAgent?: string;
  /** Town, as the sender writes it. */
  readonly city?: string;
  /** Whether the sender holds the address for a proxy's. */
  readonly proxy?: boolean;
  /** What the sender found unusual, by its own names. */
  readonly unusual?: readonly string[];
  /** How risky the sender held the event itself. */
  readonly rated?: Severity;
}

export const markClasses = [
  'password_reset',
  'password_reset_self',
  'sessions_revoked',
  'mfa_strong',
  'mfa_weak',
  'device_remediated',
  'secured',
  'admin_dismiss',
] as const;
export type MarkClass = (typeof markClasses)[number];

/** A remediation or dismissal that the signal reports beside itself. Kept only where the connection's mapping allows its class. */
export type Mark =
  | { readonly kind: 'class'; readonly class: MarkClass; readonly at: Instant; readonly scope?: string }
  | { readonly kind: 'target'; readonly type: string; readonly band: Severity | '*'; readonly source: string; readonly at: Instant }
  /** One occurrence, dismissed up to the latest of its events that was known; a later one revives it. `key` is an evidence key. */
  | {
      readonly kind: 'occurrence';
      readonly type: string;
      readonly band: Severity;
      readonly source: string;
      readonly tag: string;
      readonly key: string;
      readonly until: Instant;
    };

/**
 * A proven and normalised fact before it is stored. Only doors in `signals` make one (see `Verified`).
 * `type` is a key of the catalogue in `policies/risk.yaml`.
 */
export interface Arrival {
  readonly type: string;
  /** Connection or transmitter id, `operators`, or `api:<token name>`. Never a value of the payload. */
  readonly source: string;
  readonly sourceKind: SourceKind;
  readonly cause: Cause;
  readonly severity: Severity;
  readonly occurredAt: Instant;
  readonly receivedAt: Instant;
  readonly claim: SubjectClaim;
  readonly facts: Readonly<Record<string, FactValue>>;
  readonly circumstances: Circumstances;
  readonly marks: readonly Mark[];
  /** Names the event at its source; the same value from the same source is the same event. At most 256 bytes. */
  readonly dedupeKey: string;
  /** Set where the payload breaks the definition of its type: stored, shown, never acted on. */
  readonly quarantine?: string;
  /** The bytes as they came: a compact SET or a JSON body. Kept sealed. */
  readonly raw: string;
  /** Thumbprint of the key that proved `raw`, where there is one. */
  readonly provenBy?: string;
  /** Name of the operator whose word it is. */
  readonly by?: string;
  /** Sources of the events that a detection counted. */
  readonly behind?: readonly string[];
  /** Shared by all events of one cause at the sender (SSF section 4.1.9). */
  readonly txn?: string;
}

/** An arrival under its name. */
export interface Signal extends Omit<Arrival, 'raw' | 'provenBy'> {
  readonly id: SignalId;
}

declare const verified: unique symbol;
/** Proof, in the type system, that a value came through a door of `signals`. */
export type Verified<T> = T & { readonly [verified]: true };

export type SignalState = 'decided' | 'undecided' | 'unresolved' | 'quarantined';

/** What the caller of a door is told once the batch is committed. */
export interface Acknowledgement {
  readonly signalId: SignalId;
  /** Empty for a signal that is stored but undecided. */
  readonly decisionIds: readonly string[];
  /** True where the event had arrived before: the ids are those of the first arrival. */
  readonly repeated: boolean;
}
