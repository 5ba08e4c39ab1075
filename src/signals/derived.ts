/** What a detection found, as a signal of its own. The events behind it were proven one by one, each at its own door. */
import type { Instant } from '../model/clock.ts';
import { toRfc3339 } from '../model/clock.ts';
import type { IdMaker } from '../model/ids.ts';
import type { Arrival, Severity } from '../model/signal.ts';
import { type Item, toItem } from './item.ts';
import { markVerified } from './verified.ts';

export interface Derived extends Pick<Arrival, 'type' | 'claim' | 'circumstances'> {
  readonly detection: { readonly id: string; readonly version: number };
  /** Pseudonym of what the events were grouped by. */
  readonly keyHash: string;
  readonly finding: {
    readonly slice: Instant;
    readonly severity: Severity;
    readonly occurredAt: Instant;
    readonly facts: Readonly<Record<string, number>>;
    readonly sources: readonly string[];
  };
}

/** Detection, key, slice and severity name it, so that it is the same signal whoever finds it, and however often. */
export function derivedItem({ detection, keyHash, finding, type, claim, circumstances }: Derived, at: Instant, ids: IdMaker): Item {
  const { severity, occurredAt, facts, sources } = finding;
  const slice = toRfc3339(finding.slice);
  const arrival = markVerified<Arrival>({
    type,
    source: detection.id,
    sourceKind: 'siem',
    cause: 'risk',
    severity,
    occurredAt,
    receivedAt: at,
    claim,
    facts,
    circumstances,
    marks: [],
    ...(sources.length === 0 ? {} : { behind: sources }),
    dedupeKey: `${keyHash} ${slice} ${severity}`,
    raw: JSON.stringify({ detection: detection.id, version: detection.version, type, key: keyHash, slice, severity, facts }),
  });
  return toItem(arrival, ids);
}
