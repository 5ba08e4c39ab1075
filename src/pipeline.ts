/** The journey of a batch of signals: what happens in which order inside the one transaction that accepts and decides them. */
import type { Bundle } from './engine/bundle.ts';
import { conclude, type Judged, questionsOf } from './engine.ts';
import { createTally } from './guard/index.ts';
import type { Instant } from './model/clock.ts';
import type { Acknowledgement } from './model/signal.ts';
import { type Considered, GraphMoved, judgeBatch } from './pipeline/batch.ts';
import { detect } from './pipeline/detect.ts';
import { gather } from './pipeline/gather.ts';
import { nameDecision, type Settled } from './pipeline/naming.ts';
import { keysOf, type PipelineParts } from './pipeline/parts.ts';
import { composeBurial, composeWrites, feedMoves } from './pipeline/writes.ts';
import { firstOfEach, type Item, settleByHalves } from './signals/index.ts';
import { again } from './store/again.ts';
import type { Opened, Repeat, SettleSession } from './store/settle-session.ts';

/** Settles a batch and answers in its order. Throws `store.unavailable` when nothing was accepted and the sender should come again. */
export type Settle = (items: readonly Item[]) => Promise<readonly Acknowledgement[]>;

export function createPipeline(parts: PipelineParts): { readonly settle: Settle } {
  const together = (items: readonly Item[]) => settleAgain((still) => settleTogether(items, still, parts));
  return { settle: (items) => settleByHalves(items, together, (item, reason) => settleAgain(() => bury(item, reason, parts))) };
}

async function settleTogether(items: readonly Item[], still: boolean, parts: PipelineParts): Promise<readonly Acknowledgement[]> {
  const judging = parts.judging();
  const firsts = firstOfEach(items);
  const connectionKeys = await keysOf(firsts, parts.keys);
  return parts.transaction(async (session) => {
    // Repeats fall out, people are found and locked, what is known of them is read.
    const opened = await session.open({ ...doorway(firsts, true), still });
    const fresh = firsts.filter((item) => isOurs(item, opened));
    const known = firsts.filter((item) => isFirst(item) && !opened.fresh.has(item.key));
    const repeats = known.length === 0 ? [] : await session.repeats(known.map((item) => item.key));
    // How bad, what to do, may we: pure, signal after signal.
    const judged = judgeBatch(fresh, opened, judging, connectionKeys, parts);
    // What several events together amount to is a signal of its own, judged after them.
    const { batch, rings } = await detect(judged, opened, session, judging, parts);
    // Only what would act asks the limits, and only now are the guard locks taken.
    const settled = await concludeAll(batch.considered, session, opened.at, judging.bundle, parts);
    const sources = new Set([...batch.considered, ...batch.failed].map(({ item }) => item.arrival.source));
    const newSources = [...sources].filter((source) => judging.sourceSince(source) === undefined);
    const writes = await composeWrites(settled, batch, newSources, opened.at, parts);
    // What a limit holds is one incident, however many people it is about.
    const gathered = await gather(settled, session, opened.at, parts);
    await session.commit([...writes, ...rings, ...gathered, ...feedMoves(items, opened.at)]);
    parts.committed({ released: releasedOf(settled), newSources, at: opened.at });
    reportForgeries(firsts, repeats, parts);
    return acknowledge(items, settled, repeats);
  });
}

/** Whether it comes through the door: the first time, as far as the sender's side knows. */
function isFirst(item: Item): boolean {
  return item.attempt === 0 && item.reopened === undefined;
}

/** Of what waited here another process may have taken it up first. */
function isOurs(item: Item, opened: Opened): boolean {
  if (isFirst(item)) return opened.fresh.has(item.key);
  return (item.reopened ? opened.reopened : opened.retried).has(item.signalId);
}

function doorway(items: readonly Item[], withPeople: boolean) {
  const first = items.filter(isFirst);
  return {
    keys: first.map((item) => ({ key: item.key, signalId: item.signalId, bodyDigest: item.digest, firstAt: item.arrival.receivedAt })),
    retried: items.filter((item) => item.attempt > 0).map((item) => item.signalId),
    reopened: items.filter((item) => item.reopened).map((item) => item.signalId),
    // A separator inside an identifier names nobody: no directory holds one.
    identifiers: withPeople ? items.flatMap((item) => item.arrival.claim.person.filter((key) => !key.value.includes('\x1e'))) : [],
  };
}

