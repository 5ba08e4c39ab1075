/** Whom an event means, by the row's word: never by the place of a target, and never wider than what is named. */
import type { IdentifierKey, SubjectClaim } from '../../model/subject.ts';
import type { Initiator } from '../contract.ts';
import { fieldsOf, isSame, type LogEvent, nameOf, type Party, partyOf, targetsOf } from './log-event.ts';
import type { Whom } from './table.ts';

export interface Meant {
  readonly claim: SubjectClaim;
  /** The person, where one is meant. */
  readonly person: Party | undefined;
}

/** `ip`: the address that the event came from. */
export function whoIsMeant(event: LogEvent, whom: Whom, connection: string, ip: string | undefined): Meant {
  switch (whom) {
    case 'actor':
      return ofActor(event, connection, ip);
    case 'target':
      return ofUsers(event, connection) ?? nobody;
    case 'user':
      return ofUsers(event, connection) ?? ofActor(event, connection, ip);
    case 'session':
      return ofSession(event, connection, ip);
    case 'device':
      return ofDevice(event, connection);
    case 'grantee':
      return ofUsers(event, connection) ?? ofAsset(event, ['UserGroup', 'PublicClientApp', 'AppInstance'], connection);
    case 'client':
      return ofAsset(event, ['PublicClientApp', 'AppInstance', 'WorkloadPrincipal'], connection);
    case 'network':
      return ip === undefined ? nothing('network') : thing('network', ip);
    case 'org':
      return thing('asset', connection);
    default:
      return whom satisfies never;
  }
}

const nobody = nothing('person');

/** The account that Okta's own staff and machinery act under. */
const oktaItself = 'system@okta.com';

/** `undefined` where it cannot be told. */
export function initiatorOf({ actor }: LogEvent, person: Party | undefined): Initiator | undefined {
  if (actor.type === 'SystemPrincipal' || actor.login?.toLowerCase() === oktaItself) return 'provider';
  if (actor.type === 'PublicClientApp') return 'app';
  if (actor.type !== 'User' || person === undefined) return undefined;
  if (isSame(actor, person)) return 'self';
  // Somebody of whom only the login is known may be the one of whom only the id is.
  return actor.id !== undefined && person.id !== undefined ? 'admin' : undefined;
}

function ofActor(event: LogEvent, connection: string, ip: string | undefined): Meant {
  const { actor } = event;
  if (actor.type === 'User') {
    const keys = keysOf(actor, connection);
    if (keys.length > 0) return { claim: { kind: 'person', person: keys, ...hereOf(event) }, person: actor };
    // Names that nobody has are tried from somewhere all the same.
    return ip === undefined ? nobody : thing('network', ip);
  }
  return actor.id === undefined ? nobody : thing('asset', actor.id);
}

/** `undefined` where no person is among the targets. */
function ofUsers(event: LogEvent, connection: string): Meant | undefined {
  const users = targetsOf(event, 'User');
  const [user] = users;
  if (user === undefined) return undefined;
  if (users.some((other) => other !== user && !isSame(other, user)))
    return { claim: { kind: 'person', person: [], blocked: 'unknownMember' }, person: undefined };
  const keys = keysOf(user, connection);
  // Somebody who is not named is not the one who acted either.
  if (keys.length === 0) return nobody;
  // What the event says of session and device is true of who acted.
  return { claim: { kind: 'person', person: keys, ...(isSame(user, event.actor) ? hereOf(event) : {}) }, person: user };
}

function ofSession(event: LogEvent, connection: string, ip: string | undefined): Meant {
  const meant = ofUsers(event, connection) ?? ofActor(event, connection, ip);
  if (meant.person === undefined) return meant;
  const here = isSame(meant.person, event.actor) || event.actor.type !== 'User';
  const session = nameOf(event.debugData['externalSessionId']) ?? (here ? sessionOf(event) : undefined);
  return session === undefined ? meant : { ...meant, claim: { ...meant.claim, kind: 'session', session } };
}

/** Whose device it is only a target says: who acts on a device is mostly an administrator, at another. */
function ofDevice(event: LogEvent, connection: string): Meant {
  const [target] = targetsOf(event, 'Device');
  const device = target?.id ?? (event.actor.type === 'Device' ? event.actor.id : undefined);
  if (device === undefined) return nothing('device');
  const person = ofUsers(event, connection)?.claim.person ?? [];
  return person.length === 0 ? thing('device', device) : { claim: { kind: 'person', person, device }, person: undefined };
}

function ofAsset(event: LogEvent, types: readonly string[], connection: string): Meant {
  for (const type of types) {
    const [asset] = targetsOf(event, type);
    if (asset?.id !== undefined) return thing('asset', asset.id);
  }
  const { actor } = event;
  return thing('asset', (types.includes(actor.type) ? actor.id : undefined) ?? connection);
}

function thing(kind: 'asset' | 'device' | 'network', id: string): Meant {
  return { claim: { kind, person: [], id }, person: undefined };
}

/** Kept and shown, and never acted on. */
function nothing(kind: 'person' | 'device' | 'network'): Meant {
  return { claim: { kind, person: [], blocked: 'noSubject' }, person: undefined };
}

/** An Okta login is a user principal name, and mostly a mail address. */
function keysOf({ id, login }: Party, connection: string): readonly IdentifierKey[] {
  const keys: IdentifierKey[] = [];
  if (id !== undefined) keys.push({ format: 'provider_id', value: `${connection} ${id}` });
  if (login === undefined) return keys;
  const value = login.toLowerCase();
  keys.push({ format: 'upn', value });
  if (/^[^\s<>@]+@[^\s<>@]+$/.test(value)) keys.push({ format: 'email', value });
  return keys;
}

function hereOf(event: LogEvent): Pick<SubjectClaim, 'session' | 'device'> {
  const session = sessionOf(event);
  const device = deviceOf(event);
  return { ...(session === undefined ? {} : { session }), ...(device === undefined ? {} : { device }) };
}

function sessionOf({ fields }: LogEvent): string | undefined {
  return nameOf(fieldsOf(fields['authenticationContext'])['externalSessionId']);
}

function deviceOf({ fields }: LogEvent): string | undefined {
  return partyOf(fields['device']).id;
}
