/**
 * The table of a plan's moves, as SQL. Every statement that changes a row of `plan` takes its states from here, so that what the table
 * says and what the database does are one thing; a test finds the statements and tries each from every state.
 */
import { type PlanMove, type PlanState, planMoves } from '../model/plan-state.ts';

const quoted = (states: readonly PlanState[]) => states.map((state) => `'${state}'`);

/** True of a row that the move may start from. `plan`: the row's name in the statement. */
export function maySet(move: PlanMove, plan = 'plan'): string {
  const [first, ...others] = quoted(planMoves[move].from);
  if (first === undefined) throw new Error(`${move} moves no plan that exists`);
  // The planner matches partial indexes with the equation.
  return others.length === 0 ? `${plan}.state = ${first}` : `${plan}.state in (${[first, ...others].join(', ')})`;
}

/** The one state that the move leads to. */
export function endOf(move: PlanMove): string {
  const [only, ...others] = quoted(planMoves[move].to);
  if (only === undefined || others.length > 0) throw new Error(`${move} does not lead to one state`);
  return only;
}

/** True where one of the moves leads from the row's state to the state in `to`, a parameter or column. */
export function leadsTo(to: string, moves: readonly PlanMove[], plan = 'plan'): string {
  const pairs = moves.flatMap((move) =>
    quoted(planMoves[move].from).flatMap((from) => quoted(planMoves[move].to).map((end) => `(${from}, ${end})`)),
  );
  return `(${plan}.state, ${to}) in (${[...new Set(pairs)].join(', ')})`;
}
