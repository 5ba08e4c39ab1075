/**
 * Held plans whose time is over. Nobody said yes, so they expire; where their approval says so the lesser step is taken instead, if it
 * was not taken with the decision. Any process may look, one at a time.
 */

import { heldActions } from '../engine/holds.ts';
import { consider } from '../engine.ts';
import { admit, concludeReview, createTally } from '../guard/index.ts';
import type { Instant } from '../model/clock.ts';
import type { Plan } from '../model/decision.ts';
import type { ActionId, DecisionId, IdentityId, PlanId, SignalId } from '../model/ids.ts';
import type { Log } from '../model/log.ts';
import { type Notice, namePlans } from '../model/notice.ts';
import { again } from '../store/again.ts';
import type { Tx } from '../store/db.ts';
import { endlessHolds, type LockedPlan, overduePlans, PersonMoved, setHoldEnd, takeSweep } from '../store/held-plan-write.ts';
import { incidentsOfPlans } from '../store/incident-read.ts';
import { readDecisionEntries } from '../store/list-records.ts';
import { insertPlans, type PlanRow, planDeadlineMs } from '../store/plan-insert.ts';
import { insertGuardUses } from '../store/settle-write.ts';
import { askedOf, count, type HeldAgain, lookAgain } from './held-again.ts';
import { type DecidedCore, type HoldParts, termsOf } from './held-plans.ts';
import { line, takeSteps } from './plan-steps.ts';

const atOnce = 64;

export interface HoldTimeouts {
  /** Answers how many plans expired. */
  sweep(): Promise<number>;
}

export function createHoldTimeouts(parts: HoldParts, log: Log): HoldTimeouts {
  return {
    async sweep() {
      await giveEnds(parts);
      let count = 0;
      for (let some = atOnce; some === atOnce; count += some) some = await expireSome(parts, log);
      return count;
    },
  };
}

/** What a pause held on the way, or an older version, waits from now on as its rung does. */
async function giveEnds(parts: HoldParts): Promise<void> {
  const rows = await endlessHolds(parts.store, atOnce);
  if (rows.length === 0) return;
  const entries = await readDecisionEntries(
    parts.store,
    rows.map(({ decisionId }) => decisionId),
  );
  for (const row of rows) {
    const entry = entries.find(({ id }) => id === row.decisionId);
    const terms = await termsOf(parts, row, entry === undefined ? nothingDecided : (JSON.parse(entry.core) as DecidedCore));
    await setHoldEnd(parts.store, row.id, parts.clock.now() + terms.timeoutMs);
  }
}

const nothingDecided = { bundleHash: '', cause: 'risk', actions: [], reasons: [] } as unknown as DecidedCore;

async function expireSome(parts: HoldParts, log: Log): Promise<number> {
  const work = async (tx: Tx) => {
    const at = parts.clock.now();
    if (!(await takeSweep(tx))) return { expired: 0, released: [] };
    const overdue = await overduePlans(tx, at, atOnce);
    const looked = await lookAgain(parts, tx, overdue, at);
    // Somebody may have decided while the locks were waited for.
    const expired = looked.filter(({ row }) => row.state === 'held' && row.heldUntil !== null && row.heldUntil <= at);
    await takeSteps(
      parts,
      tx,
      expired.map((one) => ({ one, kind: 'expired' })),
      undefined,
      at,
      async ({ terms }) => terms,
    );
    await tellExpired(parts, tx, expired, at);
    const released: PlanId[] = [];
    for (const one of expired) {
      if (one.terms.onTimeout === 'escalate')
        log.error({ planId: one.row.id, decisionId: one.row.decisionId, heldFor: one.row.heldFor }, 'plan.undecided');
      if (one.terms.onTimeout === 'fallback') released.push(...(await takeFallback(parts, tx, one, at)));
    }
    return { expired: expired.length, released };
  };
  const { expired, released } = await again(
    () => parts.store.transaction(work),
    (error) => error instanceof PersonMoved,
  );
  parts.begin(released);
  return expired;
}

