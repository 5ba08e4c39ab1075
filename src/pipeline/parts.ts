/** What the pipeline is given by `app.ts`: the store, the keys, the judging that is in force, and whom to wake afterwards. */
import type { KeyObject } from 'node:crypto';
import type { PlanRef } from '../actions/index.ts';
import type { Bundle } from '../engine/bundle.ts';
import type { Instant } from '../model/clock.ts';
import type { IdentityId, IdMaker, PlanId, RandomBytes } from '../model/ids.ts';
import type { Log } from '../model/log.ts';
import type { Notice } from '../model/notice.ts';
import type { Pause } from '../model/pause.ts';
import type { JudgingSettings } from '../model/settings.ts';
import type { SourceKind } from '../model/signal.ts';
import type { OpenBreaker, Standing } from '../model/situation.ts';
import type { SettleSession } from '../store/settle-session.ts';
import type { Statement } from '../store/statement.ts';

/** What is judged by, one consistent set a batch. */
export interface JudgingState {
  readonly bundle: Bundle;
  readonly settings: JudgingSettings;
  readonly configHash: string;
  readonly pauses: readonly Pause[];
  readonly breaker: OpenBreaker | undefined;
  readonly population: number;
  /** How many people are in a group that says department, role or site; undefined for any other. */
  readonly groupSizeOf: (group: string) => number | undefined;
  /** What guards ask before something goes far. */
  readonly standing: Standing;
  /** Aliases and addresses by which lists of people name somebody; undefined where none does. */
  readonly listNames: (id: IdentityId) => readonly string[] | undefined;
  /** When a source was first heard; `undefined` for one that never was. */
  readonly sourceSince: (source: string) => Instant | undefined;
  /** What the configuration calls a source; undefined for one that it does not name any more. */
  readonly kindOf: (source: string) => SourceKind | undefined;
}

export interface PipelineParts {
  readonly judging: () => JudgingState;
  /** Runs `work` in one transaction on the settling connection; rolls back and throws on what `work` throws. */
  readonly transaction: <T>(work: (session: SettleSession) => Promise<T>) => Promise<T>;
  readonly keys: {
    readonly connectionKey: (connection: string) => Promise<KeyObject>;
    readonly personKeyOf: (id: IdentityId, wrapped: Uint8Array) => KeyObject;
    /** Pseudonym of a text that belongs to a person or, where nobody is known, to a connection. */
    readonly ref: (key: KeyObject, text: string) => string;
    /** Pseudonym under the service's own key: the same whoever is behind the text. */
    readonly pseudonym: (kind: string, text: string) => string;
  };
  /** Statements that send one job a plan, in the settling transaction. */
  readonly jobs: (plans: readonly PlanRef[]) => Promise<readonly Statement[]>;
  /** Statements that have others told, in the settling transaction. */
  readonly notices: (notices: readonly Notice[], at: Instant) => readonly Statement[];
  readonly ids: IdMaker;
  readonly random: RandomBytes;
  readonly log: Log;
  /** Called after a commit; must not throw. */
  readonly committed: (result: {
    readonly released: readonly PlanId[];
    readonly newSources: readonly string[];
    readonly at: Instant;
  }) => void;
}

/** The key of each source's connection; it seals what belongs to nobody we know. */
export async function keysOf(
  items: readonly { readonly arrival: { readonly source: string } }[],
  keys: Pick<PipelineParts['keys'], 'connectionKey'>,
): Promise<ReadonlyMap<string, KeyObject>> {
  const sources = [...new Set(items.map((item) => item.arrival.source))];
  return new Map(await Promise.all(sources.map(async (source) => [source, await keys.connectionKey(source)] as const)));
}
