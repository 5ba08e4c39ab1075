/** The kill switch: a running pause leaves decisions as reports and keeps their plans held. */
import type { ActionType } from './action.ts';
import type { Instant } from './clock.ts';

/** Every member that is present must fit; an empty scope is the global pause. */
export interface PauseScope {
  readonly source?: string;
  readonly policy?: string;
  readonly connection?: string;
  readonly action?: ActionType;
}

export interface Pause {
  readonly id: string;
  readonly scope: PauseScope;
  readonly since: Instant;
  /** When it ends by itself. */
  readonly until?: Instant;
}
