/** Evidence as the text that lies in the identity's row: positional JSON, the same bytes for the same state. */
import { type EvidenceFamily, type EvidenceState, emptyEvidence } from '../model/risk.ts';
import { markClasses, severities } from '../model/signal.ts';

const version = 1;

/** Empty text for empty evidence. */
export function serialiseEvidence(state: EvidenceState): string {
  const { classes, targets, occurrences } = state.marks;
  const { own = [] } = state;
  if (state.families.length + classes.length + targets.length + occurrences.length + own.length === 0) return '';
  const families = state.families.map(({ type, band, source, tag, seen }) => [type, band, source, tag, seen]);
  return JSON.stringify([version, families, classes, targets, occurrences, ...(own.length === 0 ? [] : [own])]);
}

/** Reads what `serialiseEvidence` wrote; throws a plain Error, without the text, when it is something else. */
export function parseEvidence(text: string): EvidenceState {
  if (text === '') return emptyEvidence;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw unreadable('it is not JSON');
  }
  if (!Array.isArray(value) || value.length < 5 || value.length > 6) throw unreadable('it has another form');
  if (value[0] !== version) throw unreadable('it is of another version');
  const [, families, classes, targets, occurrences, own] = value as unknown[];
  check(families, (row) => texts(row, 0, 4) && severities.includes(row[1] as never) && row.length === 5 && isSeen(row[4]));
  check(classes, (row) => row.length === 3 && texts(row, 0, 2) && markClasses.includes(row[0] as never) && Number.isFinite(row[2]));
  check(targets, (row) => row.length === 4 && texts(row, 0, 3) && Number.isFinite(row[3]));
  check(occurrences, (row) => row.length === 7 && texts(row, 0, 5) && Number.isFinite(row[5]) && Number.isFinite(row[6]));
  if (own !== undefined)
    check(own, (row) => row.length === 3 && texts(row, 0, 2) && markClasses.includes(row[1] as never) && Number.isFinite(row[2]));
  return {
    v: version,
    families: (families as [string, EvidenceFamily['band'], string, string, EvidenceFamily['seen']][]).map(
      ([type, band, source, tag, seen]) => ({
        type,
        band,
        source,
        tag,
        seen,
      }),
    ),
    marks: { classes, targets, occurrences } as EvidenceState['marks'],
    ...(own === undefined ? {} : { own: own as NonNullable<EvidenceState['own']> }),
  };
}

function check(rows: unknown, isRow: (row: readonly unknown[]) => boolean): void {
  if (!Array.isArray(rows) || !rows.every((row) => Array.isArray(row) && isRow(row))) throw unreadable('it has another form');
}

function texts(row: readonly unknown[], from: number, to: number): boolean {
  for (let index = from; index < to; index++) if (typeof row[index] !== 'string') return false;
  return true;
}

function isSeen(value: unknown): boolean {
  return (
    Array.isArray(value) &&
    value.length > 0 &&
    value.every((seen) => Array.isArray(seen) && seen.length === 2 && typeof seen[0] === 'string' && Number.isFinite(seen[1]))
  );
}

function unreadable(why: string): Error {
  return new Error(`the stored evidence cannot be read: ${why}`);
}
