/**
 * What comes of a provider's events, by hook or by poll, once its adapter has proven and read them: one connection speaks under its own
 * name, takes back only what it may, and of each event only that is kept which the store can hold.
 */
import type { MarkNeed, NoSignal, ProviderConfirmation, ProviderEvent, ProviderSignal, ReportedMark } from '../adapters/contract.ts';
import type { Instant } from '../model/clock.ts';
import type { Arrival, Mark, SourceKind, Verified } from '../model/signal.ts';
import { markVerified } from './verified.ts';

export interface HookDoorOptions {
  /** Id of the connection. */
  readonly source: string;
  readonly sourceKind: SourceKind;
  /** Remediation classes that its manifest lets it report. */
  readonly marks: readonly string[];
}

/** Why a reported remediation does not count. */
export type DroppedMark = 'class' | MarkNeed;

export interface HookReading {
  readonly arrivals: readonly Verified<Arrival>[];
  readonly confirmations: readonly ProviderConfirmation[];
  /** How many events were no signals, by reason. */
  readonly silent: ReadonlyMap<NoSignal, number>;
  /** Event types that the adapter does not know, each once. */
  readonly unknown: ReadonlySet<string>;
  readonly droppedMarks: ReadonlyMap<DroppedMark, number>;
}

export interface HookDoor {
  /** Never throws: an event that cannot be taken costs no other. */
  read(events: readonly ProviderEvent[], receivedAt: Instant): HookReading;
}

/**
 * Needs that are met today: none. Reading sessions back after an administrator ended them, knowing that a session had passed a second
 * factor, and knowing that a prompt was demanded, each want state that nobody keeps yet; an unmet need means that nothing is taken back.
 */
const met: ReadonlySet<MarkNeed> = new Set();

const longestRaw = 65_536;
const longestKey = 256;
const mostFacts = 32;

export function createHookDoor({ source, sourceKind, marks }: HookDoorOptions): HookDoor {
  const allowed = new Set(marks);

  function faultOf({ mark, needs }: ReportedMark): DroppedMark | undefined {
    if (!allowed.has(mark.kind === 'class' ? mark.class : 'admin_dismiss') || !isOwn(mark, source)) return 'class';
    return needs === undefined || met.has(needs) ? undefined : needs;
  }

  /** Member by member, so that an adapter says nothing that only a door can know. */
  function arrive(signal: ProviderSignal, kept: readonly Mark[], receivedAt: Instant): Arrival {
    const { type, cause, severity, occurredAt, claim, facts, circumstances, dedupeKey, raw, quarantine, txn } = signal;
    return {
      ...{ type, source, sourceKind, cause, severity, occurredAt, receivedAt, claim, facts, circumstances, marks: kept, dedupeKey, raw },
      ...(quarantine === undefined ? {} : { quarantine }),
      ...(txn === undefined ? {} : { txn }),
    };
  }

  return {
    read(events, receivedAt) {
      const arrivals: Verified<Arrival>[] = [];
      const confirmations: ProviderConfirmation[] = [];
      const silent = new Map<NoSignal, number>();
      const unknown = new Set<string>();
      const droppedMarks = new Map<DroppedMark, number>();
      for (const event of events) {
        if (event.kind === 'none') {
          count(silent, event.reason);
          if (event.event !== undefined) unknown.add(event.event);
          continue;
        }
        const read = event.kind === 'signal' ? event.signal : event.confirmation;
        const refused = whyNotStored(read);
        if (refused !== undefined) count(silent, refused);
        else if (event.kind === 'confirmation') confirmations.push(event.confirmation);
        else {
          const kept: Mark[] = [];
          for (const reported of event.signal.marks) {
            const fault = faultOf(reported);
            if (fault === undefined) kept.push(reported.mark);
            else count(droppedMarks, fault);
          }
          arrivals.push(markVerified(arrive(event.signal, kept, receivedAt)));
        }
      }
      return { arrivals, confirmations, silent, unknown, droppedMarks };
    },
  };
}

/** What one provider said is not taken back by another. */
function isOwn(mark: Mark, source: string): boolean {
  return mark.kind === 'class' || mark.source === source;
}

function count<Key>(counts: Map<Key, number>, key: Key): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

/** The limits of every door. */
function whyNotStored({ raw, dedupeKey, ...rest }: ProviderSignal | ProviderConfirmation): 'tooLarge' | 'unstorable' | undefined {
  const facts = 'facts' in rest ? rest.facts : {};
  if (raw.length > longestRaw || Buffer.byteLength(dedupeKey) > longestKey || Object.keys(facts).length > mostFacts) return 'tooLarge';
  return [raw, dedupeKey, rest.claim, rest.txn, facts, 'circumstances' in rest ? rest.circumstances : undefined].every(isStorable)
    ? undefined
    : 'unstorable';
}

function isStorable(value: unknown): boolean {
  if (typeof value === 'string') return value.isWellFormed() && !value.includes('\0');
  if (typeof value === 'number') return Number.isFinite(value);
  return typeof value !== 'object' || value === null || Object.values(value).every(isStorable);
}
