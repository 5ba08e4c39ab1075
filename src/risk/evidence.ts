/**
 * The evidence of a person as a set that only grows: merging takes the later time and keeps the most recent, so any order, repetition or
 * batching of the same signals ends in the same state.
 */
import type { Instant } from '../model/clock.ts';
import { type EvidenceFamily, type EvidenceState, emptyEvidence } from '../model/risk.ts';
import type { Mark, MarkClass, Severity } from '../model/signal.ts';
import { livesKept, type RiskModel } from './model.ts';
import { compareText } from './text-order.ts';

type Seen = EvidenceFamily['seen'][number];
type ClassMark = EvidenceState['marks']['classes'][number];
type TargetMark = EvidenceState['marks']['targets'][number];
type OccurrenceMark = EvidenceState['marks']['occurrences'][number];
type OwnMark = NonNullable<EvidenceState['own']>[number];

const bucketMs = 600_000;
const keptOfFamily = 16;
const keptOfSource = 128;
const keptScopes = 16;
const keptOwn = 16;

/** Number of the ten minutes in which an occurrence lies. */
export function bucketOf(at: Instant): number {
  return Math.floor(at / bucketMs);
}

/** Order of families: type, band, source, tag, each by UTF-8 bytes. */
export function compareFamilies(a: EvidenceFamily, b: EvidenceFamily): number {
  return compareText(a.type, b.type) || compareText(a.band, b.band) || compareText(a.source, b.source) || compareText(a.tag, b.tag);
}

/** The state of everything that either holds. */
export function mergeEvidence(a: EvidenceState, b: EvidenceState, model: RiskModel): EvidenceState {
  return mergeCounting(a, b, model).state;
}

/** As `mergeEvidence`, with the number of occurrences that the cap of a source pushed out. */
export function mergeCounting(a: EvidenceState, b: EvidenceState, model: RiskModel): { state: EvidenceState; dropped: number } {
  // Most signals leave nothing: the very same state tells callers that there is nothing to write.
  if (b === emptyEvidence) return { state: a, dropped: 0 };
  const merged = mergeSorted(a.families, b.families, compareFamilies, (left, right) => ({
    ...left,
    seen: mergeSeen(left.seen, right.seen),
  }));
  const { families, dropped } = capSources(merged, model);
  const state: EvidenceState = { v: 1, families, marks: mergeMarks(a.marks, b.marks, families) };
  return { state: a.own === undefined && b.own === undefined ? state : withOwn(state, mergeOwn(a.own ?? [], b.own ?? [])), dropped };
}

/** A state that holds one occurrence. */
export function oneOccurrence(family: Omit<EvidenceFamily, 'seen'>, key: string, at: Instant): EvidenceState {
  const { type, band, source, tag } = family;
  return { ...emptyEvidence, families: [{ type, band, source, tag, seen: [[key, at]] }] };
}

/**
 * A state that holds marks alone. A mark never reaches into the future: it is kept at its own time or at the arrival, whichever is
 * earlier. An MFA relieves unkeyed evidence and that of the session or device which answered it; a device's remediation without a device
 * and any other class with a scope are no relief and leave nothing.
 */
export function evidenceOfMarks(marks: readonly Mark[], arrivedAt: Instant, model: RiskModel): EvidenceState {
  let state: EvidenceState = emptyEvidence;
  const add = (part: Partial<EvidenceState['marks']>) => {
    state = mergeEvidence(state, { v: 1, families: [], marks: { ...emptyEvidence.marks, ...part } }, model);
  };
  for (const mark of marks) {
    if (mark.kind === 'occurrence') {
      // Its time is that of an event which has arrived, and covers nothing else.
      state = mergeEvidence(state, evidenceOfDismissal(mark, mark.key, mark.until), model);
      continue;
    }
    const at = Math.min(mark.at, arrivedAt);
    if (mark.kind === 'target') {
      add({ targets: [[mark.type, mark.band, mark.source, at]] });
      continue;
    }
    const scope = mark.scope ?? '';
    const perDevice = mark.class === 'device_remediated';
    const perScope = isScoped(mark.class) && (scope.startsWith('d:') || (scope.startsWith('s:') && !perDevice));
    if (perScope) add({ classes: [[mark.class, scope, at]] });
    if (perDevice || (scope !== '' && !isScoped(mark.class))) continue;
    add({ classes: [[mark.class, '', at]] });
  }
  return state;
}

