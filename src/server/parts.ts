/** What the server is given by `app.ts`. It knows HTTP; everything else stands behind these functions. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock, Instant } from '../model/clock.ts';
import type { IncidentVerdict } from '../model/incident.ts';
import type { Log } from '../model/log.ts';
import type { Role } from '../model/operator.ts';
import type { PauseScope } from '../model/pause.ts';
import type { Acknowledgement } from '../model/signal.ts';
import type { DismissalScope, Verdict } from '../model/verdict.ts';
import type { SubscriptionPort } from './subscription-port.ts';
import type { UndoPort } from './undo-port.ts';

/** Who asks: a token, or a person who signed in. */
export interface Caller {
  readonly name: string;
  readonly roles: readonly Role[];
  /** Signal types that it may send; absent: any. */
  readonly types?: readonly string[];
}

export interface PushReply {
  /** Null: 202 with an empty body. */
  readonly refused: {
    readonly status: number;
    readonly err: string;
    readonly description: string;
    readonly retryAfterSeconds?: number;
  } | null;
}

/** One request at a connection's hook, its body read up to the limit. */
export interface HookRequest {
  readonly method: string;
  header(name: string): string | undefined;
  readonly body: Uint8Array | 'tooLarge';
}

/** The provider looks at the status alone; `json` is its own handshake. */
export interface HookAnswer {
  readonly status: number;
  readonly json?: unknown;
}

export interface HookRoute {
  readonly limitBytes: number;
  /** Resolves once everything is stored and decided. Throws `store.unavailable` where the provider should send again. */
  receive(request: HookRequest): Promise<HookAnswer>;
}

export interface SignalReply {
  readonly refused: {
    readonly code:
      | 'request.invalid'
      | 'request.unprocessable'
      | 'auth.forbidden'
      | 'request.tooLarge'
      | 'request.mediaType'
      | 'request.tooMany';
    readonly detail: string;
  } | null;
  readonly accepted: Acknowledgement | null;
}

/** A page of a list: `after` is the id of the last record seen. */
export interface PageRequest {
  readonly limit: number;
  readonly after: string | undefined;
}

export type Filter = Readonly<Record<string, string>>;
export type Item = Readonly<Record<string, unknown>> & { readonly id: string };

/** Reading of one kind of record. Items are shaped as `contract` says; instants are RFC 3339. */
export interface RecordReader {
  list(filter: Filter, page: PageRequest, caller: Caller): Promise<readonly Item[]>;
  get(id: string, query: Filter, caller: Caller): Promise<Item | undefined>;
  /** What stands beside the items of a page, said of all of them together. */
  about?(filter: Filter, items: readonly Item[]): Readonly<Record<string, unknown>>;
}

/** What a person's score is asked for; instants are RFC 3339. */
export interface IdentityQuestion {
  readonly at?: string | undefined;
  readonly as: 'known-now' | 'known-then';
  /** Range of the curve; a week before and after where it is not given. */
  readonly from?: string | undefined;
  readonly to?: string | undefined;
}

export interface LogFile {
  readonly bytes: Uint8Array;
  readonly mediaType: string;
  readonly immutable: boolean;
}

export interface BreakerItem {
  readonly id: string;
  readonly condition: string;
  readonly detail: string;
  readonly openedAt: string;
  readonly until: string;
  readonly open: boolean;
  readonly closedAt: string | null;
  readonly closedBy: string | null;
}

export interface OrderRequest {
  /** Id or alias. */
  readonly identityId: string;
  readonly actions: readonly {
    readonly type: string;
    readonly connection?: string | undefined;
    readonly parameters?: Readonly<Record<string, string | number | boolean>> | undefined;
  }[];
  readonly reason: string;
}

/** When a connection was last heard, and what is wrong with it. */
export interface HeardView {
  readonly pushedAt: Instant | null;
  readonly polledAt: Instant | null;
  /** When the place that was read up to was last written. */
  readonly cursorAt: Instant | null;
  readonly gaps: readonly { readonly id: string; readonly from: Instant; readonly to: Instant; readonly reason: string }[];
  readonly alarms: readonly { readonly code: string; readonly since: Instant }[];
}

export interface StatusView {
  readonly version: string;
  readonly startedAt: Instant;
  readonly organisation: string;
  readonly kind: string;
  readonly enforcement: string;
  readonly overrides: readonly string[];
  readonly pauses: readonly { readonly id: string; readonly since: Instant; readonly scope: string; readonly until: Instant | null }[];
  /** The one that is open. */
  readonly breaker: { readonly id: string; readonly detail: string; readonly since: Instant; readonly until: Instant } | null;
  readonly connections: readonly { readonly id: string; readonly provider: string; readonly profile: string; readonly heard: HeardView }[];
  readonly transmitters: readonly { readonly id: string; readonly issuer: string }[];
  readonly people: number;
  readonly bundleHash: string;
  readonly policies: readonly { readonly id: string; readonly version: number; readonly title: string; readonly mode: string }[];
  readonly sinks: readonly {
    readonly id: string;
    readonly waiting: number;
    readonly dead: number;
    readonly gone: boolean;
    readonly code: string | null;
  }[];
  readonly ledger: { readonly size: number; readonly signedAt: Instant | null; readonly waiting: number };
}

