/** What a world begins with, and how much may go wrong in it. */
import type { ExecutorSettings } from '../../../src/actions/index.ts';
import type { ActionType } from '../../../src/model/action.ts';
import type { Cause } from '../../../src/model/signal.ts';
import type { ProviderSettings } from './provider.ts';

export interface PlannedRow {
  /** One letter; also the order of the plans' ids. */
  readonly name: string;
  readonly types: readonly ActionType[];
  /** `approval` and `person`: held for it. */
  readonly state?: 'released' | 'approval' | 'person';
  readonly cause?: Cause;
  /** The account, and so the lane; `1` where it is not said. */
  readonly account?: string;
}

/** How often each may happen at most in one course of events. */
export interface Faults {
  /** A process dies, whatever it is at, and another begins in its place. */
  readonly deaths: number;
  /** A process goes on under a new number, while its claims count as those of a dead one. */
  readonly lostLocks: number;
  /** A call takes effect or does not, and no answer comes. */
  readonly lostAnswers: number;
  /** A call surely had no effect. */
  readonly failures: number;
  /** A read finds the provider away. */
  readonly blindReads: number;
  /** A request to the store is answered by an error, though it was or was not done. */
  readonly storeErrors: number;
}

export interface Scenario extends ProviderSettings, Faults {
  readonly name: string;
  readonly plans: readonly PlannedRow[];
  /** How often the kill switch is pressed; each may be ended. */
  readonly pauses: number;
  /** What a person may say once, whenever they like: `approve A`. */
  readonly words: readonly string[];
  /** How many undos may be ordered. */
  readonly undos: number;
  /** A request of a process that died may still arrive. */
  readonly lateArrivals: boolean;
  readonly settings?: Partial<ExecutorSettings>;
}

export const nothingGoesWrong: Omit<Scenario, 'name' | 'plans'> = {
  keys: false,
  readBack: true,
  deaths: 0,
  lostLocks: 0,
  lostAnswers: 0,
  failures: 0,
  blindReads: 0,
  storeErrors: 0,
  pauses: 0,
  words: [],
  undos: 0,
  lateArrivals: false,
};
