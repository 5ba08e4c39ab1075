/** Takes a compact JWS apart without trusting any of it (RFC 7515 section 7.1). */
import type { SetFaultCode } from './set-fault.ts';
import { isJsonObject, type JsonObject, readStrictJson } from './strict-json.ts';

export interface CompactToken {
  readonly header: JsonObject;
  readonly alg: string;
  readonly kid: string | undefined;
  readonly claims: JsonObject;
}

export type CompactResult = { readonly ok: true; readonly token: CompactToken } | { readonly ok: false; readonly fault: SetFaultCode };

const shape = /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*$/;

/**
 * Refuses JWE, JSON serialisation, several tokens, unsigned and nested ones, extensions that must be understood, and base64url
 * with stray bits, so that one token has one spelling. `jwk`, `jku`, `x5c` and `x5u` are never looked at.
 */
export function readCompactToken(text: string): CompactResult {
  if (!shape.test(text)) return refuse('notCompact');
  const first = text.indexOf('.');
  const second = text.indexOf('.', first + 1);
  const parts = [text.slice(0, first), text.slice(first + 1, second), text.slice(second + 1)] as const;
  if (!parts.every(isCanonical)) return refuse('notCompact');

  const header = readPart(parts[0]);
  if (header === undefined) return refuse('headerJson');
  const { alg, kid } = header;
  if (typeof alg !== 'string' || parts[2] === '' || alg.toLowerCase() === 'none') return refuse('unsigned');
  if (header.crit !== undefined || (header.b64 !== undefined && header.b64 !== true)) return refuse('critical');
  if (typeof header.cty === 'string' && /^(application\/)?(.*\+)?jwt$/i.test(header.cty)) return refuse('nested');
  if (kid !== undefined && typeof kid !== 'string') return refuse('kid');
  const claims = readPart(parts[1]);
  if (claims === undefined) return refuse('payloadJson');
  return { ok: true, token: { header, alg, kid, claims } };
}

function refuse(fault: SetFaultCode): CompactResult {
  return { ok: false, fault };
}

function readPart(part: string): JsonObject | undefined {
  const result = readStrictJson(Buffer.from(part, 'base64url'));
  return result.ok && isJsonObject(result.value) ? result.value : undefined;
}

const lastOfTwo = /[AQgw]$/;
const lastOfThree = /[AEIMQUYcgkosw048]$/;

/** Whether the bits that the last character has too many are zero (RFC 4648 section 3.5). */
function isCanonical(part: string): boolean {
  switch (part.length % 4) {
    case 0:
      return true;
    case 2:
      return lastOfTwo.test(part);
    case 3:
      return lastOfThree.test(part);
    default:
      return false;
  }
}
