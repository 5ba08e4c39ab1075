/** Incidents for people: shown whole, exported with their place in the log, judged with one word. */
import { AppError } from '../model/errors.ts';
import type { EntryId } from '../model/ids.ts';
import { isId } from '../model/ids.ts';
import type { IncidentVerdict } from '../model/incident.ts';
import { verdictType } from '../model/verdict.ts';
import type { Caller, Item, RecordReader } from '../server/index.ts';
import { lockIncident, markJudged, refuseHeldOf, unjudgedOf } from '../store/incident-judge.ts';
import {
  type IncidentRow,
  incidentDecisions,
  incidentMembers,
  incidentPeople,
  incidentSummary,
  listIncidents,
} from '../store/incident-read.ts';
import { campaignsOfIncident } from '../store/undo-campaign.ts';
import { closeBegun } from './begun-plans.ts';
import type { Core } from './core.ts';
import { giveVerdict } from './verdicts.ts';
import { decisionView, incidentView, instant, progressView } from './views.ts';

/** Plans and people that one answer names at most. */
const shownAtMost = 2_000;
/** Verdicts under way at once: they are settled in batches. */
const verdictsAtOnce = 32;

export function incidentReader(core: Core): RecordReader {
  const { store } = core;
  return {
    list: async (filter, page) => (await listIncidents(store, filter, page)).map(incidentView),
    async get(id) {
      const row = isId(id) ? await incidentSummary(store, id) : undefined;
      return row && showIncident(core, row);
    },
  };
}

async function showIncident({ store }: Core, row: IncidentRow): Promise<Item> {
  const [members, identityIds, orders] = await Promise.all([
    incidentMembers(store, row.id, shownAtMost),
    incidentPeople(store, row.id, shownAtMost),
    campaignsOfIncident(store, row.id),
  ]);
  const plans = members.map(({ at, actions, ...plan }) => ({
    at: instant(at),
    event: 'plan',
    ...plan,
    actions: (JSON.parse(actions) as readonly { type: string }[]).map(({ type }) => type),
  }));
  const opened = { at: instant(row.openedAt), event: 'opened', guard: row.guard, source: row.source };
  const judged = { at: instant(row.judgedAt), event: 'judged', verdict: row.verdict, by: row.judgedBy };
  const undone = orders.map(({ id, orderedAt, orderedBy }) => ({ at: instant(orderedAt), event: 'undo', orderId: id, by: orderedBy }));
  const timeline = [...plans, opened, ...(row.judgedAt === null ? [] : [judged]), ...undone];
  return {
    ...incidentView(row),
    identityIds,
    heldPlanIds: members.filter(({ state }) => state === 'held').map(({ planId }) => planId),
    // The reason may name people, and not everybody who sees incidents may see those.
    undos: orders.map(({ reason: _reason, ...order }) => progressView(order)),
    timeline: timeline.sort((a, b) => ((a.at ?? '') < (b.at ?? '') ? -1 : (a.at ?? '') > (b.at ?? '') ? 1 : 0)),
  };
}

export async function exportIncident(core: Core, id: string): Promise<Item | undefined> {
  const row = isId(id) ? await incidentSummary(core.store, id) : undefined;
  if (row === undefined) return undefined;
  await core.sequencer.flush();
  const decisions = await incidentDecisions(core.store, id);
  return {
    id,
    incident: await showIncident(core, row),
    checkpoint: (await core.ledger.reader.checkpoint())?.size ?? 0,
    entries: decisions.map(({ id: decisionId, core: text, leafIndex }) => ({
      decision: decisionView(text),
      leafIndex,
      proof: `/api/v1/decisions/${decisionId}/proof`,
    })),
  };
}

/** The word and the end of what is held are one transaction; the verdicts on the decisions follow, and are taken up again when it is repeated. */
export async function judgeIncident(
  core: Core,
  id: string,
  given: { readonly verdict: IncidentVerdict; readonly reason: string },
  caller: Caller,
): Promise<Item | undefined> {
  if (caller.types && !caller.types.includes(verdictType))
    throw new AppError('auth.forbidden', 'The credential may not send this signal type.');
  const plansRefused = isId(id) ? await recordVerdict(core, id, given, caller) : undefined;
  if (plansRefused === undefined) return undefined;
  const { decisionsJudged, decisionsLeft } = await judgeDecisions(core, id, given, caller);
  return { id, verdict: given.verdict, plansRefused, decisionsJudged, decisionsLeft };
}

/** How many held plans it ended. */
function recordVerdict(
  core: Core,
  id: string,
  { verdict, reason }: { readonly verdict: IncidentVerdict; readonly reason: string },
  { name: by }: Caller,
): Promise<number | undefined> {
  const at = core.clock.now();
  return core.store.transaction(async (tx) => {
    const row = await lockIncident(tx, id);
    if (row === undefined) return undefined;
    if (row.verdict === verdict) return 0;
    if (row.verdict !== null) throw new AppError('conflict', `This incident was judged already: ${row.verdict}.`);
    await markJudged(tx, id, { verdict, by, at });
    const refused = verdict === 'false' ? await refuseHeldOf(tx, id, at) : [];
    const ended = refused.map((plan) => ({ planId: plan.id, decisionId: plan.decisionId, code: verdictType }));
    await core.append(tx, [
      {
        id: core.ids.next<EntryId>(at),
        type: 'incident.judged',
        at,
        core: { incidentId: id, verdict, by, plansRefused: refused.length },
        pii: { owner: { connection: 'operators' }, value: { reason } },
      },
      ...refused.map(({ id: planId, decisionId, connection, actions }) => ({
        id: core.ids.next<EntryId>(at),
        type: 'plan.refused' as const,
        at,
        core: {
          planId,
          decisionId,
          connection,
          actions: (JSON.parse(actions) as readonly { type: string }[]).map(({ type }) => type),
          by: verdictType,
        },
        pii: null,
      })),
      ...(await closeBegun(tx, core.ids, ended, at)),
    ]);
    await core.telling.tell(tx, [{ type: 'incident.judged', about: id, data: { incidentId: id, verdict }, people: [] }], at);
    return refused.length;
  });
}

async function judgeDecisions(
  core: Core,
  id: string,
  { verdict, reason }: { readonly verdict: IncidentVerdict; readonly reason: string },
  caller: Caller,
): Promise<{ readonly decisionsJudged: number; readonly decisionsLeft: number }> {
  const waiting = await unjudgedOf(core.store, id, verdict);
  let decisionsJudged = 0;
  let decisionsLeft = 0;
  for (let start = 0; start < waiting.length; start += verdictsAtOnce) {
    const said = await Promise.allSettled(
      waiting
        .slice(start, start + verdictsAtOnce)
        .map((decisionId) => giveVerdict(core, decisionId, { verdict, scope: 'occurrence', reason }, caller)),
    );
    for (const one of said) {
      if (one.status === 'rejected' && !(one.reason instanceof AppError && one.reason.code === 'conflict')) decisionsLeft++;
      // What was erased, or cannot be judged, is nobody's to judge any more.
      else if (one.status === 'fulfilled' && one.value !== undefined) decisionsJudged++;
    }
  }
  return { decisionsJudged, decisionsLeft };
}
