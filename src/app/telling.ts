/** Has others told: notices are written in the transaction of what they tell, and sent from here, each receiver by itself. */
import type { Instant } from '../model/clock.ts';
import type { IdentityId, IdMaker } from '../model/ids.ts';
import type { Notice } from '../model/notice.ts';
import type { Settings } from '../settings/index.ts';
import { type Delivery, type Message, waitAfter } from '../sinks/index.ts';
import type { Tx } from '../store/db.ts';
import { incidentPeople, incidentSummary } from '../store/incident-read.ts';
import {
  type ClaimedNotice,
  claimNotice,
  countNotices,
  emailsOf,
  endAttempt,
  giveUpWaiting,
  insertNotices,
  isGone,
  markGone,
  type NoticeEnd,
} from '../store/notices.ts';
import type { Store } from '../store/open.ts';
import type { Statement } from '../store/statement.ts';
import type { CoreOptions } from './core.ts';
import { formsOf } from './notice-forms.ts';
import { openReceiver, type Receiver } from './receivers.ts';
import { repeat } from './system.ts';
import { incidentView } from './views.ts';

export interface Telling {
  /** Statements for the transaction of what is told; none where nobody wants to know. */
  statements(notices: readonly Notice[], at: Instant): readonly Statement[];
  /** The same, outside a settle batch. */
  tell(tx: Tx, notices: readonly Notice[], at: Instant): Promise<void>;
  /** What each receiver has not been told. */
  status(): Promise<
    readonly {
      readonly id: string;
      readonly waiting: number;
      readonly dead: number;
      readonly gone: boolean;
      readonly code: string | null;
    }[]
  >;
  start(): void;
  stop(): Promise<void>;
}

export interface TellingParts extends Pick<CoreOptions, 'clock' | 'log'> {
  readonly settings: Settings;
  readonly store: Store;
  readonly ids: IdMaker;
  /** Where people look; mail names it. */
  readonly statusUrl: string;
}

const lookEveryMs = 1_000;
/** Longer than an attempt takes: after it whoever claimed the notice is taken to be dead. */
const leaseMs = 45_000;
/** People that one notice names at most. */
const namedPeople = 100;

export function createTelling(parts: TellingParts): Telling {
  const { settings, store, ids, statusUrl, clock, log } = parts;
  const receivers = settings.sinks.map((sink) => openReceiver(sink, { network: settings.network, clock, log }));
  const ending = new AbortController();
  let running: readonly { stop(): Promise<void> }[] = [];

  const statements: Telling['statements'] = (notices, at) => {
    const rows = notices.flatMap((notice) =>
      receivers
        .filter((receiver) => receiver.settings.events?.includes(notice.type) ?? true)
        .map((receiver) => ({ ...notice, id: ids.next(at) as string, sink: receiver.settings.id })),
    );
    return rows.length === 0 ? [] : [insertNotices(rows, at)];
  };

  return {
    statements,
    async tell(tx, notices, at) {
      for (const { text, values } of statements(notices, at)) await tx.query({ text, values: [...values] });
    },
    async status() {
      const counts = new Map((await countNotices(store)).map((count) => [count.sink, count]));
      return Promise.all(
        receivers.map(async ({ settings: { id }, addressHash }) => {
          const { waiting = 0, dead = 0, code = null } = counts.get(id) ?? {};
          return { id, waiting, dead, gone: await isGone(store, id, addressHash), code };
        }),
      );
    },
    start() {
      running = receivers.map((receiver) =>
        repeat(
          clock,
          lookEveryMs,
          () => deliverDue(receiver),
          (error) => log.warn({ sink: receiver.settings.id, error: (error as Error).name }, 'notice.workFailed'),
        ),
      );
    },
    async stop() {
      ending.abort();
      await Promise.all(running.map((task) => task.stop()));
      await Promise.all(receivers.map((receiver) => receiver.close()));
    },
  };

  /** One at a time: a receiver that hangs is asked by one call, and nobody else waits for it. */
  async function deliverDue(receiver: Receiver): Promise<void> {
    const { id } = receiver.settings;
    if (await isGone(store, id, receiver.addressHash)) {
      const lost = await giveUpWaiting(store, id, 'gone', clock.now());
      if (lost > 0) log.error({ sink: id, notices: lost }, 'notice.dead');
      return;
    }
    while (!ending.signal.aborted) {
      const at = clock.now();
      const notice = await claimNotice(store, id, at, at + leaseMs);
      if (notice === undefined) return;
      const message = await compose(notice, receiver.settings.people);
      const delivery = await receiver.sink.deliver(message, ending.signal);
      if (delivery.kind === 'gone') {
        await markGone(store, id, receiver.addressHash, clock.now());
        log.error({ sink: id }, 'sink.gone');
      }
      const end = endOf(delivery, notice.attempts, clock.now(), ending.signal.aborted);
      await endAttempt(store, notice.id, end, clock.now());
      if (end.state === 'dead') log.error({ sink: id, noticeId: notice.id, type: notice.type, code: end.code }, 'notice.dead');
      if (delivery.kind === 'failed' || delivery.kind === 'gone') return;
    }
  }

  async function compose(notice: ClaimedNotice, withPeople: boolean): Promise<Message> {
    const { id, about, type } = notice;
    const incident = about !== null && type.startsWith('incident.') ? await incidentSummary(store, about) : undefined;
    const meant: readonly IdentityId[] = withPeople
      ? incident === undefined
        ? notice.people
        : await incidentPeople(store, incident.id, namedPeople)
      : [];
    const read = {
      ...(incident === undefined ? {} : { incident: incidentView(incident) }),
      ...(meant.length === 0 ? {} : { people: await emailsOf(store, meant) }),
    };
    return { id, at: clock.now(), ...formsOf(notice, read, statusUrl) };
  }
}

function endOf(delivery: Delivery, attempts: number, at: Instant, stopping: boolean): NoticeEnd {
  if (delivery.kind === 'delivered') return { state: 'delivered' };
  if (delivery.kind === 'gone') return { state: 'dead', code: 'gone' };
  if (delivery.kind === 'refused') return { state: 'dead', code: delivery.code };
  // We hung up ourselves: the next start tries at once.
  if (stopping) return { state: 'waiting', code: null, nextAt: at, uncounted: true };
  const wait = waitAfter(attempts, delivery.retryAfterMs);
  return wait === undefined ? { state: 'dead', code: delivery.code } : { state: 'waiting', code: delivery.code, nextAt: at + wait };
}
