/** Why a person is scored as they are, for those who may see it: the explanation, its signals and its curve, in the shape of the API. */
import { fromRfc3339, type Instant, toRfc3339 } from '../model/clock.ts';
import type { EvidenceState } from '../model/risk.ts';
import { bandOf, courseOf, curveOf, type Explanation, evidenceAt, explain, type RiskModel } from '../risk/index.ts';
import { type Caller, type IdentityQuestion, type Item, seesHr } from '../server/index.ts';
import type { Db } from '../store/db.ts';
import { listIdentities } from '../store/list-records.ts';
import { type LastDecision, signalsInSpans } from '../store/person-history.ts';
import type { Core } from './core.ts';
import { knownNow, knownThen } from './known.ts';

const weekMs = 7 * 86_400_000;
const bucketMs = 600_000;
/** Signals named of an occurrence; a flood has more. */
const namedSignals = 20;
const samples = 240;

/** Undefined where there is no such person, or what was known then has been erased. */
export async function explainIdentity(core: Core, id: string, question: IdentityQuestion, caller: Caller): Promise<Item | undefined> {
  const [row] = await listIdentities(core.store, { id }, { limit: 1, after: undefined });
  if (row === undefined) return undefined;
  const asked = question.at === undefined ? undefined : (fromRfc3339(question.at) as Instant);
  const at = asked ?? core.clock.now();
  const withHr = seesHr(caller);
  const from = question.from === undefined ? at - weekMs : (fromRfc3339(question.from) as Instant);
  const to = question.to === undefined ? Math.max(at, from) + weekMs : (fromRfc3339(question.to) as Instant);
  const known = question.as === 'known-then' ? await knownThen(core, row, at, from, withHr) : await knownNow(core, row, asked, from);
  if (known === undefined) return undefined;
  const explanation = explain(known.evidence, at, known.context, known.risk, known.held);
  const course = courseOf(known.evidence, at, known.context, known.risk);
  const curve = curveOf(course, { at, held: explanation.heldLevel }, { from, to, count: samples }, known.risk);
  const signals = await signalsBehind(core.store, row.id, explanation, known.risk, known.decision ?? undefined);
  return {
    id: row.id,
    as: question.as,
    at: toRfc3339(at),
    bundleHash: known.bundleHash,
    decision:
      known.decision === null
        ? null
        : {
            id: known.decision.id,
            decidedAt: toRfc3339(known.decision.decidedAt),
            configHash: known.decision.configHash,
            sameScore: known.decision.sameScore,
          },
    ...explanationView(explanation, signals, withHr),
    withheld: withheldFrom(withHr),
    levels: known.risk.levels,
    curve: {
      from: toRfc3339(curve.from),
      to: toRfc3339(curve.to),
      samples: curve.samples.map((sample) => ({ at: toRfc3339(sample.at), score: sample.score })),
      crossings: curve.crossings.map(timed),
      events: eventsOf(known.evidence)
        .filter((event) => event.at >= from && event.at <= to)
        .map(timed),
    },
  };
}

interface Named {
  readonly ids: readonly string[];
  readonly more: boolean;
}

/** By item: signals of its type, source and severity in its ten minutes. Several keys of one family share what they cannot be told apart by. */
export async function signalsBehind(
  db: Db,
  identityId: string,
  { items }: Explanation,
  risk: RiskModel,
  until: LastDecision | undefined,
): Promise<readonly Named[]> {
  const spans = items.map(({ signalType, source, bucket }) => ({
    type: signalType,
    source,
    from: bucket * bucketMs,
    until: (bucket + 1) * bucketMs,
  }));
  const found = await signalsInSpans(db, identityId, spans, namedSignals + 1, until);
  return items.map((item, index) => {
    const span = spans[index] as (typeof spans)[number];
    const own = found.filter((signal) => {
      const happened = evidenceAt(signal);
      return (
        signal.span === index &&
        happened >= span.from &&
        happened < span.until &&
        bandOf(item.signalType, signal.severity, risk) === item.band
      );
    });
    return { ids: own.slice(0, namedSignals).map(({ id }) => id), more: own.length > namedSignals };
  });
}

/** Whoever may not see what personnel tell is told so of everybody, whether or not there is anything to tell. */
export function withheldFrom(withHr: boolean): readonly string[] {
  return withHr ? [] : ['subject.hr'];
}

export function shownGaps(gaps: readonly string[], withHr: boolean): readonly string[] {
  return gaps.filter((gap) => withHr || !gap.startsWith('subject.hr'));
}

export function explanationView(explanation: Explanation, signals: readonly Named[], withHr: boolean) {
  const { at: _at, items, marks, next, lowering, gaps, ...rest } = explanation;
  return {
    ...rest,
    gaps: shownGaps(gaps, withHr),
    items: items.map(({ bucket: _bucket, belowOnePointAt, goneAfter, ...item }, index) => ({
      ...item,
      at: toRfc3339(item.at),
      belowOnePointAt: instantOrNull(belowOnePointAt),
      goneAfter: instantOrNull(goneAfter),
      signals: signals[index]?.ids ?? [],
      moreSignals: signals[index]?.more ?? false,
    })),
    marks: marks.map(timed),
    next: next.map(timed),
    lowering: lowering && { ...lowering, without: lowering.without.map((each) => (each.kind === 'item' ? timed(each) : each)) },
  };
}

/** What stands as ticks below the curve: signals, and remedies that took effect. */
function eventsOf({ families, marks }: EvidenceState) {
  const signals = families.flatMap(({ type, seen }) => seen.map(([, at]) => ({ kind: 'signal' as const, name: type, at })));
  const remedies = [...marks.classes.map(([name, , at]) => ({ name, at })), ...marks.targets.map(([name, , , at]) => ({ name, at }))];
  return [...signals, ...remedies.map((mark) => ({ kind: 'mark' as const, ...mark }))].sort((a, b) => a.at - b.at);
}

function timed<T extends { readonly at: Instant }>(value: T): Omit<T, 'at'> & { readonly at: string } {
  return { ...value, at: toRfc3339(value.at) };
}

function instantOrNull(at: Instant | null): string | null {
  return at === null ? null : toRfc3339(at);
}
