/**
 * What every provider adapter promises. An adapter is a folder with an `index.ts` that exports an `AdapterDefinition`; `app.ts`
 * imports it only when a connection of that provider is configured.
 */

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { z } from 'zod';
import type { ActionParameters, ActionType } from '../model/action.ts';
import type { Clock, Instant } from '../model/clock.ts';
import type { Log } from '../model/log.ts';
import type { Arrival, Mark } from '../model/signal.ts';
import type { IdentifierKey } from '../model/subject.ts';
import type { HttpClient } from './http.ts';

/** How an adapter serves one action type. Types that it does not list are refused as `unsupported`. */
export interface Capability {
  readonly support: 'full' | 'substitute';
  /** What is done instead, where it is a substitute. */
  readonly by?: string;
  /** Whether `readBack` can see the effect. Without it an action ends as `unverified`. */
  readonly readBack: boolean;
  /** What undoes it. It is called with the parameter `undoes`, the type that it undoes: what another action holds stays held. */
  readonly inverse: ActionType | 'none';
  /** What outlives the action, in one sentence for people. */
  readonly residual: string;
}

export interface Manifest {
  readonly provider: string;
  readonly actions: Readonly<Partial<Record<ActionType, Capability>>>;
  /** Permissions that the credentials need, by the provider's own names: to look, and to act. */
  readonly permissions: { readonly read: readonly string[]; readonly write: readonly string[] };
  /** Remediation classes that this provider's events may report. */
  readonly marks: readonly string[];
  /** Most calls at once to one connection. */
  readonly concurrency: number;
}

export interface ActionOrder {
  /** Stable over retries and restarts; sent to the provider where it takes one. */
  readonly idempotencyKey: string;
  readonly type: ActionType;
  /** The provider's own id of the account. */
  readonly account: string;
  readonly parameters: ActionParameters;
  /** The first attempt's instant: sessions begun before it are meant. */
  readonly intendedAt: Instant;
  readonly signal: AbortSignal;
}

/** What became of one call. Never throws for what a provider answers; throws `AppError` only for broken configuration. */
export type Receipt =
  | { readonly outcome: 'done'; readonly affected: number }
  | { readonly outcome: 'already' }
  | { readonly outcome: 'refused'; readonly code: string }
  | { readonly outcome: 'failed'; readonly code: string; readonly retryAfterMs?: number }
  /** The request may have reached the provider and its answer was lost. */
  | { readonly outcome: 'unknown'; readonly code: string };

/** The provider's state, read after the action. */
export type ReadBack =
  | { readonly inForce: true; readonly residualAccessMs: number }
  | { readonly inForce: false; readonly code: string }
  | { readonly inForce: null; readonly code: string; readonly retryAfterMs?: number };

export interface DirectoryPerson {
  /** The provider's id of the account. */
  readonly externalId: string;
  readonly emails: readonly string[];
  readonly upn?: string;
  /** `iss` + `sub` pairs under which the person is named in tokens. */
  readonly issSub: readonly { readonly iss: string; readonly sub: string }[];
  readonly employeeNumber?: string;
  readonly status: 'active' | 'suspended' | 'disabled';
  readonly groups: readonly string[];
  readonly tier: 'none' | 'standing' | 'tier0';
}

export interface Adapter {
  readonly manifest: Manifest;
  /** Carries out one action. Repeating it with the same key and parameters has no further effect. */
  act(order: ActionOrder): Promise<Receipt>;
  /** Reads whether the action is in force now. Does not change anything. */
  readBack(order: ActionOrder): Promise<ReadBack>;
  /** All people of the provider's directory, page by page. Absent where the provider has none. */
  people?(signal: AbortSignal): AsyncIterable<readonly DirectoryPerson[]>;
  /**
   * The one person of the directory whom an identifier names exactly; undefined where nobody is, and for formats that the provider does
   * not know people by. Throws where it could not be asked. Absent where the provider has no directory.
   */
  find?(identifier: IdentifierKey, signal: AbortSignal): Promise<DirectoryPerson | undefined>;
  /** Events that the provider sends to us. Absent where it sends none. */
  readonly hook?: EventHook;
  /** Events that we fetch. Absent where there is nothing to fetch. */
  readonly feed?: EventFeed;
  /** The provider's own record of whom it sends events to. Absent where it keeps none that we could read. */
  readonly subscription?: Subscription;
  /** Tries the connection: reachable, credentials, permissions. */
  probe(signal: AbortSignal): Promise<readonly ProbeResult[]>;
  /** Requests below the adapter's own mount path, for an adapter that must listen. */
  handler?(request: IncomingMessage, response: ServerResponse): void;
  close?(): Promise<void>;
}

