/** The organisation behind the API, and how a change that a call makes is told: an effect that is counted, and an event in the log. */
import type { CallBook } from './calls.ts';
import type { OktaClock } from './clock.ts';
import type { Credentials } from './credentials.ts';
import { type GivenEvent, type LogParty, party } from './log-event.ts';
import type { LogStore } from './log-store.ts';
import type { People } from './people.ts';
import type { Device, EventHook, Group, Zone } from './records.ts';
import type { ErrorCode } from './refusal.ts';
import type { Ask } from './router.ts';

/** What differs between organisations; a test may change it at any time. */
export interface OrgSettings {
  /** How far lists and `search` lag behind what is read by id or by `filter`. Default 0. */
  searchLagMs: number;
  /** How long a deactivation takes that was asked for with `Prefer: respond-async`. Default 2000. */
  deactivationMs: number;
  /** How suspending and unsuspending refuse a wrong status: the documents give E0000028, live organisations were seen with E0000001. */
  suspendRefusal: ErrorCode;
  /** Whether Universal Logout is switched on. Default true. */
  universalLogout: boolean;
  /** Whether a person's roles show those of their groups, with assignmentType GROUP. Default false. */
  groupRolesShown: boolean;
}

export interface Org {
  /** Without a trailing slash. */
  baseUrl: string;
  readonly clock: OktaClock;
  readonly settings: OrgSettings;
  readonly people: People;
  readonly groups: Map<string, Group>;
  readonly devices: Map<string, Device>;
  readonly zones: Map<string, Zone>;
  readonly hooks: Map<string, EventHook>;
  readonly log: LogStore;
  readonly book: CallBook;
  readonly credentials: Credentials;
  /** 20 characters beginning with the prefix, in the order in which they were asked for. */
  newId(prefix: string): string;
}

/** The caller as the log's events name it: a service app by itself, an API token by the administrator who made it. */
function actorOf({ caller }: Ask): Pick<GivenEvent, 'actor' | 'client' | 'transaction'> {
  const byClient = caller.kind === 'client';
  const client = { id: byClient ? caller.id : null, ipAddress: '203.0.113.200', device: 'Unknown', zone: 'null' };
  const transaction = { type: 'WEB', id: crypto.randomUUID(), detail: byClient ? {} : { requestApiTokenId: caller.id } };
  const actor = byClient
    ? party('PublicClientApp', caller.id, 'Service app')
    : { ...party('User', `00uapi${caller.id.slice(6)}`, 'API administrator'), alternateId: 'api-admin@example.com' };
  return { actor, client, transaction };
}

/** `changed: false` for a write that found things as it wanted them and is told all the same. */
export function tell(
  org: Org,
  ask: Ask,
  eventType: string,
  target: readonly LogParty[],
  more: { readonly changed?: boolean; readonly debugData?: Readonly<Record<string, unknown>>; readonly severity?: string } = {},
): void {
  const [first] = target;
  if (more.changed !== false && first) org.book.effects.push({ what: eventType, of: first.id, by: ask.caller.id, at: org.clock.now() });
  const debugData = { requestUri: ask.url.pathname, url: `${ask.url.pathname}${ask.url.search}`, ...more.debugData };
  const severity = more.severity ?? 'INFO';
  org.log.append({ eventType, target, severity, displayMessage: eventType, debugContext: { debugData }, ...actorOf(ask) });
}
