/** Judges the signals of one batch in their order, each person's evidence carried from one to the next. */
import type { KeyObject } from 'node:crypto';
import { composeGraph, composeSituation, type Graph, type Ref } from '../context/index.ts';
import { consider, type Draft, goesFar, groupOf, setAside } from '../engine.ts';
import type { Instant } from '../model/clock.ts';
import type { SealOwner } from '../model/entry.ts';
import type { IdentityId } from '../model/ids.ts';
import { type EvidenceState, emptyEvidence, type Level } from '../model/risk.ts';
import type { Situation, SourceStanding } from '../model/situation.ts';
import type { Identity } from '../model/subject.ts';
import { egressOf } from '../policy/index.ts';
import { contextOf, contextSteps, parseEvidence, pruneEvidence } from '../risk/index.ts';
import { type Item, inSettlingOrder } from '../signals/index.ts';
import type { IdentityRow, Opened } from '../store/settle-session.ts';
import type { EvidenceRow } from '../store/settle-write.ts';
import type { Amended } from '../store/unresolved.ts';
import type { JudgingState, PipelineParts } from './parts.ts';

/** A signal with what judging alone makes of it; limits are not yet counted. */
export interface Considered {
  readonly item: Item;
  readonly draft: Draft;
  readonly owner: SealOwner;
  readonly key: KeyObject;
  /** Who might be meant, where it is more than one person. */
  readonly candidates: readonly IdentityId[];
  /** Set where a decision of before is superseded. */
  readonly amends?: Amended;
}

export interface Failed {
  readonly item: Item;
  readonly reason: string;
}

export interface JudgedBatch {
  readonly considered: readonly Considered[];
  readonly failed: readonly Failed[];
  /** Identities whose evidence changed. */
  readonly evidence: ReadonlyMap<IdentityId, Carried>;
}

/** Evidence as the batch has made it so far. */
export interface Carried {
  readonly state: EvidenceState;
  readonly heldLevel: Level;
  readonly lookAt: EvidenceRow['lookAt'];
}

/** Ninety days: how long the door remembers an event. An older repeat cannot be told from a first arrival, so it never acts. */
const rememberedMs = 90 * 86_400_000;

/** Thrown where the identity graph changed between lock and reading; the batch is settled again. */
export class GraphMoved extends Error {}

/** `before`: what earlier signals of the same transaction made of people's evidence. */
export function judgeBatch(
  items: readonly Item[],
  opened: Opened,
  judging: JudgingState,
  connectionKeys: ReadonlyMap<string, KeyObject>,
  parts: PipelineParts,
  before: JudgedBatch['evidence'] = new Map(),
): JudgedBatch {
  const graph = composeGraph(opened);
  if (graph === 'moved') throw new GraphMoved();
  const people = new Map(opened.identities.map((row) => [row.id, row]));
  const carried = new Map<IdentityId, Carried>(before);
  const considered: Considered[] = [];
  const failed: Failed[] = [];
  for (const item of inSettlingOrder(items)) {
    try {
      const one = considerOne(item, { graph, people, carried, at: opened.at, judging, connectionKeys, keys: parts.keys, log: parts.log });
      const amends = item.reopened && opened.reopened.get(item.signalId);
      if (amends === undefined) considered.push(one);
      // Still nobody, or too many: the decision of before says so already.
      else if (one.draft.state !== 'unresolved') considered.push({ ...one, amends });
    } catch (error) {
      // One signal that a step cannot digest must not cost the others their decision.
      const name = error instanceof Error ? error.name : 'error';
      parts.log.error({ signalId: item.signalId, type: item.arrival.type, error: name, at: whereOf(error) }, 'signal.stepFailed');
      if (!item.reopened) failed.push({ item, reason: `step failed: ${name}` });
    }
  }
  return { considered, failed, evidence: carried };
}

interface Surround {
  readonly graph: Graph;
  readonly people: ReadonlyMap<IdentityId, IdentityRow>;
  readonly carried: Map<IdentityId, Carried>;
  readonly at: Instant;
  readonly judging: JudgingState;
  readonly connectionKeys: ReadonlyMap<string, KeyObject>;
  readonly keys: PipelineParts['keys'];
  readonly log: PipelineParts['log'];
}