/** One notice of all, and one that pages of those whose approval asks for it. What an incident gathers is news of the incident. */
async function tellExpired({ telling }: HoldParts, tx: Tx, expired: readonly HeldAgain[], at: Instant): Promise<void> {
  const [urgent, others] = [true, false].map((escalates) =>
    expired.filter(({ terms }) => (terms.onTimeout === 'escalate') === escalates).map(({ row }) => row),
  ) as [LockedPlan[], LockedPlan[]];
  const incidents = await incidentsOfPlans(
    tx,
    others.map(({ id }) => id),
  );
  const alone = others.filter(({ id }) => !incidents.has(id));
  const told: Notice[] = [...new Set(incidents.values())].map((id) => ({
    type: 'incident.updated',
    about: id,
    data: { incidentId: id },
    people: [],
  }));
  if (alone.length > 0) told.push({ type: 'plan.expired', about: null, ...namePlans(alone) });
  if (urgent.length > 0) {
    const { data, people } = namePlans(urgent);
    told.push({ type: 'plan.escalated', about: null, data: { ...data, page: true }, people });
  }
  await telling.tell(tx, told, at);
}

/** A lesser step of the policy on the same account, by every guard as it stands now. */
async function takeFallback(parts: HoldParts, tx: Tx, { row, decision, now }: HeldAgain, at: Instant): Promise<readonly PlanId[]> {
  const actions = JSON.parse(row.actions) as Plan['actions'];
  const [held] = heldActions({ connection: row.connection, actions }, decision.actions);
  if (held === undefined || now === undefined || wasTaken(decision, held)) return [];
  const { settings, pauses } = parts.judging.state();
  const { intent, review } = consider(now.situation, now.bundle, settings, pauses);
  const choice = review?.choices.find(({ policyId }) => policyId === held.policyId);
  const steps = [choice?.first ?? [], ...(choice?.instead ?? [])]
    .map((step) => step.filter(({ wanted }) => wanted.connection === row.connection && wanted.accountId === held.accountId))
    .filter(([first]) => first !== undefined && first.wanted.step !== held.step && first.wanted.rung <= held.rung);
  const [first, ...instead] = steps;
  if (intent === null || review === null || first === undefined) return [];
  const tally = createTally(await count(tx, steps.flat(), at), at);
  const final = admit({ ...review, choices: [{ policyId: held.policyId, first, instead }] }, tally.readingsFor(askedOf(steps.flat())));
  const running = { ...final, actions: final.actions.filter(({ fate }) => fate === 'released') };
  const { plans: drafts, uses, direct } = concludeReview(intent, running, now.situation.subject);
  const rows = drafts.map((draft): PlanRow => {
    const plan: Plan = {
      id: parts.ids.next<PlanId>(at),
      decisionId: row.decisionId as DecisionId,
      identityId: row.identityId as IdentityId | null,
      lane: draft.lane,
      connection: draft.connection,
      actions: draft.actions.map((action) => ({ ...action, id: parts.ids.next<ActionId>(at) })),
      state: 'released',
      heldFor: null,
      createdAt: at,
    };
    const { cause, policyId, source } = row;
    const signalId = row.signalId as SignalId;
    const { accountId, profile } = draft;
    return { plan, signalId, accountId, cause, policyId, source, profile, deadlineAt: at + planDeadlineMs, heldUntil: null };
  });
  const [plan] = rows;
  if (plan === undefined) return [];
  const released = rows.map((each) => each.plan);
  const statements = [
    insertPlans(rows),
    ...(uses.length === 0
      ? []
      : [
          insertGuardUses(
            uses.map((use) => ({ ...use, planId: plan.plan.id })),
            at,
          ),
        ]),
    ...(await parts.jobs(released)),
  ];
  for (const { text, values } of statements) await tx.query(text, [...values]);
  const lines = rows.map(({ plan: { id: planId, decisionId, connection, actions: planned }, profile }) =>
    line(parts, 'plan.released', { planId, decisionId, connection, actions: planned.map(({ type }) => type), profile, direct }, at),
  );
  await parts.append(tx, lines);
  return released.map(({ id }) => id);
}

/** With the decision itself, or a short while before it. */
function wasTaken({ actions }: DecidedCore, held: DecidedCore['actions'][number]): boolean {
  return actions.some(
    ({ policyId, step, connection, accountId, state, by }) =>
      policyId === held.policyId &&
      step !== held.step &&
      connection === held.connection &&
      accountId === held.accountId &&
      (state === 'released' || by === 'cooldown'),
  );
}
