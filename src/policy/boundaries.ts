/**
 * The situations in which conditions can come out differently: every value that they compare with, a little below, at and a little above,
 * every listed value of a finite field, and nobody knowing. What cannot be true together is left out.
 */
import { levels } from '../model/risk.ts';
import { severities } from '../model/signal.ts';
import { personalKinds, type SubjectKind } from '../model/subject.ts';
import { type Admitted, type BoundaryModel, isPossible, type Point, scoreStep, valuesAt } from './boundary-points.ts';
import { type Comparisons, readComparisons } from './comparisons.ts';
import type { Condition } from './condition.ts';
import type { Values } from './values.ts';
import { vocabularyFor } from './vocabulary.ts';

export interface Boundaries {
  readonly samples: readonly Values[];
  /** False where there are more than were made, or a condition computes with what it reads: then nothing follows from an absence. */
  readonly exhaustive: boolean;
}

const maxSamples = 20_000;

/** Fields whose values are few and listed; "unknown" apart. */
const finite: Readonly<Record<string, readonly unknown[]>> = {
  'subject.tier': ['none', 'standing', 'tier0'],
  'subject.executive': [false, true],
  'subject.learning': [false, true],
  'subject.hr.status': ['active', 'notice', 'leave', 'gardenLeave', 'terminated'],
  'signal.severity': severities,
  'signal.proof': [false, true],
  'signal.late': [false, true],
  'session.mfa': ['none', 'weak', 'strong'],
  'session.deviceBound': ['yes', 'no'],
  'device.compliance': ['compliant', 'nonCompliant'],
  'device.managed': ['yes', 'no'],
  'geo.egress': ['own', 'shared', 'none'],
  'geo.anonymizer': ['none', 'vpn', 'relay', 'tor', 'hosting'],
  'risk.heldLevel': levels,
  'risk.statisticalOnly': [false, true],
  'ctx.travelNotice': [false, true],
  'ctx.openIncident': [false, true],
  'env.profile': ['standard', 'small', 'sandbox'],
};

/** `also`: paths to vary although no condition reads them. */
export function exploreBoundaries(
  conditions: readonly Condition[],
  admitted: Admitted,
  model: BoundaryModel,
  also: readonly string[] = [],
): Boundaries {
  const found = readComparisons(conditions, vocabularyFor(admitted.facts));
  for (const path of also) found.reads.add(path);
  const dimensions = Object.entries(dimensionsOf(found, admitted, model));
  const size = dimensions.reduce((product, [, values]) => product * values.length, 1);
  const count = Math.min(size, maxSamples);
  // A stride that shares no factor with the size visits different points, spread over all dimensions.
  const stride = size <= maxSamples ? 1 : coprimeNear(Math.floor(size * 0.618), size);
  const samples: Values[] = [];
  for (let n = 0; n < count; n++) {
    const point = pointAt((n * stride) % size, dimensions);
    if (isPossible(point, model)) samples.push(valuesAt(point, admitted, model, found));
  }
  return { samples, exhaustive: size <= maxSamples && !found.computes };
}

function dimensionsOf(found: Comparisons, admitted: Admitted, model: BoundaryModel): Record<string, readonly unknown[]> {
  const { reads } = found;
  const dimensions: Record<string, readonly unknown[]> = {
    'subject.kind': kindsOf(found, admitted),
    'signal.type': typesOf(found, admitted, model),
  };
  const fields = vocabularyFor(admitted.facts);
  for (const path of [...reads].sort()) {
    const field = fields.get(path);
    if (field === undefined || derived.has(path)) continue;
    const unknown =
      admitted.needs.includes(path) || field.whenUnknown === 'never' ? [] : [field.whenUnknown === 'text' ? 'unknown' : undefined];
    dimensions[path] = [...valuesFor(path, field.type, found, admitted, model), ...unknown];
  }
  if (reads.has('subject.privileged')) dimensions['subject.tier'] ??= [...(finite['subject.tier'] as readonly unknown[]), 'unknown'];
  if (reads.has('risk.level') || reads.has('risk.heldLevel')) dimensions['risk.score'] ??= scores(found, model);
  for (const group of found.groups) dimensions[`group ${group}`] = [false, true];
  for (const group of found.directoryGroups) dimensions[`member ${group}`] = [false, true];
  for (const list of found.lists) dimensions[`list ${list}`] = [false, true];
  for (const [type, counts] of found.recent) dimensions[`recent ${type}`] = around(counts, 1).filter((count) => count >= 0);
  return dimensions;
}