export interface ProbeResult {
  readonly check: string;
  readonly ok: boolean;
  /** What a person does about it: the missing grant by the provider's own name. */
  readonly hint?: string;
  /** Whether it is needed to read, or to act. */
  readonly for?: 'read' | 'write';
}

export interface HookRequest {
  readonly method: string;
  /** In lower case; undefined where the request has none. */
  header(name: string): string | undefined;
  readonly body: Uint8Array;
}

/** What a request at `/hooks/{connection}` comes to. `answer` is the provider's own handshake. */
export type HookReply =
  | { readonly kind: 'answer'; readonly status: 200 | 204; readonly json?: unknown }
  | { readonly kind: 'refused'; readonly status: 400 | 401 | 403 | 404 | 405 | 415; readonly code: string }
  | { readonly kind: 'events'; readonly events: readonly ProviderEvent[] };

export interface EventHook {
  /** Largest body; beyond it nothing is read. */
  readonly limitBytes: number;
  /** Proves who sent it, in constant time, before anything of the body is read. Pure but for the instant. */
  receive(request: HookRequest, receivedAt: Instant): HookReply;
}

export interface FeedPage {
  readonly events: readonly ProviderEvent[];
  /** Where to read on, in the provider's words; kept with what the page brought. */
  readonly cursor: string;
  /** Whether more waits there already. */
  readonly more: boolean;
}

export interface EventFeed {
  /** Between two readings that found nothing more. */
  readonly everyMs: number;
  /**
   * The page behind `cursor`; undefined: from where a new connection begins. Throws where the provider could not be asked; a
   * `FeedDelay` says when to come again.
   */
  read(cursor: string | undefined, signal: AbortSignal): Promise<FeedPage>;
  /** What happened in a span, read once more; may repeat what was read before. Absent where the provider cannot. */
  between?(from: Instant, to: Instant, signal: AbortSignal): AsyncIterable<readonly ProviderEvent[]>;
}

/** The provider asks us to come later. */
export class FeedDelay extends Error {
  readonly delayMs: number;
  constructor(delayMs: number) {
    super('come later');
    this.delayMs = delayMs;
  }
}

export interface SubscriptionState {
  readonly id: string | null;
  readonly active: boolean;
  readonly address: string | null;
  /** Of what we want to hear: what it leaves out, by the provider's own names. */
  readonly missing: readonly string[];
}

export interface Subscription {
  status(signal: AbortSignal): Promise<SubscriptionState>;
  /** Makes or mends it for events to be sent to `address`, verifies and activates it. Repeating it changes nothing. */
  ensure(address: string, signal: AbortSignal): Promise<SubscriptionState>;
  remove(signal: AbortSignal): Promise<void>;
  /** The same by hand, for those who give us no right to: steps in the provider's own words. */
  steps(address: string): readonly string[];
}

/**
 * How an adapter reads one event of its provider. Nothing of it is believed yet: a door in `signals`, which knows how the event was
 * proven, makes a `Verified<Arrival>` of a signal and counts the rest.
 */
export type ProviderEvent =
  | { readonly kind: 'signal'; readonly signal: ProviderSignal }
  | { readonly kind: 'confirmation'; readonly confirmation: ProviderConfirmation }
  | {
      readonly kind: 'none';
      readonly reason: NoSignal;
      /** For `unknownType`: what the provider calls it, at most 128 characters. */
      readonly event?: string;
    };

