/** Shows a judged batch to the detections: events go into the rings of their keys, and what they amount to is judged with the batch. */
import { addressOf } from '../context/index.ts';
import type { Arrival } from '../model/signal.ts';
import { advance, type CompiledDetection, type DetectionEvent } from '../policy/index.ts';
import { derivedItem, type Item } from '../signals/index.ts';
import { writeRings } from '../store/detection-rings.ts';
import type { Opened, SettleSession } from '../store/settle-session.ts';
import type { Statement } from '../store/statement.ts';
import { type Considered, type JudgedBatch, judgeBatch } from './batch.ts';
import { type JudgingState, keysOf, type PipelineParts } from './parts.ts';

export interface Detected {
  /** The batch with the signals that its events brought about. */
  readonly batch: JudgedBatch;
  /** Writes the rings back. */
  readonly rings: readonly Statement[];
}

/** The events of one detection and key. */
interface Gathered {
  readonly detection: CompiledDetection;
  readonly keyHash: string;
  readonly about: Pick<Arrival, 'claim' | 'circumstances'>;
  readonly events: DetectionEvent[];
}

/** A batch without such events costs one look at each signal's type. */
export async function detect(
  judged: JudgedBatch,
  opened: Opened,
  session: SettleSession,
  judging: JudgingState,
  parts: PipelineParts,
): Promise<Detected> {
  const gathered = gather(judged.considered, judging, parts);
  if (gathered.length === 0) return { batch: judged, rings: [] };
  const keys = gathered.map(({ detection, keyHash }) => ({ detection: detection.id, keyHash }));
  const states = new Map((await session.rings(keys)).map((row) => [`${row.detection} ${row.keyHash}`, row.state]));
  const advanced = gathered.map((one) => {
    const state = states.get(`${one.detection.id} ${one.keyHash}`) ?? '';
    return { ...one, ...advance(one.detection, state, one.events, opened.at) };
  });
  const rings = writeRings(
    advanced.map(({ detection, keyHash, state, forgetAt }) => ({ detection: detection.id, keyHash, state, forgetAt })),
  );
  const items = advanced.flatMap(({ detection, keyHash, about: { claim, circumstances }, findings }) =>
    findings.map((finding) =>
      derivedItem({ detection, keyHash, finding, type: detection.signal, claim, circumstances }, opened.at, parts.ids),
    ),
  );
  return { batch: await judgeDerived(items, judged, opened, session, judging, parts), rings: [rings] };
}

/** The door's keys have the last word on what was found before: a ring forgets sooner than they do. */
async function judgeDerived(
  items: readonly Item[],
  judged: JudgedBatch,
  opened: Opened,
  session: SettleSession,
  judging: JudgingState,
  parts: PipelineParts,
): Promise<JudgedBatch> {
  if (items.length === 0) return judged;
  const fresh = await session.admit(items.map(({ key, signalId, digest }) => ({ key, signalId, bodyDigest: digest, firstAt: opened.at })));
  const found = items.filter((item) => fresh.has(item.key));
  if (found.length === 0) return judged;
  const derived = judgeBatch(found, opened, judging, await keysOf(found, parts.keys), parts, judged.evidence);
  return {
    considered: [...judged.considered, ...derived.considered],
    failed: [...judged.failed, ...derived.failed],
    evidence: derived.evidence,
  };
}

function gather(considered: readonly Considered[], { bundle }: JudgingState, parts: PipelineParts): readonly Gathered[] {
  const gathered = new Map<string, Gathered>();
  for (const one of considered) {
    const { arrival, signalId } = one.item;
    const listening = bundle.detections.byEvent.get(arrival.type);
    // What a detection found counts for none, and neither does what a partner says or what is kept without being believed.
    if (listening === undefined || arrival.cause !== 'risk' || one.draft.state === 'quarantined') continue;
    if (bundle.detections.byId.has(arrival.source)) continue;
    for (const detection of listening) {
      const group = groupOf(detection, one);
      if (group === undefined) continue;
      const keyHash = parts.keys.pseudonym('detection', `${detection.id} ${group.name}`);
      const key = `${detection.id} ${keyHash}`;
      const event = {
        type: arrival.type,
        at: arrival.occurredAt,
        id: shortName(signalId),
        value: whoOf(detection, one, parts),
        source: arrival.source,
      };
      const before = gathered.get(key);
      if (before !== undefined) before.events.push(event);
      else gathered.set(key, { detection, keyHash, about: group, events: [event] });
    }
  }
  return [...gathered.values()];
}

/** Whom or what the events are grouped by, and how a signal about it names it; nobody without a name that is sure. */
function groupOf({ groupBy }: CompiledDetection, { item, draft }: Considered): (Gathered['about'] & { readonly name: string }) | undefined {
  const { claim, circumstances } = item.arrival;
  switch (groupBy) {
    case 'subject.id': {
      const { identity } = draft.situation;
      return identity === null ? undefined : { name: identity.id, claim: { kind: 'person', person: claim.person }, circumstances: {} };
    }
    case 'signal.ip': {
      const ip = addressOf(circumstances.ip ?? (claim.kind === 'network' ? claim.id : undefined));
      return ip === undefined ? undefined : { name: ip, claim: { kind: 'network', person: [], id: ip }, circumstances: { ip } };
    }
    default:
      return groupBy satisfies never;
  }
}

/** The last 48 random bits of the id: with the instant enough to know the event again. */
function shortName(signalId: string): string {
  return signalId.slice(-12);
}

/** Who was meant, where somebody was named: a name that no directory knows is a person tried as well. */
function whoOf({ facts }: CompiledDetection, { item, draft }: Considered, { keys }: PipelineParts): string {
  if (!facts.some(([, source]) => source === 'valueCount(subject.id)')) return '';
  const named = item.arrival.claim.person.map(({ format, value }) => `${format} ${value}`).join('\n');
  const who = draft.situation.identity?.id ?? named;
  return who === '' ? '' : keys.pseudonym('detection value', who).slice(0, 8);
}