/** A state that dismisses one occurrence up to the time of its latest event that is known. */
export function evidenceOfDismissal(family: Omit<EvidenceFamily, 'seen'>, key: string, until: Instant): EvidenceState {
  const mark: OccurrenceMark = [family.type, family.band, family.source, family.tag, key, bucketOf(until), until];
  return { ...emptyEvidence, marks: { ...emptyEvidence.marks, occurrences: [mark] } };
}

/** Without what can no longer move a score at `at` or later. Exact: the score is the same before and after, now and for ever. */
export function pruneEvidence(state: EvidenceState, at: Instant, model: RiskModel): EvidenceState {
  const over = (type: string, time: Instant) => {
    const halfLifeMs = model.types.get(type)?.halfLifeMs;
    return typeof halfLifeMs === 'number' && at - time > livesKept * halfLifeMs;
  };
  const lasting = [...model.types.values()].filter((type) => type.halfLifeMs === null && type.groupIndex >= 0);
  const coversLasting = (markClass: MarkClass) =>
    lasting.some((type) => (markClass === 'admin_dismiss' ? 0 : (model.remains[markClass]?.[type.groupIndex] ?? 1)) < 1);
  const long = (time: Instant) => at - time > model.longestMs;
  const families = state.families.flatMap((family) => {
    const seen = family.seen.filter(([, time]) => !over(family.type, time));
    if (seen.length === 0) return [];
    return seen.length === family.seen.length ? [family] : [{ ...family, seen }];
  });
  const pruned: EvidenceState = {
    v: 1,
    families,
    marks: {
      classes: state.marks.classes.filter(([markClass, , time]) => !long(time) || coversLasting(markClass)),
      targets: state.marks.targets.filter(([type, , , time]) => (type === '*' ? lasting.length > 0 || !long(time) : !over(type, time))),
      occurrences: state.marks.occurrences.filter((mark) => !over(mark[0], mark[6])),
    },
  };
  if (state.own === undefined) return pruned;
  return withOwn(
    pruned,
    state.own.filter(([, markClass, time]) => !long(time) || coversLasting(markClass)),
  );
}

/** Beyond the most recent sixteen decisions' marks the oldest become marks like any other: the score stays, their own view is lost. */
function withOwn({ v, families, marks }: EvidenceState, own: readonly OwnMark[]): EvidenceState {
  if (own.length === 0) return { v, families, marks };
  if (own.length <= keptOwn) return { v, families, marks, own };
  const recent = new Set([...own].sort((a, b) => b[2] - a[2] || compareText(a[0], b[0]) || compareText(a[1], b[1])).slice(0, keptOwn));
  const folded = own
    .filter((mark) => !recent.has(mark))
    .map(([, markClass, at]): EvidenceState => ({ ...emptyEvidence, marks: { ...emptyEvidence.marks, classes: [[markClass, '', at]] } }));
  const all = folded.reduce((merged, each) => mergeMarks(merged, each.marks, families), marks);
  return { v, families, marks: all, own: own.filter((mark) => recent.has(mark)) };
}

function mergeOwn(a: readonly OwnMark[], b: readonly OwnMark[]): readonly OwnMark[] {
  return mergeSorted<OwnMark>(
    a,
    b,
    (one, other) => compareText(one[0], other[0]) || compareText(one[1], other[1]),
    (one, other) => (one[2] >= other[2] ? one : other),
  );
}

/** Whether a class is kept by the session or device that it names. */
function isScoped(markClass: MarkClass): boolean {
  return markClass === 'mfa_strong' || markClass === 'mfa_weak' || markClass === 'device_remediated';
}

function mergeSorted<T>(a: readonly T[], b: readonly T[], compare: (a: T, b: T) => number, join: (a: T, b: T) => T): readonly T[] {
  if (b.length === 0) return a;
  if (a.length === 0) return b;
  const merged: T[] = [];
  let left = 0;
  let right = 0;
  while (left < a.length && right < b.length) {
    const one = a[left] as T;
    const other = b[right] as T;
    const order = compare(one, other);
    merged.push(order < 0 ? one : order > 0 ? other : join(one, other));
    if (order <= 0) left++;
    if (order >= 0) right++;
  }
  for (; left < a.length; left++) merged.push(a[left] as T);
  for (; right < b.length; right++) merged.push(b[right] as T);
  return merged;
}

/** Newest first; of equal times the smaller key first. The later time of one key and bucket wins. */
function mergeSeen(a: readonly Seen[], b: readonly Seen[]): readonly Seen[] {
  const ordered = mergeSorted(
    a,
    b,
    (one, other) => other[1] - one[1] || compareText(one[0], other[0]),
    (one) => one,
  );
  const kept: Seen[] = [];
  for (const seen of ordered) {
    if (kept.length === keptOfFamily) break;
    const bucket = bucketOf(seen[1]);
    if (!kept.some((each) => each[0] === seen[0] && bucketOf(each[1]) === bucket)) kept.push(seen);
  }
  return kept;
}

