/** How long an action lasts that ends by itself, and how far a person may put its end off. */
import type { ActionType } from '../model/action.ts';
import type { Guardrails, ProfileName } from './guardrails.ts';
import { durationMs } from './schema.ts';

export interface Span {
  readonly defaultMs: number;
  readonly maxMs: number;
}

/** Undefined for what lasts until a person lifts it. */
export function spanOf(type: ActionType, guards: Guardrails, profile: ProfileName = 'standard'): Span | undefined {
  const expiry = guards.profiles[profile].all.expiry;
  const span = expiry === 'off' ? undefined : (expiry[type] as { readonly default: string; readonly max: string } | undefined);
  return span && { defaultMs: durationMs(span.default), maxMs: durationMs(span.max) };
}