/** Follow from others. */
const derived = new Set(['subject.kind', 'subject.privileged', 'signal.type', 'signal.group', 'risk.level', 'risk.groups', 'now']);

function kindsOf({ reads }: Comparisons, { kinds }: Admitted): readonly SubjectKind[] {
  if (reads.has('subject.kind')) return kinds;
  return [true, false].flatMap((personal) => kinds.find((kind) => personalKinds.includes(kind) === personal) ?? []);
}

/** Types that no condition names and that prove and belong alike are one. */
function typesOf({ reads, texts }: Comparisons, { signals }: Admitted, model: BoundaryModel): readonly string[] {
  const named = texts.get('signal.type');
  const seen = new Set<string>();
  return signals.filter((type) => {
    const { proof, group } = model.types.get(type) ?? {};
    const key = named?.has(type) ? type : `${reads.has('signal.proof') ? proof : ''} ${reads.has('signal.group') ? group : ''}`;
    return !seen.has(key) && seen.add(key);
  });
}

function valuesFor(
  path: string,
  type: string,
  found: Comparisons,
  { facts, signals, minConfidence }: Admitted,
  model: BoundaryModel,
): readonly unknown[] {
  const listed = finite[path] ?? (path.startsWith('facts.') ? listedFacts(path.slice(6), signals, model) : undefined);
  if (listed !== undefined) return listed;
  if (path === 'risk.score' || path === 'risk.base') return scores(found, model, path);
  const numbers = [...(found.numbers.get(path) ?? [])];
  if (path === 'signal.confidence') return within(around([...numbers, minConfidence, 0.9, 1], scoreStep), minConfidence, 1);
  if (type === 'double') return around([...numbers, 0], scoreStep);
  if (type === 'int' || facts[path.slice(6)] === 'int')
    return around([...numbers, 0], 1)
      .filter((value) => value >= 0 || path.includes('hr.'))
      .map(BigInt);
  return [...(found.texts.get(path) ?? []), 'another value'];
}

function scores({ numbers, reads }: Comparisons, model: BoundaryModel, path = 'risk.score'): readonly number[] {
  const entered = path === 'risk.score' && reads.has('risk.level') ? Object.values(model.levels).map(({ enter }) => enter) : [];
  return within([0, ...entered, ...around([...(numbers.get(path) ?? [])], scoreStep), 100], 0, 100);
}

function listedFacts(name: string, signals: readonly string[], model: BoundaryModel): readonly string[] | undefined {
  const lists = signals.map((type) => model.types.get(type)?.factValues[name]);
  return lists.every((list) => list !== undefined) ? [...new Set(lists.flat())] : undefined;
}

function around(values: readonly number[], step: number): readonly number[] {
  return [...new Set(values.flatMap((value) => [value - step, value, value + step]))].sort((a, b) => a - b);
}

function within(values: readonly number[], min: number, max: number): readonly number[] {
  return [...new Set(values)].filter((value) => value >= min && value <= max).sort((a, b) => a - b);
}

function pointAt(index: number, dimensions: readonly (readonly [string, readonly unknown[]])[]): Point {
  let rest = index;
  return Object.fromEntries(
    dimensions.map(([name, values]) => {
      const value = values[rest % values.length];
      rest = Math.floor(rest / values.length);
      return [name, value];
    }),
  );
}

function coprimeNear(start: number, size: number): number {
  const divisor = (a: number, b: number): number => (b === 0 ? a : divisor(b, a % b));
  let stride = Math.max(1, start);
  while (divisor(stride, size) !== 1) stride++;
  return stride;
}
