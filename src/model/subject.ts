/** Who a signal is about: the sender's words (a claim), and what we made of them (a subject). */
import type { AccountId, IdentityId } from './ids.ts';

export const subjectKinds = ['person', 'account', 'session', 'device', 'network', 'host', 'asset'] as const;
export type SubjectKind = (typeof subjectKinds)[number];

/** Kinds behind which stands an identity; the others have no score. */
export const personalKinds: readonly SubjectKind[] = ['person', 'account', 'session'];

/**
 * One identifier in the form in which it is compared. `format` is an RFC 9493 format name or one of ours
 * (`upn`, `employee_number`, `provider_id`, `alias`); `value` is canonical: e-mail and UPN in lower case,
 * `iss_sub` as issuer, a space, subject; `provider_id` as connection, a space, the provider's id.
 */
export interface IdentifierKey {
  readonly format: string;
  readonly value: string;
}

/** What a sender said about whom, checked for form but not looked up. */
export interface SubjectClaim {
  readonly kind: SubjectKind;
  /** Identifiers of the person. All that are known to us must lead to the same identity. Empty for kinds without one. */
  readonly person: readonly IdentifierKey[];
  /** Narrowing members of a complex subject (SSF section 3.3: an intersection). */
  readonly session?: string;
  readonly device?: string;
  /** The id of a device, network (address or CIDR), host or asset that is itself the subject. */
  readonly id?: string;
  /** Why this claim may never be acted on, however well it resolves: an unknown format, a member that we cannot process, no authority. */
  readonly blocked?: SubjectBlock;
}

export type SubjectBlock = 'noSubject' | 'unknownFormat' | 'criticalMember' | 'unknownMember' | 'mayNotName' | 'formatOnlyNamesStream';

/** The subject of a decision. `id` holds no personal data: an identity's or account's id, else a keyed hash. */
export interface Subject {
  readonly kind: SubjectKind;
  readonly id: string;
}

/** Directory group of the emergency accounts, protected whatever any list says. */
export const breakGlassGroup = 'break-glass';

export type Tier = 'none' | 'standing' | 'tier0' | 'unknown';

/** One person's account at a connection. `externalId` is the provider's id: personal data. */
export interface Account {
  readonly id: AccountId;
  readonly connection: string;
  readonly externalId: string;
  readonly status: 'active' | 'suspended' | 'disabled' | 'unknown';
  /** Set where it is no person's own: a service's, one that synchronises directories, or one that Rescind itself uses. */
  readonly kind?: AccountKind;
}

export const accountKinds = ['service', 'sync', 'own'] as const;
export type AccountKind = (typeof accountKinds)[number];

/** What the identity graph knows of a person at the instant of a decision. */
export interface Identity {
  readonly id: IdentityId;
  readonly tier: Tier;
  readonly protected: boolean;
  readonly executive: boolean;
  readonly groups: readonly string[];
  readonly accounts: readonly Account[];
  /** Aliases and addresses by which a list of people names them; absent where none does. */
  readonly names?: readonly string[];
}
