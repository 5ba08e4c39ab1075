/**
 * Lets held levels fall when their time has come, and reckons when to look again. Any process may do it: each takes what no other has
 * in hand.
 */
import type { Clock, Instant } from '../model/clock.ts';
import type { Log } from '../model/log.ts';
import type { EvidenceState } from '../model/risk.ts';
import type { Tier } from '../model/subject.ts';
import { standingsOf } from '../pipeline/batch.ts';
import type { JudgingState } from '../pipeline/parts.ts';
import { heldLevelAt, nextLook, parseEvidence, type ScoreContext } from '../risk/index.ts';
import {
  closeRechecks,
  type DueLevel,
  type LookedAt,
  makeLevelsDue,
  openRechecks,
  takeDueLevels,
  writeLevels,
} from '../store/held-level.ts';
import type { Store } from '../store/open.ts';
import type { Judging } from './judging.ts';

export interface HeldLevels {
  /** Looks at everybody who is due, and where what is judged by has changed at everybody with evidence; answers how many. */
  look(): Promise<number>;
}

const atOnce = 64;
const pageSize = 500;

export function createHeldLevels(parts: {
  readonly store: Store;
  readonly judging: Pick<Judging, 'state'>;
  readonly clock: Clock;
  readonly log: Log;
}): HeldLevels {
  const { store, judging, clock, log } = parts;

  async function lookAtSome(): Promise<number> {
    const at = clock.now();
    const state = judging.state();
    return store.transaction(async (tx) => {
      const due = await takeDueLevels(tx, at, state.bundle.hash, atOnce);
      const looked = due.map((row) => lookAt(row, at, state, log));
      if (looked.length > 0) await writeLevels(tx, looked);
      return looked.length;
    });
  }

  return {
    async look() {
      const changes = await openRechecks(store);
      if (changes.length > 0) {
        const at = clock.now();
        for (let last = await makeLevelsDue(store, undefined, at, pageSize); last !== undefined; )
          last = await makeLevelsDue(store, last, at, pageSize);
        await closeRechecks(store, changes);
      }
      let count = 0;
      for (let some = atOnce; some === atOnce; count += some) some = await lookAtSome();
      return count;
    },
  };
}

function lookAt({ id, evidence, heldLevel, tier, executive, dueAt }: DueLevel, at: Instant, state: JudgingState, log: Log): LookedAt {
  try {
    const held = parseEvidence(evidence);
    const context = contextOfPerson({ tier, executive }, held, state);
    const level = heldLevelAt(held, heldLevel, dueAt ?? at, at, context, state.bundle.risk);
    return { id, heldLevel: level, lookAt: nextLook(held, level, at, context, state.bundle.risk) };
  } catch (error) {
    // It stays as it is until the next signal, and holds up nobody else.
    log.error({ identityId: id, error: (error as Error).name }, 'level.cannotBeRead');
    return { id, heldLevel, lookAt: undefined };
  }
}

/** What a score outside of settle reads of a person. */
export function contextOfPerson(
  person: { readonly tier: Tier; readonly executive: boolean },
  evidence: EvidenceState,
  state: Pick<JudgingState, 'sourceSince' | 'kindOf'>,
): ScoreContext {
  return { tier: person.tier, executive: person.executive, sources: standingsOf(evidence, '', state) };
}
