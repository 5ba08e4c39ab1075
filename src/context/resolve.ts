/** Who is meant: from a sender's claim to one identity, to nobody, or to too many. Never a guess. */
import type { IdentityId } from '../model/ids.ts';
import type { IdentifierKey, SubjectClaim } from '../model/subject.ts';
import { personalKinds } from '../model/subject.ts';

export type Resolution =
  | { readonly kind: 'identity'; readonly identityId: IdentityId }
  /** The subject is no person, and has an id of its own. */
  | { readonly kind: 'thing' }
  | { readonly kind: 'nobody' }
  /** More than one person fits; nobody is touched. */
  | { readonly kind: 'ambiguous'; readonly identityIds: readonly IdentityId[] };

/** The identities that an identifier names; more than one where the directories disagree. */
export type IdentifierLookup = (key: IdentifierKey) => readonly IdentityId[];

/**
 * All identifiers of the person that are known here must lead to the same identity (RFC 9493 section 3.2.8, SSF section 3.3.1).
 * Unknown ones are ignored as long as another is known: senders name people by more than we keep.
 */
export function resolveClaim(claim: SubjectClaim, lookup: IdentifierLookup): Resolution {
  const found = new Set<IdentityId>();
  for (const key of claim.person) for (const id of lookup(key)) found.add(id);
  const [first] = found;
  if (found.size > 1) return { kind: 'ambiguous', identityIds: [...found].sort() };
  if (first !== undefined) return { kind: 'identity', identityId: first };
  if (personalKinds.includes(claim.kind)) return { kind: 'nobody' };
  return claim.id === undefined ? { kind: 'nobody' } : { kind: 'thing' };
}