async function concludeAll(
  considered: readonly Considered[],
  session: SettleSession,
  at: Instant,
  bundle: Bundle,
  parts: PipelineParts,
): Promise<readonly Settled[]> {
  const questions = considered.flatMap((one) => questionsOf(one.draft));
  if (questions.length === 0) return considered.map((one) => nameDecision(one, conclude(one.draft, []), at, bundle, parts));
  const counted = await session.count(
    [...new Map(questions.map((question) => [`${question.scope} ${question.windowMs}`, question])).values()],
    [...new Set(questions.flatMap(({ subject, also = [] }) => [subject, ...also]))],
    at,
  );
  const tally = createTally(counted, at);
  return considered.map((one) => {
    const judged: Judged = conclude(one.draft, tally.readingsFor(questionsOf(one.draft)));
    tally.add(judged.uses);
    return nameDecision(one, judged, at, bundle, parts);
  });
}

/** Stores as bytes what cannot be written as a signal; it is settled again later, with the rest of what is undecided. */
async function bury(item: Item, reason: string, parts: PipelineParts): Promise<Acknowledgement> {
  return parts.transaction(async (session) => {
    const opened = await session.open({ ...doorway([item], false), still: false });
    if (isFirst(item) && !opened.fresh.has(item.key)) {
      const repeats = await session.repeats([item.key]);
      await session.commit(feedMoves([item], opened.at));
      return acknowledge([item], [], repeats)[0] as Acknowledgement;
    }
    const event = item.reopened ? 'signal.notDecidedAnew' : 'signal.buried';
    parts.log.error({ signalId: item.signalId, type: item.arrival.type, reason }, event);
    // Another process was first, and its word stands; one that was decided before stays as it was decided.
    const taken = item.reopened || !isOurs(item, opened);
    const burial = taken ? [] : await composeBurial({ item, reason }, opened.at, parts);
    await session.commit([...burial, ...feedMoves([item], opened.at)]);
    return { signalId: item.signalId, decisionIds: [], repeated: false };
  });
}

function acknowledge(items: readonly Item[], settled: readonly Settled[], repeats: readonly Repeat[]): readonly Acknowledgement[] {
  const decided = new Map(settled.map((one) => [one.item.key, one.decision.id]));
  const before = new Map(repeats.map((repeat) => [repeat.key, repeat]));
  const answered = new Map<string, Item>();
  return items.map((item) => {
    const repeat = before.get(item.key);
    const first = answered.get(item.key) ?? item;
    answered.set(item.key, first);
    if (repeat !== undefined)
      return { signalId: repeat.signalId, decisionIds: repeat.decisionIds, repeated: repeat.signalId !== item.signalId };
    const decisionId = decided.get(item.key);
    return { signalId: first.signalId, decisionIds: decisionId === undefined ? [] : [decisionId], repeated: first !== item };
  });
}

function releasedOf(settled: readonly Settled[]) {
  return settled.flatMap((one) => one.plans.filter(({ plan }) => plan.state === 'released').map(({ plan }) => plan.id));
}

/** The same event with other content is either a sender's fault or somebody's attempt to hide the first. */
function reportForgeries(items: readonly Item[], repeats: readonly Repeat[], parts: PipelineParts): void {
  const digests = new Map(items.map((item) => [item.key, item]));
  for (const repeat of repeats) {
    const item = digests.get(repeat.key);
    if (item !== undefined && item.digest !== repeat.bodyDigest) {
      parts.log.warn({ source: item.arrival.source, signalId: repeat.signalId }, 'signal.repeatedWithOtherContent');
    }
  }
}

/**
 * The same batch once more, also where the graph of people moved under it; then it takes its turn with the writers of the graph, so that
 * it cannot move again. The door's keys make it safe.
 */
function settleAgain<T>(work: (still: boolean) => Promise<T>): Promise<T> {
  let still = false;
  return again(
    () => work(still),
    (error) => {
      still ||= error instanceof GraphMoved;
      return error instanceof GraphMoved;
    },
  );
}
