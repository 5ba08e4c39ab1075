/**
 * Remediations that an event reports, with who did it. What one event cannot show is named as a need; what would need a guess is no mark:
 * an unlocked account, a factor that was reset (by itself it secures nothing), and an expired password, whose owner chooses the next.
 */
import type { Instant } from '../../model/clock.ts';
import type { Mark, MarkClass } from '../../model/signal.ts';
import type { Initiator, MarkNeed, ReportedMark } from '../contract.ts';

/** Who did it, when, and whose event it is. */
export interface Deed {
  readonly by: Initiator | undefined;
  readonly at: Instant;
  readonly connection: string;
}

const none: readonly ReportedMark[] = [];

/** The old password is void, by somebody else's hand. A program's or the provider's reset is not an administrator's. */
export function passwordResetMark({ by, at }: Deed): readonly ReportedMark[] {
  return by === 'admin' ? [{ mark: ofClass('password_reset', at), by }] : none;
}

/** A new password of one's own, worth something only behind a second factor. */
export function ownPasswordMark({ by, at }: Deed): readonly ReportedMark[] {
  return by === 'self' ? [needing('mfaInSession', ofClass('password_reset_self', at), by)] : none;
}

/** All sessions ended by an administrator; signing oneself out everywhere counts for nothing. */
export function sessionsMark({ by, at }: Deed): readonly ReportedMark[] {
  return by === 'admin' ? [needing('readBack', ofClass('sessions_revoked', at), by)] : none;
}

/** Factors that no proxy between can relay. */
const strongFactors: ReadonlySet<string> = new Set(['SIGNED_NONCE', 'FIDO_WEBAUTHN', 'FIDO2', 'WEBAUTHN', 'U2F', 'SMART_CARD', 'X509']);

/** A factor that is not known is weak. */
export function mfaMark({ by, at }: Deed, factor: string, session: string | undefined): readonly ReportedMark[] {
  if (by !== 'self') return none;
  const mark = ofClass(strongFactors.has(factor) ? 'mfa_strong' : 'mfa_weak', at);
  return [needing('demandedMfa', session === undefined ? mark : { ...mark, scope: `s:${session}` }, by)];
}

/** The provider takes back what it said before of a person's risk. */
export function loweredMarks({ by, at, connection }: Deed, level: 'low' | 'medium'): readonly ReportedMark[] {
  if (by === undefined || by === 'self') return none;
  const types = level === 'low' ? ['caep_risk_high', 'caep_risk_medium'] : ['caep_risk_high'];
  return types.map((type) => ({ mark: ofTarget(type, connection, at), by }));
}

/** What was granted was taken back by an administrator who is not the person. */
export function grantRevertedMark({ by, at, connection }: Deed): readonly ReportedMark[] {
  return by === 'admin' ? [{ mark: ofTarget('role_granted_outside_pim', connection, at), by }] : none;
}

function ofClass(name: MarkClass, at: Instant): Extract<Mark, { kind: 'class' }> {
  return { kind: 'class', class: name, at };
}

function ofTarget(type: string, source: string, at: Instant): Mark {
  return { kind: 'target', type, band: '*', source, at };
}

function needing(needs: MarkNeed, mark: Mark, by: Initiator): ReportedMark {
  return { mark, by, needs };
}
