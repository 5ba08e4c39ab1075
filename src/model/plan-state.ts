/**
 * The life of a plan, as a machine: its states, and every move from one to another. Each statement of `store` that changes a plan's row
 * takes the states that it goes from and to from this table (`store/plan-move.ts`), and `test/actions/machine` carries plans out in every
 * order that their actors can take and holds what happens against it.
 *
 * In words. A decision makes the plan. **Released**, it waits for a process; one process at a time claims it, and only the one that
 * holds the claim calls anybody, leaves an end, or gives it back for later. A claim whose process is gone is taken off it. **Held**, it
 * waits for a person, and never for ever: they let it go or refuse it, or its time comes. Everything else is an end. What a run reached
 * is `done`, `partial` or `failed`; `refused` and `expired` say that no more of it is done: what had been done before a pause came between
 * stands in its actions, which own their ends. An end is not left again, but that what was done may be undone.
 *
 * A pause (the kill switch) stands before every intention and every call: once it is answered, nothing is intended and no leave to call
 * is given. What was begun is still looked at, so that nothing that took effect is forgotten; what is left to do is held, and runs again
 * only at a person's word.
 */

export const planStates = ['released', 'held', 'refused', 'expired', 'done', 'partial', 'failed', 'undone'] as const;
export type PlanState = (typeof planStates)[number];

interface Move {
  /** None: the plan does not exist before. */
  readonly from: readonly PlanState[];
  readonly to: readonly PlanState[];
  readonly says: string;
}

export const planMoves = {
  decide: {
    from: [],
    to: ['released', 'held', 'refused'],
    says: 'A decision makes it, as the guards judged: it may go, waits for a person, or may not be.',
  },
  claim: {
    from: ['released'],
    to: ['released'],
    says: 'A process takes it: due, claimed by nobody, first in its lane, and begun before or covered by no pause; what is intended is written with it.',
  },
  takeBack: {
    from: ['released'],
    to: ['released'],
    says: 'The process that claimed it is gone, or has forgotten it; the next one reads the provider before it calls again.',
  },
  giveBack: {
    from: ['released'],
    to: ['released'],
    says: 'The run that holds the claim gives it back, to be tried again at an instant.',
  },
  finish: {
    from: ['released'],
    to: ['done', 'partial', 'failed', 'refused'],
    says: 'The run that holds the claim ends it, when each of its actions has ended.',
  },
  stopBetween: {
    from: ['released'],
    to: ['held'],
    says: 'The run that holds the claim leaves it, because a pause forbade the next call.',
  },
  pause: {
    from: ['released'],
    to: ['held'],
    says: 'A pause covers it, and nobody has begun it.',
  },
  stop: {
    from: ['released'],
    to: ['held'],
    says: 'A person says wait, and nobody has begun to carry it out.',
  },
  timeHold: {
    from: ['held'],
    to: ['held'],
    says: 'How long it waits is reckoned, where that was not known when it was held.',
  },
  holdAnew: {
    from: ['held'],
    to: ['held'],
    says: 'A person gives it its time anew, or their yes lifts one guard and another holds it.',
  },
  letGo: {
    from: ['held'],
    to: ['released'],
    says: 'Enough people said yes, the rules still want it, and no pause covers it.',
  },
  refuse: {
    from: ['held'],
    to: ['refused'],
    says: 'A person denies it or calls its incident false, or nobody can let it go any more.',
  },
  expire: {
    from: ['held'],
    to: ['expired'],
    says: 'Nobody said yes in its time.',
  },
  undo: {
    from: ['done', 'partial'],
    to: ['undone'],
    says: 'All of it that was in force has been undone, by a plan of its own.',
  },
} as const satisfies Record<string, Move>;

export type PlanMove = keyof typeof planMoves;
export const planMoveNames = Object.keys(planMoves) as readonly PlanMove[];

/** The states in which a move may leave a plan. */
export type EndOf<M extends PlanMove> = (typeof planMoves)[M]['to'][number];

/** Which moves lead from one state to another; `undefined` stands for before its decision. */
export function movesBetween(from: PlanState | undefined, to: PlanState): readonly PlanMove[] {
  return planMoveNames.filter((name) => {
    const move: Move = planMoves[name];
    return move.to.includes(to) && (from === undefined ? move.from.length === 0 : move.from.includes(from));
  });
}

/** Whether a plan in this state has come to its end: no run, person or clock moves it on. */
export function isEnd(state: PlanState): boolean {
  return planMoveNames.every((name) => name === 'undo' || !(planMoves[name] as Move).from.includes(state));
}
