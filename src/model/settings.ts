/** The parts of the configuration that judging reads. The whole file's schema is in `settings`. */
import type { Rung } from './action.ts';

export interface CeilingEntry {
  readonly mode: 'enforce' | 'report-only';
  /** Steps above it are only reported. 3 where it is not written. */
  readonly maxRung: Rung;
}

/** `enforcement` of `rescind.yaml`, normalised: the entries of an action's connection and groups replace `default`. */
export interface Enforcement {
  readonly default: CeilingEntry;
  readonly connections: Readonly<Record<string, CeilingEntry>>;
  readonly groups: Readonly<Record<string, CeilingEntry>>;
  readonly receivers: Readonly<Record<string, 'enforce' | 'report-only' | 'test'>>;
}

/** What of the configuration can change a decision; stored once under its hash, without secrets or personal data. */
export interface JudgingSettings {
  readonly enforcement: Enforcement;
  /** Policy id to `enforce`: lifts the policy's own mode and promotion, by hand and unproven. */
  readonly overrides: Readonly<Record<string, 'enforce'>>;
  readonly profile: 'standard' | 'small';
  /** Guard profile, source kind and offered actions of each connection. */
  readonly connections: Readonly<Record<string, JudgingConnection>>;
  /** Absent in configurations of before: nobody is known to be at work. */
  readonly calendar?: Calendar;
}

/** When the organisation works, by its own clock: `08:00-17:00` in a zone such as `Europe/Oslo`. */
export interface Calendar {
  readonly timeZone?: string;
  readonly workingHours?: string;
}

export interface JudgingConnection {
  readonly provider: string;
  readonly profile: 'standard' | 'small' | 'sandbox';
  /** Action types that the connection's adapter declares as supported or substituted. */
  readonly actions: readonly string[];
}
