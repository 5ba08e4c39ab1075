/** What the evidence must be like before it may go far. Nobody can lift these: weak evidence takes the next lower step. */
import type { Reason } from '../model/decision.ts';
import type { Assessment } from '../model/risk.ts';
import type { Situation } from '../model/situation.ts';
import type { StandingRules } from './standing.ts';

export type Weighed = Pick<Assessment, 'level' | 'base' | 'groupsActive' | 'statisticalOnly'> & {
  readonly signal: Pick<Assessment['signal'], 'proof' | 'confidence'>;
};

type Bar = 'corroboration' | 'learning' | 'lateEvidence';

/** `rung` is that of the whole step. */
export function evidenceBar(
  rung: number,
  situation: Situation,
  weighed: Weighed,
  rules: StandingRules,
  binds: (guard: Bar) => boolean,
): { readonly by: Bar; readonly reason: Reason } | undefined {
  const bar = (by: Bar, detail: string) => ({ by, reason: { code: 'guard', ref: by, detail } as const });
  const { corroboration, learning, lateEvidence } = rules;
  const { proof } = weighed.signal;
  if (binds('corroboration') && rung >= corroboration.fromRung) {
    if (weighed.groupsActive < corroboration.groups && !(corroboration.orProof && proof))
      return bar('corroboration', `${weighed.groupsActive} of ${corroboration.groups} groups, no proof`);
    if (weighed.base < corroboration.minBase) return bar('corroboration', `base ${weighed.base} of ${corroboration.minBase}`);
  }
  if (binds('learning') && rung > learning.statisticalMaxRung && weighed.statisticalOnly && isLearning(situation, learning.minLogins))
    return bar('learning', `rung ${rung} of ${learning.statisticalMaxRung}`);
  if (binds('lateEvidence') && rung > lateEvidence.maxRung && !(lateEvidence.unlessProof && proof) && isLate(situation, lateEvidence))
    return bar('lateEvidence', `rung ${rung} of ${lateEvidence.maxRung}`);
  return undefined;
}

/** Somebody whose sign-ins were never counted is not taken for a newcomer. */
function isLearning({ surroundings }: Situation, minLogins: number): boolean {
  const { hist } = surroundings;
  return hist !== undefined && hist.logins < minLogins;
}

/** By its age when it is decided on, so that what waited for its person does not stay young. */
function isLate({ signal, now }: Situation, { olderThanMs }: StandingRules['lateEvidence']): boolean {
  return now - signal.occurredAt > olderThanMs;
}