/** Beyond the cap the oldest goes; of equal times the larger family, then the larger key. What never fades is outside the cap. */
function capSources(families: readonly EvidenceFamily[], model: RiskModel): { families: readonly EvidenceFamily[]; dropped: number } {
  let all = 0;
  for (const family of families) all += family.seen.length;
  if (all <= keptOfSource) return { families, dropped: 0 };
  const counts = new Map<string, number>();
  let highest = 0;
  const capped = (family: EvidenceFamily) => model.types.get(family.type)?.halfLifeMs !== null;
  for (const family of families) {
    if (!capped(family)) continue;
    const count = (counts.get(family.source) ?? 0) + family.seen.length;
    counts.set(family.source, count);
    if (count > highest) highest = count;
  }
  if (highest <= keptOfSource) return { families, dropped: 0 };
  const gone = new Set<Seen>();
  for (const [source, count] of counts) {
    if (count <= keptOfSource) continue;
    families
      .flatMap((family, rank) => (family.source === source && capped(family) ? family.seen.map((seen) => ({ seen, rank })) : []))
      .sort((a, b) => a.seen[1] - b.seen[1] || b.rank - a.rank || compareText(b.seen[0], a.seen[0]))
      .slice(0, count - keptOfSource)
      .forEach(({ seen }) => {
        gone.add(seen);
      });
  }
  const left = families.flatMap((family) => {
    const seen = family.seen.filter((each) => !gone.has(each));
    return seen.length === 0 ? [] : [seen.length === family.seen.length ? family : { ...family, seen }];
  });
  return { families: left, dropped: gone.size };
}

function mergeMarks(a: EvidenceState['marks'], b: EvidenceState['marks'], families: readonly EvidenceFamily[]): EvidenceState['marks'] {
  return {
    classes: capScopes(
      mergeSorted<ClassMark>(
        a.classes,
        b.classes,
        (one, other) => compareText(one[0], other[0]) || compareText(one[1], other[1]),
        (one, other) => (one[2] >= other[2] ? one : other),
      ),
    ),
    targets: mergeSorted<TargetMark>(
      a.targets,
      b.targets,
      (one, other) => compareText(one[0], other[0]) || compareText(one[1], other[1]) || compareText(one[2], other[2]),
      (one, other) => (one[3] >= other[3] ? one : other),
    ),
    occurrences: withoutUnreachable(
      mergeSorted<OccurrenceMark>(a.occurrences, b.occurrences, compareOccurrenceMarks, (one, other) => (one[6] >= other[6] ? one : other)),
      families,
    ),
  };
}

function compareOccurrenceMarks(a: OccurrenceMark, b: OccurrenceMark): number {
  for (let index = 0; index < 5; index++) {
    const order = compareText(a[index] as string, b[index] as string);
    if (order !== 0) return order;
  }
  return a[5] - b[5];
}

/** Of each class the most recent scopes; of equal times the smaller one. A forgotten scope raises the score: the safe side. */
function capScopes(classes: readonly ClassMark[]): readonly ClassMark[] {
  if (classes.length <= keptScopes) return classes;
  return classes.filter(([markClass, scope, at]) => {
    if (scope === '') return true;
    const ahead = classes.filter(
      (other) => other[0] === markClass && other[1] !== '' && (other[2] > at || (other[2] === at && compareText(other[1], scope) < 0)),
    );
    return ahead.length < keptScopes;
  });
}

/** Drops the dismissals of occurrences that a full family has pushed out for good, so that dismissals stay bounded too. */
function withoutUnreachable(marks: readonly OccurrenceMark[], families: readonly EvidenceFamily[]): readonly OccurrenceMark[] {
  if (marks.length === 0) return marks;
  const reachable = marks.filter(([type, band, source, tag, , bucket]) => {
    const family = families.find((each) => each.type === type && each.band === band && each.source === source && each.tag === tag);
    const oldest = family?.seen.length === keptOfFamily ? family.seen.at(-1) : undefined;
    return oldest === undefined || bucket >= bucketOf(oldest[1]);
  });
  return reachable.length === marks.length ? marks : reachable;
}

/** The band under which a type is kept. */
export function bandOf(type: string, severity: Severity, model: RiskModel): Severity {
  return model.types.get(type)?.severityIgnored === true ? 'medium' : severity;
}