export interface ServerParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly random: (size: number) => Uint8Array;
  readonly version: string;
  readonly trustProxy: boolean | number | readonly string[];
  readonly basePath: string;
  readonly metricsOpen: boolean;
  /** They have a listener of their own. */
  readonly metricsApart: boolean;
  /** Reads JSON of a stranger: no member twice, bounded depth, nothing that the store cannot hold. */
  parseJson(bytes: Uint8Array): { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly fault: string };
  push(transmitter: string, request: PushRequest): Promise<PushReply> | undefined;
  /** Undefined where there is no such connection, or nothing is taken from it. */
  hook(connection: string): HookRoute | undefined;
  signal(body: Uint8Array, caller: Caller, receivedAt: Instant): Promise<SignalReply>;
  /** The caller of a bearer token; undefined where it does not count. */
  callerOf(token: string): Promise<Caller | undefined>;
  readonly signIn: {
    /** Uses a one-time code up; answers the session's secret, or undefined. */
    redeem(code: string): Promise<string | undefined>;
    callerOf(session: string): Promise<Caller | undefined>;
    end(session: string): Promise<void>;
  };
  readonly records: Readonly<
    Record<'signals' | 'identities' | 'decisions' | 'plans' | 'incidents' | 'actions' | 'connections' | 'policies', RecordReader>
  >;
  /**
   * Makes the person `id` the person `into`, both by id or alias. Throws `notFound`, `request.unprocessable` or `conflict`; repeated
   * where they are one already.
   */
  merge(id: string, into: string, reason: string, caller: Caller): Promise<{ readonly id: string; readonly repeated: boolean }>;
  /** What the verdict `false` would dismiss now; answers and throws as `verdict`. */
  dismissal(decisionId: string, scope: DismissalScope, caller: Caller): Promise<Item | undefined>;
  /** A person's word on a decision; undefined where there is no such decision. Throws `conflict` where it can have none. */
  verdict(
    decisionId: string,
    given: { readonly verdict: Verdict; readonly scope: DismissalScope; readonly reason: string },
    caller: Caller,
  ): Promise<Item | undefined>;
  /** What people decide on plans. Undefined where there is no such plan; throws `conflict` where the word does not count. */
  readonly plans: {
    /** A person's order about somebody; undefined where there is no such person. */
    order(given: OrderRequest, caller: Caller): Promise<Item | undefined>;
    approve(
      given: { readonly planIds: readonly string[]; readonly hash: string; readonly reason: string },
      caller: Caller,
    ): Promise<unknown>;
    deny(id: string, reason: string, caller: Caller): Promise<unknown>;
    hold(id: string, reason: string, caller: Caller): Promise<unknown>;
    release(id: string, reason: string, caller: Caller): Promise<unknown>;
  };
  readonly subscriptions: SubscriptionPort;
  readonly undo: UndoPort;
  /** The incident with its decisions and where each stands in the log; undefined where there is none. */
  exportIncident(id: string): Promise<Item | undefined>;
  /** One word for the whole incident; said again it goes on where it was left. Throws `conflict` where another was said. */
  judgeIncident(
    id: string,
    given: { readonly verdict: IncidentVerdict; readonly reason: string },
    caller: Caller,
  ): Promise<Item | undefined>;
  replay(decisionId: string, bundle: 'stored' | 'active'): Promise<Item | undefined>;
  /** Undefined where there is no such person or decision, or what it was made of has been erased. */
  explainIdentity(id: string, question: IdentityQuestion, caller: Caller): Promise<Item | undefined>;
  explainDecision(decisionId: string, caller: Caller): Promise<Item | undefined>;
  proof(decisionId: string, caller: Caller): Promise<string | undefined>;
  ledgerFile(path: string): Promise<LogFile | undefined>;
  consistency(from: number, to: number): Promise<unknown>;
  ledgerKeys(): Promise<readonly string[]>;
  /** Throws `request.unprocessable` where the scope names what is not there: such a pause would hold nothing. */
  pause(scope: PauseScope, reason: string, until: Instant | undefined, caller: Caller): Promise<{ readonly id: string }>;
  /** Answers the ended pause, or why none was ended. */
  resume(id: string | undefined, caller: Caller): Promise<{ readonly id: string } | { readonly refused: string }>;
  /** The last hundred, newest first; instants are RFC 3339. */
  breakers(): Promise<readonly BreakerItem[]>;
  /** Throws `notFound` or `conflict`. */
  closeBreaker(id: string, reason: string, caller: Caller): Promise<{ readonly id: string }>;
  status(): Promise<StatusView>;
  ready(): Promise<{ readonly ok: boolean; readonly checks: Readonly<Record<string, string>> }>;
  metrics(): Promise<{ readonly text: string; readonly type: string }>;
  /** Counts an answer by route and status. */
  answered(route: string, status: number, elapsedMs: number): void;
  /** What adapters serve below `/idp`. */
  idp?(request: IncomingMessage, response: ServerResponse): void;
}

export interface PushRequest {
  readonly method: string;
  readonly contentType: string | undefined;
  readonly authorization: string | undefined;
  readonly body: Uint8Array | 'tooLarge';
  readonly receivedAt: Instant;
}
