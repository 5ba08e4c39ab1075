/** Detections as small as a test needs them. */
import { type CompiledDetection, compileDetections } from '../../../src/policy/index.ts';
import { catalogue } from '../support.ts';

export interface DetectionParts {
  readonly id?: string;
  readonly owner?: string;
  readonly from?: string;
  readonly groupBy?: string;
  readonly window?: string;
  readonly followUps?: string;
  readonly emit?: string;
  readonly bound?: string;
  readonly late?: string;
  readonly rest?: string;
}

/** A whole document around the parts that a test is about. */
export function detectionText(parts: DetectionParts = {}): string {
  return `apiVersion: rescind/v1
kind: Detection
metadata: { id: ${parts.id ?? 'DT-900'}, name: example, version: 1, owner: ${parts.owner ?? 'group:soc'} }
from: ${parts.from ?? '{ events: [mfa.push.denied, mfa.push.timeout] }'}
groupBy: ${parts.groupBy ?? '[subject.id]'}
window: ${parts.window ?? '{ type: eventCount, timespan: 10m, gte: 5 }'}
then: ${parts.followUps ?? '[{ ifFollowedBy: mfa.push.approved, within: 15m, severity: high }]'}
emit: ${parts.emit ?? '{ signal: mfa_fatigue, severity: medium, dedupeKey: subject.id, confidence: 0.9 }'}
bound: ${parts.bound ?? '{ perSubject: 32 }'}
late: ${parts.late ?? '48h'}
${parts.rest ?? ''}`;
}

export function tryCompile(...texts: readonly string[]) {
  return compileDetections(new Map(texts.map((text, n) => [`detections/d${n}.yaml`, text])), catalogue);
}

export function compileOne(text: string): CompiledDetection {
  const result = tryCompile(text);
  if (!result.ok) throw new Error(JSON.stringify(result.faults, null, 1));
  return [...result.detections.byId.values()][0] as CompiledDetection;
}