/**
 * An arrival but for what the door knows: its own connection's id and kind, the instant of arrival, and who proved it. `raw` is the one
 * event, written as JSON again. Of the marks the door keeps those whose class the connection may report, once what they need is known.
 */
export interface ProviderSignal extends Omit<Arrival, 'source' | 'sourceKind' | 'receivedAt' | 'marks' | 'provenBy' | 'by' | 'behind'> {
  readonly marks: readonly ReportedMark[];
}

export interface ReportedMark {
  readonly mark: Mark;
  readonly by: Initiator;
  readonly needs?: MarkNeed;
}

/** Who did what an event tells of. `app`: a program with a credential of its own; `provider`: its staff, rules and machinery. */
export type Initiator = 'self' | 'admin' | 'app' | 'provider';

/**
 * What one event cannot show. `readBack`: that no session is left. `mfaInSession`: that the session had passed a second factor.
 * `demandedMfa`: that we or a rule of the provider asked for it, with a factor enrolled a week before; its time is then that of the asking.
 */
export type MarkNeed = 'readBack' | 'mfaInSession' | 'demandedMfa';

/**
 * Caused with a credential of ours. It says that an action took effect, and nothing about the person. One that no action explains is
 * somebody else with our credential.
 */
export interface ProviderConfirmation extends Pick<ProviderSignal, 'type' | 'occurredAt' | 'claim' | 'dedupeKey' | 'raw' | 'txn'> {
  /** What the provider calls the event. */
  readonly event: string;
}

/**
 * Why an event is no signal. `context`: known, and says nothing by itself. `notDone`: was tried and did not happen. `ownHealth`: about
 * the provider's service or our connection to it. `internal`: not meant for us by the provider. `unknownType`: not in the adapter's table.
 * `malformed`: no event by its form. `unstorable`: holds NUL or half a character. `tooLarge`: over the adapter's limit.
 */
export type NoSignal = 'context' | 'notDone' | 'ownHealth' | 'internal' | 'unknownType' | 'malformed' | 'unstorable' | 'tooLarge';

/** Records that an adapter keeps between restarts, apart for each connection. */
export interface AdapterStorage {
  get(kind: string, key: string): Promise<StoredRecord | undefined>;
  /** Inserts or replaces. With `unless`, does nothing and answers false where a record of that kind and key does not exist. */
  put(kind: string, key: string, record: StoredRecord, options?: { onlyIf?: { kind: string; key: string } }): Promise<boolean>;
  delete(kind: string, key: string): Promise<boolean>;
  /** Records of one kind under an index value, newest first. */
  find(kind: string, index: StorageIndex, value: string): Promise<readonly (StoredRecord & { key: string })[]>;
  /** Deletes every record, of any of the kinds, under an index value; answers how many. One statement. */
  deleteBy(kinds: readonly string[], index: StorageIndex, value: string): Promise<number>;
  list(kind: string, after: string | undefined, limit: number): Promise<readonly (StoredRecord & { key: string })[]>;
}

export type StorageIndex = 'account' | 'grant' | 'uid';

export interface StoredRecord {
  readonly value: Readonly<Record<string, unknown>>;
  readonly account?: string;
  readonly grant?: string;
  readonly uid?: string;
  readonly expiresAt?: Instant;
}

export interface AdapterContext<Settings> {
  readonly connectionId: string;
  readonly settings: Settings;
  readonly http: HttpClient;
  readonly storage: AdapterStorage;
  readonly clock: Clock;
  readonly log: Log;
  readonly random: (size: number) => Uint8Array;
  /** Our own origin, e.g. `http://127.0.0.1:8440`, for an adapter that listens. */
  readonly origin: string;
  /** The connection's `trial`: a tenant without real people. Absent: false. */
  readonly trial?: boolean;
  /** Secrets derived for this connection and name, the same in all processes. */
  secret(name: string): Uint8Array;
}

export interface AdapterDefinition<S extends z.ZodType = z.ZodType> {
  readonly provider: string;
  readonly manifest: Manifest;
  /** The members of a connection beside `id` and `provider`. */
  readonly settings: S;
  create(context: AdapterContext<z.output<S>>): Promise<Adapter>;
}
