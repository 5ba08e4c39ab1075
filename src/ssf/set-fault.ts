/** Why a SET is refused: the code for its sender, a finer one for us, and a sentence that repeats nothing of the token. */

/** RFC 8935 section 2.4; case-sensitive (section 7.1). */
export type SetErrorCode =
  | 'invalid_request'
  | 'invalid_key'
  | 'invalid_issuer'
  | 'invalid_audience'
  | 'authentication_failed'
  | 'access_denied';

const faults = {
  notCompact: ['invalid_request', 'The body is not one signed token in compact serialisation.'],
  headerJson: ['invalid_request', 'The header of the token is not a JSON object, or holds a member twice.'],
  payloadJson: ['invalid_request', 'The payload of the token is not a JSON object, or holds a member twice.'],
  unsigned: ['invalid_request', 'The token is not signed.'],
  algorithm: ['invalid_key', 'The signature algorithm is not allowed for this transmitter.'],
  typ: ['invalid_request', 'The header typ is not secevent+jwt.'],
  critical: ['invalid_request', 'The header names an extension that must be understood and is not.'],
  nested: ['invalid_request', 'The token holds another token.'],
  kid: ['invalid_request', 'The header kid is not a text.'],
  issuer: ['invalid_issuer', 'The issuer is not the one of this stream.'],
  audience: ['invalid_audience', 'The audience does not name this receiver.'],
  keyUnknown: ['invalid_key', 'The key is not among those that the issuer publishes.'],
  keyUnacceptable: ['invalid_key', 'The key may not be used for this signature.'],
  keysUnavailable: ['invalid_key', 'The keys of the issuer could not be read; try again later.'],
  signature: ['authentication_failed', 'The signature does not verify.'],
  jti: ['invalid_request', 'The claim jti is missing or not a text.'],
  iat: ['invalid_request', 'The claim iat is missing or not a number.'],
  iatAhead: ['invalid_request', 'The claim iat lies in the future.'],
  expired: ['invalid_request', 'The claim exp is not a number, or has passed.'],
  expOrSub: ['invalid_request', 'A SET has neither exp nor sub.'],
  events: ['invalid_request', 'The claim events is not an object of objects with at least one member.'],
  severalEvents: ['invalid_request', 'A SET tells one event.'],
  foreignToken: ['invalid_request', 'This is a token of another protocol.'],
  subjectMissing: ['invalid_request', 'The claim sub_id is missing.'],
  subjectMalformed: ['invalid_request', 'The subject identifier lacks what its format requires.'],
  authorization: ['authentication_failed', 'The Authorization header is not the one agreed for this stream.'],
  method: ['invalid_request', 'Events are delivered by POST.'],
  mediaType: ['invalid_request', 'The content type is not application/secevent+jwt.'],
  tooLarge: ['invalid_request', 'The body is too large.'],
} as const satisfies Record<string, readonly [SetErrorCode, string]>;

export type SetFaultCode = keyof typeof faults;
export const setFaultCodes = Object.keys(faults) as readonly SetFaultCode[];

export interface SetFault {
  readonly code: SetFaultCode;
  /** For the member `err` of the answer. */
  readonly err: SetErrorCode;
  /** English; safe to send and to log. */
  readonly description: string;
}

export function setFault(code: SetFaultCode): SetFault {
  const [err, description] = faults[code];
  return { code, err, description };
}
