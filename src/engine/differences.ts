/** What two bundles, or two judgements, do not share. Pure. */
import canonicalize from 'canonicalize';
import { parseYaml } from '../model/document.ts';
import type { Bundle } from './bundle.ts';

/** A value that two documents, or two judgements, do not share. */
export interface Difference {
  readonly path: string;
  readonly before: unknown;
  readonly after: unknown;
}

/** What changed between two bundles, value by value: `risk.yaml: levels.high.enter`. */
export function diffBundles(before: Bundle, after: Bundle): readonly Difference[] {
  const paths = [...new Set([...before.files.keys(), ...after.files.keys()])].sort();
  return paths.flatMap((path) => {
    const [old, now] = [before, after].map((bundle) => {
      const text = bundle.files.get(path);
      const parsed = text === undefined ? undefined : parseYaml(text, path);
      return parsed?.ok ? parsed.value : undefined;
    });
    return diffValues(old, now).map((difference) => ({
      ...difference,
      path: difference.path === '' ? path : `${path}: ${difference.path}`,
    }));
  });
}

/** Deep comparison, member by member; arrays are compared as wholes unless both are equally many objects. */
export function diffValues(before: unknown, after: unknown, path = ''): readonly Difference[] {
  if (areRecords(before) && areRecords(after) && before.length === after.length)
    return before.flatMap((one, index) => diffValues(one, after[index], path === '' ? String(index) : `${path}.${index}`));
  if (isRecord(before) && isRecord(after)) {
    const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
    return keys.flatMap((key) => diffValues(before[key], after[key], path === '' ? key : `${path}.${key}`));
  }
  return canonicalize(before) === canonicalize(after) ? [] : [{ path, before: before ?? null, after: after ?? null }];
}

function areRecords(value: unknown): value is readonly Record<string, unknown>[] {
  return Array.isArray(value) && value.every(isRecord);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
