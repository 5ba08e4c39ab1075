/** The tests that stand inside a detection: lines of events, one after another, and what they must amount to. */
import { severities } from '../../model/signal.ts';
import { parseDuration } from '../duration.ts';
import type { InlineResult } from '../inline-tests.ts';
import type { CompiledDetection, CompiledDetections } from './compile.ts';
import type { DetectionTest } from './schema.ts';
import { advance, type DetectionEvent } from './windows.ts';

const begin = Date.UTC(2026, 4, 4, 10);

export function runDetectionTests(detections: CompiledDetections): readonly InlineResult[] {
  return [...detections.byId.values()].flatMap((detection) =>
    (detection.document.tests ?? []).map((test): InlineResult => {
      const differences = compare(test.expect, detection, eventsOf(test));
      const outcome = differences.length === 0 ? 'passed' : 'failed';
      return { policyId: detection.id, file: detection.file, name: test.name, outcome, differences };
    }),
  );
}

/** The first line begins at the beginning; each line spreads its events evenly, and the next follows the last of them. */
function eventsOf(test: DetectionTest): readonly DetectionEvent[] {
  const events: DetectionEvent[] = [];
  for (const { type, count, over, after } of test.events) {
    const start = (events.at(-1)?.at ?? begin) + spanOf(after);
    for (let n = 0; n < count; n++) {
      const at = start + Math.round((n * spanOf(over)) / Math.max(1, count - 1));
      events.push({ type, at, id: String(events.length), value: '', source: '' });
    }
  }
  return events;
}

function spanOf(text: string | undefined): number {
  return text === undefined ? 0 : (parseDuration(text) as number);
}

function compare(expect: DetectionTest['expect'], detection: CompiledDetection, events: readonly DetectionEvent[]): string[] {
  const { findings } = advance(detection, '', events, events.at(-1)?.at ?? begin);
  const differences: string[] = [];
  if (expect.emit !== findings.length > 0) differences.push(`emit: expected ${expect.emit}, got ${findings.length > 0}`);
  const highest = severities.findLast((severity) => findings.some((finding) => finding.severity === severity)) ?? 'none';
  if (expect.severity !== undefined && expect.severity !== highest)
    differences.push(`severity: expected ${expect.severity}, got ${highest}`);
  return differences;
}
