/** The scoring room as something that can be exchanged: checks are written against it, and also run against copies with a fault. */
import fc from 'fast-check';
import * as evidence from '../../src/risk/evidence.ts';
import * as index from '../../src/risk/index.ts';
import { shippedText } from './support.ts';

export type RoomModules = typeof index & Pick<typeof evidence, 'bandOf' | 'oneOccurrence'>;

export interface Room extends RoomModules {
  readonly shipped: index.RiskModel;
  load(text: string): index.RiskModel;
}

/** How often a property is tried, and from which seed; a check of one example runs once whatever it says. */
export interface Runs {
  readonly numRuns: number;
  readonly seed?: number;
  /** Leaves the first counterexample as it is: whoever only counts failures need not wait for a small one. */
  readonly endOnFailure?: boolean;
}

export interface Check {
  readonly name: string;
  /** Throws where the check fails. */
  run(runs: Runs): void;
}

export function roomOf(modules: RoomModules): Room {
  const load = (text: string) => {
    const result = modules.parseRiskModel(text, 'policies/risk.yaml');
    if (!result.ok) throw new Error(JSON.stringify(result.faults));
    return result.value;
  };
  return { ...modules, load, shipped: load(shippedText) };
}

export const asItStands: Room = roomOf({ ...index, bandOf: evidence.bandOf, oneOccurrence: evidence.oneOccurrence });

/** A property as a check; a costly one may take its share of the runs only. */
export function tried<Values>(property: fc.IRawProperty<Values>, share = 1): Check['run'] {
  return (runs) => void fc.assert(property, { ...runs, numRuns: Math.ceil(runs.numRuns / share) });
}
