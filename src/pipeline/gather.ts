/** Plans that a limit holds, and the ones of a surge from its fifth person on, become one incident; others are told of it, or of each hold. */
import { isGathered } from '../guard/index.ts';
import { prepareEntry } from '../ledger/index.ts';
import type { Instant } from '../model/clock.ts';
import type { EntryId } from '../model/ids.ts';
import { isSurgeScope, surgeGathersFrom } from '../model/incident.ts';
import { type Notice, namePlans } from '../model/notice.ts';
import {
  type Gathering,
  gatherBackStatement,
  type Hit,
  type IncidentCause,
  type IncidentMember,
  insertIncidentCauses,
  insertIncidentMembers,
} from '../store/incident-write.ts';
import { entryStatements } from '../store/ledger-append.ts';
import type { SettleSession } from '../store/settle-session.ts';
import type { Statement } from '../store/statement.ts';
import type { Settled } from './naming.ts';
import type { PipelineParts } from './parts.ts';

/** Statements to be sent after those of the batch. Nothing is asked for a batch in which nothing is held and no surge runs. */
export async function gather(
  settled: readonly Settled[],
  session: SettleSession,
  at: Instant,
  parts: PipelineParts,
): Promise<readonly Statement[]> {
  const hits = settled.flatMap((one) => {
    const guard = guardOf(one);
    return guard === undefined ? [] : [{ one, guard }];
  });
  const alone = settled.filter((one) => !hits.some((hit) => hit.one === one));
  const holds = alone.flatMap(heldNotices);
  if (hits.length === 0) return holds.length === 0 ? [] : parts.notices([holdNotice(holds)], at);

  const firsts = new Map<string, Hit>();
  for (const { one, guard } of hits) {
    const { type: signalType, source } = one.item.arrival;
    if (!firsts.has(signalType)) firsts.set(signalType, { id: parts.ids.next<EntryId>(at), signalType, source, guard });
  }
  const gatherings = new Map((await session.gather([...firsts.values()], at)).map((one) => [one.signalType, one]));
  const of = (one: Settled) => gatherings.get(one.item.arrival.type) as Gathering;
  const causes = hits.map(({ one, guard }): IncidentCause => ({ incidentId: of(one).id, source: one.item.arrival.source, guard }));
  const back = distinctPairs(hits.map(({ one }) => one)).filter((one) => !of(one).sources.includes(one.item.arrival.source));
  // One page an incident, whatever comes after it.
  const notices = [...gatherings.values()].map(
    ({ id, opened }): Notice =>
      opened
        ? { type: 'incident.opened', about: id, data: { incidentId: id, page: true }, people: [] }
        : { type: 'incident.updated', about: id, data: { incidentId: id }, people: [] },
  );
  return [
    insertIncidentCauses(causes),
    insertIncidentMembers(
      hits.flatMap(({ one }) => membersOf(one, of(one).id)),
      at,
    ),
    ...(back.length === 0
      ? []
      : [
          gatherBackStatement(
            back.map((one) => ({ incidentId: of(one).id, source: one.item.arrival.source, signalType: one.item.arrival.type })),
            at,
          ),
        ]),
    ...openedEntries([...gatherings.values()], firsts, at, parts),
    ...parts.notices(holds.length === 0 ? notices : [...notices, holdNotice(holds)], at),
  ];
}

/** The limit that was reached, or the surge that goes on. */
function guardOf({ plans, judged }: Settled): string | undefined {
  if (plans.length === 0) return undefined;
  const held = plans.find(({ plan }) => plan.state === 'held' && isGathered(plan.heldFor))?.plan.heldFor;
  if (held) return held;
  const surges = judged.uses.some(
    ({ scope }) =>
      isSurgeScope(scope) &&
      judged.snapshot.readings.some(
        (reading) => reading.scope === scope && reading.subject === undefined && reading.used + 1 >= surgeGathersFrom,
      ),
  );
  return surges ? 'surge' : undefined;
}

function membersOf({ plans, decision, item }: Settled, incidentId: string): readonly IncidentMember[] {
  return plans
    .filter(({ plan }) => plan.state !== 'refused')
    .map(({ plan }) => ({
      incidentId,
      planId: plan.id,
      decisionId: decision.id,
      signalId: item.signalId,
      identityId: plan.identityId,
      guard: plan.state === 'held' ? plan.heldFor : null,
    }));
}

function distinctPairs(settled: readonly Settled[]): readonly Settled[] {
  return [...new Map(settled.map((one) => [JSON.stringify([one.item.arrival.source, one.item.arrival.type]), one])).values()];
}

function openedEntries(
  gatherings: readonly Gathering[],
  firsts: ReadonlyMap<string, Hit>,
  at: Instant,
  { ids, random }: PipelineParts,
): readonly Statement[] {
  const opened = gatherings.filter((one) => one.opened).map(({ signalType }) => firsts.get(signalType) as Hit);
  if (opened.length === 0) return [];
  const rows = opened.map(({ id: incidentId, guard, source, signalType }) =>
    prepareEntry(
      { id: ids.next<EntryId>(at), type: 'incident.opened', at, core: { incidentId, guard, source, signalType }, pii: null },
      null,
      random,
    ),
  );
  return entryStatements(rows, ids.next(at));
}

/** What a pause holds was told with the pause. */
function heldNotices({ plans }: Settled) {
  return plans.filter(({ plan }) => plan.state === 'held' && plan.heldFor !== 'pause').map(({ plan }) => plan);
}

function holdNotice(plans: readonly Settled['plans'][number]['plan'][]): Notice {
  return { type: 'plan.held', about: null, ...namePlans(plans) };
}
