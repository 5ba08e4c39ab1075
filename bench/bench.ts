/** What a bench is: names of rows, and what makes them. */
import type { Row } from './row.ts';

export interface BenchOptions {
  /** Passed to the Node of the service, e.g. `--cpu-prof`. */
  readonly serviceOptions: readonly string[];
}

export interface Bench {
  /** The rows that it makes. */
  readonly names: readonly string[];
  run(options: BenchOptions): Promise<readonly Row[]>;
}