function considerOne(item: Item, { graph, people, carried, at, judging, connectionKeys, keys, log }: Surround): Considered {
  const { arrival, signalId } = item;
  const found = graph.resolve(arrival.claim);
  const row = found.kind === 'identity' ? people.get(found.identityId) : undefined;
  const known = row !== undefined && row.wrappedKey !== null;
  const key = known ? keys.personKeyOf(row.id, row.wrappedKey as Buffer) : (connectionKeys.get(arrival.source) as KeyObject);
  const ref: Ref = (text) => keys.ref(key, text);
  const before: Carried | undefined = known
    ? (carried.get(row.id) ?? { state: parseEvidence(row.evidence), heldLevel: row.heldLevel, lookAt: 'kept' })
    : undefined;
  const situation = composeSituation({
    arrival,
    signalId,
    identity: known ? named(graph.identity(row.id), judging) : null,
    evidence: before?.state ?? emptyEvidence,
    heldLevel: before?.heldLevel ?? 'none',
    group: groupOf(arrival.type, judging.bundle),
    population: judging.population,
    groupSizeOf: judging.groupSizeOf,
    sourceSince: judging.sourceSince(arrival.source) ?? at,
    sources: standingsOf(before?.state ?? emptyEvidence, arrival.source, judging),
    configHash: judging.configHash,
    breaker: judging.breaker,
    now: at,
    ref,
    egressOf: (address) => egressOf(address, judging.bundle.policies.lists, at),
  });
  const owner: SealOwner = known ? { identityId: row.id } : { connection: arrival.source };
  const candidates = found.kind === 'ambiguous' ? found.identityIds : [];
  const aside = asideReason(item, found.kind, known, at);
  if (aside !== undefined) return { item, draft: setAside(situation, aside, judging.bundle), owner, key, candidates };
  const first = consider(situation, judging.bundle, judging.settings, judging.pauses);
  const draft = goesFar(first)
    ? consider({ ...situation, standing: judging.standing }, judging.bundle, judging.settings, judging.pauses)
    : first;
  for (const { code, ref } of draft.intent?.reasons ?? [])
    if (code === 'policyError') log.error({ signalId, policy: ref }, 'policy.failed');
  if (known && draft.assessment !== null && before !== undefined) {
    const { evidence, heldLevel } = draft.assessment;
    const changed = evidence !== before.state || heldLevel !== before.heldLevel;
    if (changed) {
      const state = pruneEvidence(evidence, at, judging.bundle.risk);
      carried.set(row.id, { state, heldLevel, lookAt: lookAfter(situation, before, { state, heldLevel }, judging) });
    }
  }
  return { item, draft, owner, key, candidates };
}

function named(identity: Identity, judging: JudgingState): Identity {
  const names = judging.listNames(identity.id);
  return names === undefined ? identity : { ...identity, names };
}

/**
 * When the held level must be looked at. More evidence alone only puts its fall off, so that what was reckoned before may stand; the
 * rest is reckoned in the background.
 */
function lookAfter(situation: Situation, before: Carried, after: Omit<Carried, 'lookAt'>, { bundle }: JudgingState): Carried['lookAt'] {
  const stepsOf = (state: EvidenceState) => contextSteps(state, situation.now, contextOf(situation), bundle.risk);
  const steps = stepsOf(after.state);
  if (after.heldLevel === 'none') return steps[0] ?? null;
  const stands = before.lookAt === 'kept' && after.heldLevel === before.heldLevel && situation.signal.marks.length === 0;
  if (!stands || steps.length === 0) return stands ? 'kept' : null;
  const known = stepsOf(before.state);
  return steps.every((step) => known.includes(step)) ? 'kept' : null;
}

/** What is known of the other sources whose evidence the person holds. */
export function standingsOf(
  evidence: EvidenceState,
  own: string,
  judging: Pick<JudgingState, 'sourceSince' | 'kindOf'>,
): Readonly<Record<string, SourceStanding>> {
  const standings: Record<string, SourceStanding> = {};
  for (const { source } of evidence.families) {
    const kind = judging.kindOf(source);
    const since = judging.sourceSince(source);
    if (source !== own && kind !== undefined && since !== undefined) standings[source] = { kind, since };
  }
  return standings;
}

type Aside = Parameters<typeof setAside>[1];

/** Why a signal is stored and shown but neither scored nor acted on. */
function asideReason({ arrival }: Item, resolution: string, known: boolean, at: Instant): Aside | undefined {
  const { blocked } = arrival.claim;
  if (arrival.quarantine !== undefined) return { state: 'quarantined', reason: { code: 'quarantined', detail: arrival.quarantine } };
  if (blocked === 'mayNotName' || blocked === 'criticalMember' || blocked === 'unknownMember') {
    return { state: 'quarantined', reason: { code: 'blocked', ref: blocked } };
  }
  if (blocked !== undefined) return { state: 'unresolved', reason: { code: 'blocked', ref: blocked } };
  if (resolution === 'ambiguous') return { state: 'unresolved', reason: { code: 'ambiguous' } };
  if (resolution === 'nobody' || (resolution === 'identity' && !known)) return { state: 'unresolved', reason: { code: 'subject' } };
  if (at - arrival.occurredAt > rememberedMs) return { state: 'decided', reason: { code: 'late' } };
  return undefined;
}

/** File and line of our own code, without the message: messages may quote data. */
function whereOf(error: unknown): string {
  const frame = error instanceof Error ? error.stack?.split('\n').find((line) => line.includes('/src/')) : undefined;
  return frame?.replace(/^.*\/src\//, 'src/').replace(/\)$/, '') ?? '';
}
