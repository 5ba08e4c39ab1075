/** The words of scoring: what a signal leaves on a person, and what it amounts to. */
import type { Instant } from './clock.ts';
import type { MarkClass, Severity } from './signal.ts';

export const levels = ['none', 'low', 'medium', 'high', 'critical'] as const;
export type Level = (typeof levels)[number];

/** Evidence of one family, its occurrences newest first. Times are event times. */
export interface EvidenceFamily {
  readonly type: string;
  readonly band: Severity;
  readonly source: string;
  /** At most one event-scoped context, empty where none was true. */
  readonly tag: string;
  /** `[dedupKey, latest event time]`: one occurrence a tumbling bucket of ten minutes and key. */
  readonly seen: readonly (readonly [key: string, at: Instant])[];
}

/**
 * What an identity has collected: a join-semilattice, so any order, repetition or batching of the same signals gives the same
 * bytes. Serialised with sorted members; `v` is the version of this shape.
 */
export interface EvidenceState {
  readonly v: 1;
  readonly families: readonly EvidenceFamily[];
  readonly marks: {
    readonly classes: readonly (readonly [markClass: MarkClass, scope: string, at: Instant])[];
    readonly targets: readonly (readonly [type: string, band: Severity | '*', source: string, at: Instant])[];
    readonly occurrences: readonly (readonly [
      type: string,
      band: Severity,
      source: string,
      tag: string,
      key: string,
      bucket: number,
      until: Instant,
    ])[];
  };
  /**
   * Marks of our own actions whose decision still waits in part, each under its decision; they count like `marks.classes`. Absent
   * where there are none.
   */
  readonly own?: readonly (readonly [decisionId: string, markClass: MarkClass, at: Instant])[];
}

export const emptyEvidence: EvidenceState = { v: 1, families: [], marks: { classes: [], targets: [], occurrences: [] } };

/** A score with what policies need to know about it. Scores are 0-100, rounded to four decimals. */
export interface Assessment {
  /** The state with this signal in it. */
  readonly evidence: EvidenceState;
  readonly score: number;
  /** The score without the person's and the event's context multipliers. */
  readonly base: number;
  readonly level: Level;
  readonly heldLevel: Level;
  /** Groups with evidence of 10 points or more. */
  readonly groups: readonly string[];
  readonly groupsActive: number;
  readonly statisticalOnly: boolean;
  readonly signal: { readonly group: string; readonly confidence: number; readonly proof: boolean; readonly late: boolean };
  /** What was missing or stale when scoring; dotted paths. */
  readonly gaps: readonly string[];
  /** Occurrences that the cap of 128 a source pushed out in this step; the score is inexact from there on. */
  readonly dropped?: number;
}

/** How one item moved the score; sums to the score. */
export interface ScorePoint {
  readonly signalType: string;
  readonly group: string;
  readonly source: string;
  readonly points: number;
  readonly at: Instant;
}
