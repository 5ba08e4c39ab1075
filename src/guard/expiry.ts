/** What ends by itself ends in time: a longer `expires` is cut, a missing one set. */
import type { Reason, WantedAction } from '../model/decision.ts';
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
