/** What an answer of the admin API that is no success means for the action that asked. */
import type { Receipt } from '../contract.ts';
import type { HttpAnswer } from '../http.ts';

export interface Refusal {
  readonly code: string;
  readonly retryAfterMs?: number;
  readonly receipt: Receipt;
}

/**
 * `undefined` for a 2xx. Refused: trying again without a change cannot help (credentials, permission, no such person, conflict, a
 * request that is not understood, a forbidden address). Failed: the provider said no, and may say yes later. Unknown: the effect may be there.
 */
export function judgeRefusal(answer: HttpAnswer): Refusal | undefined {
  switch (answer.kind) {
    case 'lost':
      return { code: answer.code, receipt: { outcome: 'unknown', code: answer.code } };
    case 'notSent':
      return answer.code === 'addressForbidden' || answer.code === 'urlInvalid' ? refused(answer.code) : failed(answer.code, undefined);
    case 'response': {
      if (answer.status >= 200 && answer.status < 300) return undefined;
      const retryAfterMs = answer.retryAfterMs;
      switch (answer.status) {
        case 401:
          return refused('unauthorised');
        case 403:
          return refused('forbidden');
        case 404:
          return refused('notFound');
        case 409:
          return refused('conflict');
        case 429:
          return failed('rateLimited', retryAfterMs);
        case 408:
          return failed('requestTimeout', retryAfterMs);
        // A gateway speaks for a server whose answer it did not get.
        case 502:
        case 504:
          return {
            code: 'gateway',
            ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
            receipt: { outcome: 'unknown', code: 'gateway' },
          };
        case 503:
          return failed('unavailable', retryAfterMs);
        default:
          return answer.status >= 500 ? failed('serverError', retryAfterMs) : refused('rejected');
      }
    }
    default:
      return answer satisfies never;
  }
}

function refused(code: string): Refusal {
  return { code, receipt: { outcome: 'refused', code } };
}

function failed(code: string, retryAfterMs: number | undefined): Refusal {
  const wait = retryAfterMs === undefined ? {} : { retryAfterMs };
  return { code, ...wait, receipt: { outcome: 'failed', code, ...wait } };
}
