/** The guards that count nobody, in the form in which they are asked: their numbers, taken from the documents once. */
import type { ActionType } from '../model/action.ts';
import type { GuardId } from './binding.ts';
import { durationMs, type GuardSettings } from './schema.ts';

type Rule<K extends keyof GuardSettings> = Omit<GuardSettings[K], 'binds'>;

export interface Span {
  readonly default: string;
  readonly max: string;
}

export interface StandingRules {
  readonly killSwitch: Rule<'killSwitch'>;
  readonly adminFloor: Rule<'adminFloor'>;
  readonly ownerApproval: Rule<'ownerApproval'>;
  readonly executiveApproval: Rule<'executiveApproval'>;
  readonly protectedList: string;
  readonly corroboration: Rule<'corroboration'>;
  readonly freshContext: Rule<'freshContext'>;
  readonly learning: Rule<'learning'>;
  readonly lateEvidence: Rule<'lateEvidence'> & { readonly olderThanMs: number };
  readonly quietHours: Rule<'quietHours'>;
  readonly expiry: ReadonlyMap<ActionType, Span>;
  readonly breaker: Rule<'breaker'> | 'off';
}

/** `merged`: the guards of one profile. Only `breaker` among these may be switched off. */
export function standingRules(merged: Readonly<Record<GuardId, unknown>>): StandingRules {
  const rule = <K extends keyof GuardSettings>(id: K) => merged[id] as Rule<K>;
  const lateEvidence = rule('lateEvidence');
  return {
    killSwitch: rule('killSwitch'),
    adminFloor: rule('adminFloor'),
    ownerApproval: rule('ownerApproval'),
    executiveApproval: rule('executiveApproval'),
    protectedList: rule('protected').list,
    corroboration: rule('corroboration'),
    freshContext: rule('freshContext'),
    learning: rule('learning'),
    lateEvidence: { ...lateEvidence, olderThanMs: durationMs(lateEvidence.olderThan) },
    quietHours: rule('quietHours'),
    expiry: new Map(Object.entries(rule('expiry')) as [ActionType, Span][]),
    breaker: merged.breaker as StandingRules['breaker'],
  };
}
