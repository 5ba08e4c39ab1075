/** Everything that a settled batch leaves in the database, as statements of one round trip. */
import type { Instant } from '../model/clock.ts';
import { putBackType, undoType } from '../model/undo.ts';
import type { Item } from '../signals/index.ts';
import { moveFeed } from '../store/feed.ts';
import { entryStatements } from '../store/ledger-append.ts';
import { insertLimitHits, judgeLimitHits } from '../store/limit-hits.ts';
import { insertPlans } from '../store/plan-insert.ts';
import { insertGuardUses, insertSignals, insertSources, updateEvidence } from '../store/settle-write.ts';
import type { Statement } from '../store/statement.ts';
import { noteEnabled } from '../store/undo-enabled.ts';
import { markPutBack, markUndoDecided, readAgain } from '../store/undo-write.ts';
import { forgetUnresolved, insertUnresolved } from '../store/unresolved.ts';
import { insertVerdicts } from '../store/verdict-rows.ts';
import type { Failed, JudgedBatch } from './batch.ts';
import type { Settled } from './naming.ts';
import type { PipelineParts } from './parts.ts';
import {
  enabledPeople,
  enabledRow,
  entryRows,
  evidenceRow,
  handOverFirst,
  hitRows,
  reversalRow,
  signalRow,
  undecidedStatement,
  unresolvedRow,
  usesOf,
  verdictRow,
} from './rows.ts';

export async function composeWrites(
  settled: readonly Settled[],
  batch: JudgedBatch,
  newSources: readonly string[],
  at: Instant,
  parts: PipelineParts,
): Promise<readonly Statement[]> {
  const plans = settled.flatMap((one) => one.plans);
  const released = plans.filter(({ plan }) => plan.state === 'released').map(({ plan }) => plan);
  const resolved = settled.filter((one) => one.amends !== undefined);
  const verdicts = settled.flatMap(verdictRow);
  return [
    ...of(settled.map(signalRow), insertSignals),
    ...ofMany(entryRows(settled, batch.failed, at, parts), (rows) => entryStatements(rows, parts.ids.next(at))),
    ...of([...batch.evidence].map(evidenceRow), updateEvidence),
    ...of(newSources, (sources) => insertSources(sources, at)),
    ...of(plans, insertPlans),
    ...of(settled.flatMap(usesOf), (uses) => insertGuardUses(uses, at)),
    ...of(settled.flatMap(hitRows), (hits) => insertLimitHits(hits, at)),
    ...(released.length === 0 ? [] : await parts.jobs(released)),
    ...of(
      settled.filter((one) => one.draft.state === 'unresolved').map((one) => unresolvedRow(one, at, parts)),
      insertUnresolved,
    ),
    ...of(
      resolved.map((one) => one.item.signalId),
      forgetUnresolved,
    ),
    ...(await Promise.all(resolved.map((one) => handOverFirst(one, parts)))).flat(),
    ...of(verdicts, insertVerdicts),
    // A word against a source leaves what it filled as full as it is.
    ...of(
      verdicts.filter(({ verdict }) => verdict === 'true' || verdict === 'benign').map(({ decisionId }) => decisionId),
      (right) => judgeLimitHits(right, at),
    ),
    ...of(
      settled.flatMap((one) => reversalRow(one, undoType)),
      markUndoDecided,
    ),
    ...of(settled.flatMap(enabledRow), noteEnabled),
    ...of(settled.flatMap(enabledPeople), (people) => readAgain(people, at)),
    ...of(
      settled.flatMap((one) => reversalRow(one, putBackType)),
      markPutBack,
    ),
    ...(await Promise.all(batch.failed.map((failed) => undecidedStatement(failed, at, parts)))),
  ];
}

/** A table to which nothing belongs gets no statement. */
function ofMany<Row>(rows: readonly Row[], write: (rows: readonly Row[]) => readonly Statement[]): readonly Statement[] {
  return rows.length === 0 ? [] : write(rows);
}

function of<Row>(rows: readonly Row[], write: (rows: readonly Row[]) => Statement): readonly Statement[] {
  return ofMany(rows, (some) => [write(some)]);
}

/** What was read from a source moves its cursor even where it had come before: an event may come by two ways. */
export function feedMoves(items: readonly Item[], at: Instant): readonly Statement[] {
  return items.flatMap(({ feed }) => (feed === undefined ? [] : [moveFeed(feed.connection, feed.cursor, at)]));
}

/** A culprit alone: its bytes, its reason and a line in the log; nothing of it reaches a column that refused it. */
export async function composeBurial(failed: Failed, at: Instant, parts: PipelineParts): Promise<readonly Statement[]> {
  return [...entryStatements(entryRows([], [failed], at, parts), parts.ids.next(at)), await undecidedStatement(failed, at, parts)];
}
