/** Loads detections: all of them or none, with every fault at once. */
import { reservedTypes, type SignalCatalogue } from '../../model/catalogue.ts';
import { type Fault, sortFaults } from '../../model/document.ts';
import { type Severity, severities } from '../../model/signal.ts';
import { createDocumentReader, hashOf, type Report } from '../document-set.ts';
import { parseDuration } from '../duration.ts';
import { ownerForm } from '../schema.ts';
import { findSecrets } from '../secrets.ts';
import { type DetectionDocument, detectionSchema, type FactSource, type GroupKey } from './schema.ts';

export interface CompiledDetection {
  readonly id: string;
  readonly version: number;
  readonly file: string;
  readonly hash: string;
  readonly document: DetectionDocument;
  /** Types that are counted. */
  readonly events: ReadonlySet<string>;
  readonly groupBy: GroupKey;
  readonly timespanMs: number;
  readonly gte: number;
  readonly followUps: readonly { readonly type: string; readonly withinMs: number; readonly severity: Severity }[];
  readonly signal: string;
  readonly severity: Severity;
  readonly confidence: number;
  readonly facts: readonly (readonly [name: string, source: FactSource])[];
  /** Events kept of each kind: those that count, and those of each follow-up. */
  readonly bound: number;
  readonly lateMs: number;
  /** Age from which an event can be part of no window that is still to be found. */
  readonly reachMs: number;
}

export interface CompiledDetections {
  readonly byId: ReadonlyMap<string, CompiledDetection>;
  /** Who listens to a type, counted or as a follow-up. */
  readonly byEvent: ReadonlyMap<string, readonly CompiledDetection[]>;
  readonly documents: readonly { readonly path: string; readonly hash: string }[];
}

export type DetectionsResult =
  | { readonly ok: true; readonly detections: CompiledDetections }
  | { readonly ok: false; readonly faults: readonly Fault[] };

/** Pseudonyms of people and addresses are kept as long as late events are waited for. */
const longestLateMs = 30 * 86_400_000;

/** `files`: path inside the policy folder to text. E101 form, E106 names, E107 facts, E108 an id twice, E113 the owner, E115 a secret. */
export function compileDetections(files: ReadonlyMap<string, string>, catalogue: SignalCatalogue): DetectionsResult {
  const { faults, read } = createDocumentReader(files);
  const byId = new Map<string, CompiledDetection>();
  for (const { file, document, report } of read('detections', detectionSchema)) {
    checkDetection(document, catalogue, report);
    byId.set(document.metadata.id, compileOne(document, file));
  }
  if (faults.length > 0) return { ok: false, faults: sortFaults(faults) };
  const byEvent = new Map<string, CompiledDetection[]>();
  for (const detection of byId.values()) {
    for (const type of new Set([...detection.events, ...detection.followUps.map((followUp) => followUp.type)]))
      byEvent.set(type, [...(byEvent.get(type) ?? []), detection]);
  }
  const documents = [...byId.values()].map(({ file, hash }) => ({ path: file, hash }));
  return { ok: true, detections: { byId, byEvent, documents } };
}

function checkDetection(document: DetectionDocument, catalogue: SignalCatalogue, report: Report): void {
  const { metadata, from, groupBy, window, emit, bound, tests = [] } = document;
  const followUps = document.then ?? [];
  const [key] = groupBy;
  if (!ownerForm.test(metadata.owner)) report('E113', ['metadata', 'owner'], 'an owner is `group:NAME` or `user:NAME`');
  for (const path of findSecrets(document)) report('E115', path, 'looks like a secret; policies are read by many');
  const checkType = (type: string, path: readonly PropertyKey[]) => {
    if (!catalogue.types.has(type)) report('E106', path, `there is no signal type \`${type}\``);
  };
  const source = 'from';
  for (const [index, type] of from.events.entries()) checkType(type, [source, 'events', index]);
  for (const [index, { ifFollowedBy, severity }] of followUps.entries()) {
    checkType(ifFollowedBy, ['then', index, 'ifFollowedBy']);
    if (severities.indexOf(severity) <= severities.indexOf(emit.severity))
      report('E101', ['then', index, 'severity'], 'a follow-up raises the severity above that of `emit`');
  }
  checkType(emit.signal, ['emit', 'signal']);
  if (reservedTypes.has(emit.signal) || emit.signal === 'admin_confirmed')
    report('E106', ['emit', 'signal'], `\`${emit.signal}\` is the word of a person or of the service itself`);
  const declared = catalogue.types.get(emit.signal)?.facts ?? {};
  for (const fact of Object.keys(emit.facts ?? {}))
    if (declared[fact] !== 'int') report('E107', ['emit', 'facts', fact], `\`${emit.signal}\` declares no number \`${fact}\``);
  if (emit.dedupeKey !== key) report('E101', ['emit', 'dedupeKey'], 'is what the events are grouped by');
  if ((emit.subject !== undefined) !== (key === 'signal.ip'))
    report('E101', ['emit'], 'events of one address speak of the network, events of one person of the person');
  if (bound.perSubject < window.gte) report('E101', ['bound', 'perSubject'], 'holds fewer events than the window asks for');
  if (spanOf(window.timespan) === 0) report('E101', ['window', 'timespan'], 'is a span above zero');
  if (spanOf(document.late) > longestLateMs) report('E101', ['late'], 'is 30 days at most');
  const heard = new Set([...from.events, ...followUps.map((followUp) => followUp.ifFollowedBy)]);
  for (const [index, test] of tests.entries())
    for (const [at, { type }] of test.events.entries())
      if (!heard.has(type)) report('E106', ['tests', index, 'events', at, 'type'], `the detection does not listen to \`${type}\``);
}

function compileOne(document: DetectionDocument, file: string): CompiledDetection {
  const { metadata, from, groupBy, window, emit, bound } = document;
  const timespanMs = spanOf(window.timespan);
  const lateMs = spanOf(document.late);
  const followUps = (document.then ?? []).map(({ ifFollowedBy, within, severity }) => ({
    type: ifFollowedBy,
    withinMs: spanOf(within),
    severity,
  }));
  return {
    id: metadata.id,
    version: metadata.version,
    file,
    hash: hashDetection(document),
    document,
    events: new Set(from.events),
    groupBy: groupBy[0],
    timespanMs,
    gte: window.gte,
    followUps,
    signal: emit.signal,
    severity: emit.severity,
    confidence: emit.confidence,
    facts: Object.entries(emit.facts ?? {}),
    bound: bound.perSubject,
    lateMs,
    reachMs: lateMs + timespanMs + Math.max(0, ...followUps.map((followUp) => followUp.withinMs)),
  };
}

function spanOf(text: string): number {
  return parseDuration(text) as number;
}

/** Without what cannot change behaviour. */
function hashDetection({ tests: _tests, metadata, ...rest }: DetectionDocument): string {
  const { links: _links, rationale: _rationale, ...kept } = metadata;
  return hashOf({ ...rest, metadata: kept });
}
