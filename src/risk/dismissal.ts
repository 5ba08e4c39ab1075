/** What a person takes back by calling a signal false: the marks for it, and the occurrences that they reach. */
import type { Instant } from '../model/clock.ts';
import type { EvidenceState } from '../model/risk.ts';
import type { Mark } from '../model/signal.ts';
import type { DismissalScope } from '../model/verdict.ts';
import type { Occurrence } from './assess.ts';
import { bucketOf, compareFamilies } from './evidence.ts';
import type { RiskModel } from './model.ts';
import { reliefOf } from './relief.ts';

export interface Dismissal {
  readonly marks: readonly Mark[];
  /** Occurrences of the evidence that the marks dismiss; `at` is their latest event. */
  readonly reaches: readonly Occurrence[];
}

/**
 * Looked up in the evidence as it stands: what has faded or was pushed out leaves nothing to dismiss, and what arrives later is not
 * meant. `at` is the instant of the dismissal.
 */
export function dismissalOf(scope: DismissalScope, judged: Occurrence, evidence: EvidenceState, at: Instant): Dismissal {
  const { type, band, source } = judged.family;
  const all = evidence.families
    .filter((family) => family.type === type)
    .flatMap(({ seen, ...family }) => seen.map(([key, time]): Occurrence => ({ family, key, at: time })));
  switch (scope) {
    case 'occurrence': {
      const reaches = all.filter((each) => isSameOccurrence(each, judged));
      return { marks: reaches.map(({ family, key, at: until }) => ({ kind: 'occurrence', ...family, key, until })), reaches };
    }
    case 'family': {
      const reaches = all.filter((each) => each.at <= at && each.family.band === band && each.family.source === source);
      return { marks: reaches.length === 0 ? [] : [{ kind: 'target', type, band, source, at }], reaches };
    }
    case 'type': {
      const reaches = all.filter((each) => each.at <= at);
      const targets = new Map(reaches.map(({ family }) => [`${family.band} ${family.source}`, family]));
      return {
        marks: [...targets.values()].map((family) => ({ kind: 'target', type, band: family.band, source: family.source, at })),
        reaches,
      };
    }
    default:
      return scope satisfies never;
  }
}

/** Whether two events lie on each other: one family, one key, the same ten minutes. */
export function isSameOccurrence(a: Occurrence, b: Occurrence): boolean {
  return (
    a.key === b.key && bucketOf(a.at) === bucketOf(b.at) && compareFamilies({ ...a.family, seen: [] }, { ...b.family, seen: [] }) === 0
  );
}

/** Whether the evidence's marks take the occurrence out. */
export function isDismissed({ family, key, at }: Occurrence, evidence: EvidenceState, now: Instant, model: RiskModel): boolean {
  return reliefOf(evidence, now, model).dismisses(family, key, at);
}
