/** Telling by Standard Webhooks: one POST, signed; 2xx is success, 410 ends it, anything else is tried again. */
import type { HttpClient } from '../adapters/http.ts';
import type { Sink } from './contract.ts';
import { signatureHeaders } from './signature.ts';

export interface WebhookParts {
  readonly url: string;
  /** The newest first. */
  readonly keys: readonly Buffer[];
  /** Sent beside the signature, for receivers that cannot check one. */
  readonly authorization?: string | undefined;
  readonly http: HttpClient;
}

const timeoutMs = 15_000;
/** What a receiver answers is not read. */
const maxBytes = 64 * 1024;

export function createWebhook({ url, keys, authorization, http }: WebhookParts): Sink {
  return {
    async deliver(message, signal) {
      const answer = await http.request({
        method: 'POST',
        url,
        headers: { ...signatureHeaders(message, keys), ...(authorization === undefined ? {} : { authorization }) },
        raw: { type: 'application/json', text: message.body },
        timeoutMs,
        maxBytes,
        signal,
      });
      if (answer.kind !== 'response') return { kind: 'failed', code: answer.code };
      if (answer.status >= 200 && answer.status < 300) return { kind: 'delivered' };
      if (answer.status === 410) return { kind: 'gone' };
      const { retryAfterMs } = answer;
      return { kind: 'failed', code: `status.${answer.status}`, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) };
    },
  };
}
