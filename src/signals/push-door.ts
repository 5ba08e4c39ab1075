/** Takes SETs that are pushed to us (RFC 8935): proves who sent them and that they are meant for us, and says what to answer. */
import { hash, timingSafeEqual } from 'node:crypto';
import type { Instant } from '../model/clock.ts';
import type { Arrival, Verified } from '../model/signal.ts';
import {
  createTranslator,
  type KeySource,
  type SetErrorCode,
  type SetFault,
  type SetFaultCode,
  type StreamMessage,
  setFault,
  setPolicyOf,
  type TranslationNote,
  type TransmitterSettings,
  type VerifiedSet,
  verifySet,
} from '../ssf/index.ts';
import { markVerified } from './verified.ts';

/** A request, read up to the limit of its route. Header values as they came; `undefined` where absent. */
export interface PushRequest {
  readonly method: string;
  readonly contentType: string | undefined;
  readonly authorization: string | undefined;
  readonly body: Uint8Array | 'tooLarge';
  readonly receivedAt: Instant;
}

export type PushOutcome =
  /** Answer 202 with an empty body once all are stored and decided. */
  | { readonly kind: 'arrivals'; readonly arrivals: readonly Verified<Arrival>[]; readonly notes: readonly TranslationNote[] }
  /** Answer 202 with an empty body: valid, and nothing to act on. Count it by `reason`. */
  | {
      readonly kind: 'acknowledged';
      readonly reason: 'stream' | 'directory' | 'unknownEvent';
      readonly set: Pick<VerifiedSet, 'iss' | 'jti' | 'eventUri'>;
      /** Present for `stream`. */
      readonly stream?: StreamMessage;
      readonly notes: readonly TranslationNote[];
    }
  /** Answer `status` with the JSON object `{err, description}` and `Content-Language: en` (RFC 8935 section 2.3). */
  | {
      readonly kind: 'rejected';
      readonly status: 400 | 405 | 413 | 415 | 503;
      readonly err: SetErrorCode;
      readonly description: string;
      readonly contentLanguage: 'en';
      /** The finer reason, for counting and the log. */
      readonly code: SetFaultCode;
      /** The agreed Authorization header was sent, or the signature verified. */
      readonly senderAuthenticated: boolean;
      /** For 503. */
      readonly retryAfterSeconds?: number;
    };

export interface PushDoor {
  /** Never rejects for what a sender may send. A repeat is judged like the first; only the store drops it. */
  receive(request: PushRequest): Promise<PushOutcome>;
}

export interface PushDoorOptions {
  readonly transmitter: TransmitterSettings;
  readonly keys: KeySource;
}

const retryAfterSeconds = 30;

export function createPushDoor({ transmitter, keys }: PushDoorOptions): PushDoor {
  const policy = setPolicyOf(transmitter);
  const translator = createTranslator(transmitter);
  const expected = transmitter.authorizationHeader === undefined ? undefined : digest(transmitter.authorizationHeader);

  return {
    async receive(request) {
      const refused = checkRequest(request, expected);
      if (refused) return refused;
      const known = expected !== undefined;
      if (request.body === 'tooLarge') return reject(413, setFault('tooLarge'), known);
      // Anything beyond ASCII is no token; latin1 keeps every byte, so that none is lost before that is seen.
      const text = Buffer.from(request.body.buffer, request.body.byteOffset, request.body.byteLength).toString('latin1');
      const result = await verifySet(text, policy, keys, request.receivedAt);
      if (!result.ok) return reject(result.fault.code === 'keysUnavailable' ? 503 : 400, result.fault, known || result.proven);

      const { set } = result;
      const translation = translator.translate(set, text, request.receivedAt, keys.criticalMembers());
      switch (translation.kind) {
        case 'signal':
          return { kind: 'arrivals', arrivals: [markVerified(translation.arrival)], notes: translation.notes };
        case 'stream':
          return { kind: 'acknowledged', reason: 'stream', set: nameOf(set), stream: translation.stream, notes: translation.notes };
        case 'directory':
        case 'unknownEvent':
          return { kind: 'acknowledged', reason: translation.kind, set: nameOf(set), notes: translation.notes };
        case 'fault':
          return reject(400, translation.fault, true);
        default:
          return translation satisfies never;
      }
    },
  };
}

/** The sender is authenticated before its body is looked at (RFC 8935 section 5.4). */
function checkRequest(request: PushRequest, expected: Buffer | undefined): PushOutcome | undefined {
  if (request.method !== 'POST') return reject(405, setFault('method'), false);
  if (expected && !timingSafeEqual(digest(request.authorization ?? ''), expected)) return reject(400, setFault('authorization'), false);
  const media = request.contentType?.split(';', 1)[0]?.trim().toLowerCase();
  return media === 'application/secevent+jwt' ? undefined : reject(415, setFault('mediaType'), expected !== undefined);
}

/** Hashed first, so that lengths do not tell either. */
function digest(header: string): Buffer {
  return hash('sha256', header, 'buffer');
}

function reject(status: 400 | 405 | 413 | 415 | 503, fault: SetFault, senderAuthenticated: boolean): PushOutcome {
  return {
    kind: 'rejected',
    status,
    err: fault.err,
    description: fault.description,
    contentLanguage: 'en',
    code: fault.code,
    senderAuthenticated,
    ...(status === 503 ? { retryAfterSeconds } : {}),
  };
}

function nameOf({ iss, jti, eventUri }: VerifiedSet): Pick<VerifiedSet, 'iss' | 'jti' | 'eventUri'> {
  return { iss, jti, eventUri };
}
