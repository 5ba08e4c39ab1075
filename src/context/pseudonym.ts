/**
 * Keeps personal data out of what outlives a person: sessions, devices and networks stand in evidence, decisions and the log only
 * as keyed hashes. With the person's key gone they mean nothing to anybody.
 */
import ipaddr from 'ipaddr.js';
import type { AccountId } from '../model/ids.ts';
import type { Arrival, Mark } from '../model/signal.ts';
import type { Identity, Subject, SubjectClaim } from '../model/subject.ts';

/** Keyed hash of a text, short and url-safe; the same text under the same key gives the same ref. */
export type Ref = (text: string) => string;

/** The /24 or /48 that an address lies in; `undefined` for what is no address. */
export function networkOf(ip: string): string | undefined {
  if (!ipaddr.isValid(ip)) return undefined;
  const address = ipaddr.process(ip);
  const bits = address.kind() === 'ipv4' ? 24 : 48;
  const bytes = address.toByteArray().map((byte, n) => (n * 8 < bits ? byte : 0));
  return `${ipaddr.fromByteArray(bytes).toString()}/${bits}`;
}

/** The one spelling of an address; `undefined` for what is no address. */
export function addressOf(ip: string | undefined): string | undefined {
  return ip !== undefined && ipaddr.isValid(ip) ? ipaddr.process(ip).toString() : undefined;
}

/**
 * Under which key a signal's evidence is kept: session, else network, else device, else none; device first where the endpoint
 * itself is what was found.
 */
export function evidenceKey(arrival: Pick<Arrival, 'claim' | 'circumstances'>, group: string, ref: Ref): string {
  const { session, device } = arrival.claim;
  const network = arrival.circumstances.ip === undefined ? undefined : networkOf(arrival.circumstances.ip);
  const byDevice = device === undefined ? undefined : `d:${ref(`d:${device}`)}`;
  if (group === 'endpoint' && byDevice !== undefined) return byDevice;
  if (session !== undefined) return `s:${ref(`s:${session}`)}`;
  if (network !== undefined) return `n:${ref(`n:${network}`)}`;
  return byDevice ?? '';
}

/** A mark's scope (`s:<session>`, `d:<device>`) in the form in which evidence keys are written. */
export function pseudonymiseMarks(marks: readonly Mark[], ref: Ref): readonly Mark[] {
  return marks.map((mark) =>
    mark.kind === 'class' && mark.scope !== undefined && mark.scope !== ''
      ? { ...mark, scope: `${mark.scope.slice(0, 2)}${ref(mark.scope)}` }
      : mark,
  );
}

/** The subject as decisions name it: an identity or account by id, everything else by ref. */
export function subjectOf(claim: SubjectClaim, identity: Identity | null, ref: Ref): Subject {
  switch (claim.kind) {
    case 'person':
      return { kind: 'person', id: identity?.id ?? ref(`p:${claim.person.map((key) => `${key.format} ${key.value}`).join('\n')}`) };
    case 'account':
      return {
        kind: 'account',
        id: accountNamed(claim, identity) ?? identity?.id ?? ref(`a:${claim.person.map((key) => key.value).join('\n')}`),
      };
    case 'session':
      return { kind: 'session', id: ref(claim.session !== undefined ? `s:${claim.session}` : `d:${claim.device ?? ''}`) };
    case 'device':
    case 'network':
    case 'host':
    case 'asset':
      return { kind: claim.kind, id: ref(`${claim.kind}:${claim.id ?? claim.device ?? ''}`) };
    default:
      return claim.kind satisfies never;
  }
}

function accountNamed(claim: SubjectClaim, identity: Identity | null): AccountId | undefined {
  const named = claim.person.find((key) => key.format === 'provider_id')?.value;
  return identity?.accounts.find((account) => `${account.connection} ${account.externalId}` === named)?.id;
}
