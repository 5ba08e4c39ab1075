/** Subjects that are no person: what may never fall on them, and who stands behind them. */
import ipaddr from 'ipaddr.js';
import type { Situation } from '../model/situation.ts';
import { personalKinds } from '../model/subject.ts';
import type { GuardSettings } from './schema.ts';

/** What one profile lets happen to things. */
export interface ThingRules {
  readonly maxRung: number;
  readonly minConfidence: number;
  readonly refused: ReadonlySet<GuardSettings['nonPerson']['refuseNetworks'][number]>;
}

export function compileThings(guard: Omit<GuardSettings['nonPerson'], 'binds'>): ThingRules {
  return {
    maxRung: guard.maxRung,
    minConfidence: guard.fromRung3.minConfidence,
    refused: new Set(guard.refuseNetworks),
  };
}

/** Why a step may not fall on the thing; undefined where it may, or where the subject is a person. */
export function refusesThing(stepRung: number, situation: Situation, confidence: number, rules: ThingRules): string | undefined {
  const { subject } = situation;
  if (personalKinds.includes(subject.kind)) return undefined;
  if (stepRung > rules.maxRung) return `rung ${stepRung} of ${rules.maxRung}`;
  if (stepRung < 3) return undefined;
  if (confidence < rules.minConfidence) return `confidence ${confidence} of ${rules.minConfidence}`;
  return subject.kind === 'network' ? refusedNetwork(situation, rules) : undefined;
}

/** Whose way out nobody can tell may be ours: that is refused with our own. */
function refusedNetwork({ signal, surroundings }: Situation, { refused }: ThingRules): string | undefined {
  const egress = surroundings.geo?.egress;
  if (refused.has('private') && isPrivate(signal.claim.id)) return 'private';
  if (refused.has('ownEgress') && egress !== 'shared' && egress !== 'none') return egress === 'own' ? 'own egress' : 'egress unknown';
  return refused.has('sharedEgress') && egress === 'shared' ? 'shared egress' : undefined;
}

/** Ranges that are not reached through the public internet. */
const privateRanges: ReadonlySet<string> = new Set([
  'private',
  'loopback',
  'linkLocal',
  'uniqueLocal',
  'carrierGradeNat',
  'unspecified',
  'broadcast',
  'multicast',
]);

function isPrivate(id: string | undefined): boolean {
  const address = id?.split('/')[0];
  return address !== undefined && ipaddr.isValid(address) && privateRanges.has(ipaddr.process(address).range());
}

/**
 * Names for the people behind a thing, at most `most`: the person whom the source names with it, the others by number. One person
 * where nobody knows how many there are. They count once for each thing, whoever they are.
 */
export function peopleBehind({ subject, identity, surroundings }: Situation, most: number): readonly string[] {
  const { kind, id } = subject;
  const known = kind === 'device' ? surroundings.device?.people : kind === 'network' ? surroundings.geo?.peopleSeen : undefined;
  const count = Math.min(most, Math.max(identity === null ? 0 : 1, known ?? 1));
  return Array.from({ length: count }, (_, n) => (n === 0 && identity !== null ? identity.id : `${kind}:${id}:${n + 1}`));
}
