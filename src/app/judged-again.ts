/**
 * What was decided on, judged once more as things stand now: today's person, evidence, directories, administrators, breaker and pauses,
 * without the marks that the decision's own actions set, and with those guards taken off that a person's word lifts.
 */
import type { Bundle } from '../engine/bundle.ts';
import { heldActions } from '../engine/holds.ts';
import { consider, type Snapshot } from '../engine.ts';
import { endsAdministration, liftedBy, lifting, type Review, type ReviewedAction } from '../guard/index.ts';
import type { Instant } from '../model/clock.ts';
import type { Situation, Standing } from '../model/situation.ts';
import type { Identity } from '../model/subject.ts';
import { standingsOf } from '../pipeline/batch.ts';
import { isDismissed, occurrenceOf, parseEvidence, withoutOwn } from '../risk/index.ts';
import type { Tx } from '../store/db.ts';
import type { LockedEvidence } from '../store/held-level.ts';
import type { LockedPlan } from '../store/held-plan-write.ts';
import { countAdmins, readDirectoryTimes } from '../store/standing.ts';
import { actionsOf, type DecidedCore, type HoldParts } from './held-plans.ts';

export interface Known {
  readonly row: LockedPlan;
  readonly decision: DecidedCore;
  readonly snapshot: Snapshot;
  readonly bundle: Bundle;
  readonly person: LockedEvidence | undefined;
  readonly identity: Identity | undefined;
  /** As it is now, and not as it was decided on. */
  readonly standing: Standing;
}

export interface JudgedAgain {
  readonly now: { readonly situation: Situation; readonly bundle: Bundle };
  /** The evidence behind it was called false since. */
  readonly dismissed: boolean;
  readonly review: Review | undefined;
  /** The plan's actions as they would be judged now; absent: policy asks for it no more. */
  readonly actions: readonly (ReviewedAction | undefined)[];
}

/** What guards ask before something goes far, read in the transaction that lets it go. */
export async function readStanding(tx: Tx): Promise<Standing> {
  return { directories: await readDirectoryTimes(tx), admins: await countAdmins(tx, [...endsAdministration]) };
}

/** What cannot be judged again lapses; it must not keep the rest of a list, or of the overdue, from its end. */
export function judgeAgain(parts: HoldParts, known: Known, holds: readonly string[], at: Instant): JudgedAgain | undefined {
  try {
    return judge(parts, known, holds, at);
  } catch {
    return undefined;
  }
}

function judge(parts: HoldParts, known: Known, holds: readonly string[], at: Instant): JudgedAgain {
  const { row, decision, bundle } = known;
  const { settings, pauses } = parts.judging.state();
  const situation = situationNow(parts, known, at);
  const lifted = { ...bundle, guards: lifting(bundle.guards, liftedBy(holds)) };
  const { review, assessment } = consider(situation, lifted, settings, pauses);
  const occurrence = occurrenceOf(situation, bundle.risk);
  const all = review?.choices.flatMap(({ first, instead }) => [...first, ...instead.flat()]) ?? [];
  return {
    now: { situation, bundle },
    dismissed: occurrence !== undefined && isDismissed(occurrence, assessment?.evidence ?? situation.evidence, at, bundle.risk),
    review: review ?? undefined,
    actions: actionsOf(row).map((action) => {
      const [decided] = heldActions({ connection: row.connection, actions: [action] }, decision.actions);
      return all.find(
        ({ wanted }) =>
          wanted.type === action.type &&
          wanted.accountId === action.accountId &&
          wanted.connection === row.connection &&
          wanted.policyId === decided?.policyId &&
          wanted.step === decided.step,
      );
    }),
  };
}

function situationNow({ judging }: HoldParts, { row, snapshot, person, identity, standing }: Known, at: Instant): Situation {
  const state = judging.state();
  const { breaker: _, ...before } = snapshot.situation;
  const evidence = person ? withoutOwn(row.decisionId, parseEvidence(person.evidence)) : before.evidence;
  return {
    ...before,
    ...(identity === undefined || person === undefined ? {} : { identity, heldLevel: person.heldLevel }),
    evidence,
    sources: standingsOf(evidence, before.signal.source, state),
    population: state.population,
    ...(state.breaker === undefined ? {} : { breaker: state.breaker }),
    standing,
    now: at,
  };
}
