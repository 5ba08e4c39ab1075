/**
 * What every provider adapter promises. An adapter is a folder with an `index.ts` that exports an `AdapterDefinition`; `app.ts`
 * imports it only when a connection of that provider is configured.
 */

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { z } from 'zod';
import type { ActionParameters, ActionType } from '../model/action.ts';
import type { Clock, Instant } from '../model/clock.ts';
import type { Log } from '../model/log.ts';
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
  /** Permissions that the credentials need, by the provider's own names. */
  readonly permissions: readonly string[];
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
  /** Tries the connection: reachable, credentials, permissions. */
  probe(signal: AbortSignal): Promise<readonly ProbeResult[]>;
  /** Requests below the adapter's own mount path, for an adapter that must listen. */
  handler?(request: IncomingMessage, response: ServerResponse): void;
  close?(): Promise<void>;
}

export interface ProbeResult {
  readonly check: string;
  readonly ok: boolean;
  readonly hint?: string;
}

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
