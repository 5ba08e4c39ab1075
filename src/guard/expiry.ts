/** What ends by itself ends in time: a longer `expires` is cut, a missing one set. */
import type { ActionType } from '../model/action.ts';
import type { Reason, WantedAction } from '../model/decision.ts';
import type { Guardrails, ProfileName } from './guardrails.ts';
import { durationMs } from './schema.ts';
import type { Span, StandingRules } from './standing.ts';

export interface Bounded {
  readonly wanted: WantedAction;
  /** Set where something was changed. */
  readonly reason?: Reason;
}

export function withExpiry(wanted: WantedAction, spans: StandingRules['expiry']): Bounded {
  const span = spans.get(wanted.type);
  if (span === undefined) return { wanted };
  const asked = wanted.parameters['expires'];
  const expires = boundedBy(span, asked);
  if (expires === asked) return { wanted };
  return {
    wanted: { ...wanted, parameters: { ...wanted.parameters, expires } },
    reason: { code: 'guard', ref: 'expiry', detail: `${wanted.type}: ${asked ?? 'none'} becomes ${expires}` },
  };
}

/** What cannot be read as a duration is as good as missing. */
function boundedBy(span: Span, asked: unknown): string {
  if (typeof asked !== 'string' || !/^\d{1,5}[smhd]$/.test(asked)) return span.default;
  return durationMs(asked) > durationMs(span.max) ? span.max : asked;
}

export interface Lasting {
  readonly defaultMs: number;
  readonly maxMs: number;
}

/** How long an action lasts that ends by itself, and how far a person may put its end off; undefined for what lasts until a person lifts it. */
export function lastingOf(type: ActionType, guards: Guardrails, profile: ProfileName = 'standard'): Lasting | undefined {
  const span = guards.profiles[profile].standing.expiry.get(type);
  return span && { defaultMs: durationMs(span.default), maxMs: durationMs(span.max) };
}
