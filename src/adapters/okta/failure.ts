/** What a call to Okta that did not succeed means. It carries codes and no more: neither address nor body, which may hold secrets. */
import { z } from 'zod';
import { AppError } from '../../model/errors.ts';
import type { ReadBack, Receipt } from '../contract.ts';
import type { HttpAnswer, HttpResponse } from '../http.ts';

export interface FailureFacts {
  /** `refused`: asking again without a change cannot help. `failed`: it had no effect and may be tried later. `unknown`: it may have had it. */
  readonly outcome: 'refused' | 'failed' | 'unknown';
  readonly code: string;
  readonly status?: number;
  /** Okta's own, e.g. `E0000006`. */
  readonly errorCode?: string;
  readonly retryAfterMs?: number;
  /** By which Okta's support and System Log name the call. */
  readonly requestId?: string;
}

export class OktaFailure extends Error {
  override readonly name = 'OktaFailure';
  readonly facts: FailureFacts;
  constructor(facts: FailureFacts) {
    super(`Okta: ${[facts.code, facts.status, facts.errorCode, facts.requestId].filter((part) => part !== undefined).join(' ')}`);
    this.facts = facts;
  }
}

const bodySchema = z.object({ errorCode: z.string().regex(/^E\d{7}$/) });

/** `undefined` for a 2xx. `now` is in our clock, for a reset that is given as an instant. */
export function failureOf(answer: HttpAnswer, now: number): OktaFailure | undefined {
  if (answer.kind === 'lost') return new OktaFailure({ outcome: 'unknown', code: answer.code });
  if (answer.kind === 'notSent') {
    const outcome = answer.code === 'addressForbidden' || answer.code === 'urlInvalid' ? 'refused' : 'failed';
    return new OktaFailure({ outcome, code: answer.code });
  }
  const { status } = answer;
  if (status >= 200 && status < 300) return undefined;
  const errorCode = bodySchema.safeParse(answer.json).data?.errorCode;
  const retryAfterMs = status === 429 ? waitOf(answer, now) : answer.retryAfterMs;
  const requestId = answer.headers['x-okta-request-id'];
  return new OktaFailure({
    ...meaningOf(status, errorCode),
    status,
    ...(errorCode === undefined ? {} : { errorCode }),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    ...(requestId === undefined ? {} : { requestId }),
  });
}

/** How long a 429 asks to wait, in milliseconds: `Retry-After`, else the reset against the answer's own date. */
export function waitOf({ headers, retryAfterMs }: HttpResponse, now: number): number | undefined {
  if (retryAfterMs !== undefined) return retryAfterMs;
  const reset = Number(headers['x-rate-limit-reset']);
  if (!Number.isInteger(reset) || reset <= 0) return undefined;
  const date = Date.parse(headers['date'] ?? '');
  return Math.max(0, reset * 1_000 - (Number.isNaN(date) ? now : date));
}

function meaningOf(status: number, errorCode: string | undefined): Pick<FailureFacts, 'outcome' | 'code'> {
  // The account is between two states, for minutes at most.
  if (errorCode === 'E0000112') return { outcome: 'failed', code: 'busy' };
  if (errorCode === 'E0000015') return { outcome: 'refused', code: 'featureOff' };
  switch (status) {
    case 401:
      return { outcome: 'refused', code: 'unauthorised' };
    case 403:
      return { outcome: 'refused', code: 'forbidden' };
    case 404:
      return { outcome: 'refused', code: 'notFound' };
    case 408:
      return { outcome: 'failed', code: 'requestTimeout' };
    case 409:
      return { outcome: 'refused', code: 'conflict' };
    case 429:
      return { outcome: 'failed', code: 'rateLimited' };
    // A gateway speaks for a server whose answer it did not get.
    case 502:
    case 504:
      return { outcome: 'unknown', code: 'gateway' };
    case 503:
      return { outcome: 'failed', code: 'unavailable' };
    default:
      return status >= 500 ? { outcome: 'failed', code: 'serverError' } : { outcome: 'refused', code: 'rejected' };
  }
}

/** What the SDK throws besides, for a body that it cannot read, is a success of another shape: it may have had its effect. */
export function toFailure(thrown: unknown): OktaFailure {
  if (thrown instanceof OktaFailure) return thrown;
  // A secret that cannot be had: nothing was sent.
  if (thrown instanceof AppError) return new OktaFailure({ outcome: 'failed', code: thrown.code });
  return new OktaFailure({ outcome: 'unknown', code: 'wrongShape' });
}

export function receiptOf({ facts: { outcome, code, retryAfterMs } }: OktaFailure): Receipt {
  return outcome === 'failed' && retryAfterMs !== undefined ? { outcome, code, retryAfterMs } : { outcome, code };
}

export function unseen({ facts: { code, retryAfterMs } }: OktaFailure): ReadBack {
  return { inForce: null, code, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) };
}
