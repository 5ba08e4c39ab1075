/** Event type URIs: the bases in force, and the older spellings of the same types. */

export const caep = 'https://schemas.openid.net/secevent/caep/event-type/';
export const risc = 'https://schemas.openid.net/secevent/risc/event-type/';
export const ssf = 'https://schemas.openid.net/secevent/ssf/event-type/';
export const oauth = 'https://schemas.openid.net/secevent/oauth/event-type/';
export const okta = 'https://schemas.okta.com/secevent/okta/event-type/';

/** Before the final SSF: the base `sse`, and the verification event beneath `risc` (Google sends it still). */
const legacyUris: ReadonlyMap<string, string> = new Map([
  ['https://schemas.openid.net/secevent/sse/event-type/verification', `${ssf}verification`],
  ['https://schemas.openid.net/secevent/sse/event-type/stream-updated', `${ssf}stream-updated`],
  [`${risc}verification`, `${ssf}verification`],
]);

/** The current spelling of an event type. Older spellings are known only where `legacy`; others stay as they are. */
export function eventUriOf(name: string, legacy: boolean): string {
  return (legacy ? legacyUris.get(name) : undefined) ?? name;
}
