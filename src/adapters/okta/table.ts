/** What the rows about Okta's events are made of, and how one is found. The rows themselves stand in `rows/`, by the log's own headings. */

import type { Severity } from '../../model/signal.ts';
import type { NoSignal } from '../contract.ts';

/**
 * What became of it. `done`: SUCCESS and ALLOW, and where nothing is said; `failed`: FAILURE and DENY; `challenged`: CHALLENGE;
 * `unanswered`: UNANSWERED and ABANDONED; `other`: everything else, which only rows of `any` are about.
 */
export type Outcome = 'done' | 'failed' | 'challenged' | 'unanswered' | 'other';

/**
 * Whom a row means. `actor`: who did it. `target`: the one person whom it was done to. `user`: that person, else the actor. `grantee`: that
 * person, else the group or app that was given something. `session`: as `user`, in the session that is named. `device`: the device, with its
 * person. `network`: the address. `client`: the app. `org`: the organisation itself.
 */
export type Whom = 'actor' | 'target' | 'user' | 'grantee' | 'session' | 'device' | 'network' | 'client' | 'org';

/** What is looked up in the event beyond its name: see `readings.ts`. */
export type ReadingName =
  | 'adminOfSessions'
  | 'appPassword'
  | 'initiator'
  | 'mfaFailed'
  | 'mfaPassed'
  | 'ownSignOut'
  | 'passwordChange'
  | 'passwordReset'
  | 'passwordPush'
  | 'privilegeTaken'
  | 'riskDetected'
  | 'riskChanged'
  | 'riskAction'
  | 'shownPassword'
  | 'signIn'
  | 'signInFailed'
  | 'stolenPassword';

/** Known, and no signal. */
export type Silence = Extract<NoSignal, 'context' | 'ownHealth' | 'internal'>;

/**
 * `type` may end in `.*`: that name and everything below it, where there is no row of its own. `gives` is a signal type of the catalogue, or why there is none.
 * Where the documentation gives a range of severities the lower one stands; a type that is proof carries its weight in the catalogue and is
 * medium; of what leaves no evidence `low` is what people do themselves.
 */
export type Row = readonly [
  type: string,
  outcome: Outcome | 'any',
  whom: Whom | '',
  gives: string,
  severity: Severity | '',
  reading: ReadingName | '',
  note: string,
];

/** A row as it is applied. */
export interface Rule {
  readonly type: string;
  readonly whom: Whom;
  readonly gives: string | Silence;
  readonly silent: boolean;
  readonly severity: Severity;
  readonly reading: ReadingName | undefined;
}

export interface RuleTable {
  /** `notDone`: the type is known, and not with this outcome. `undefined`: the type is not known. */
  find(type: string, outcome: Outcome): Rule | 'notDone' | undefined;
}

const silences: ReadonlySet<string> = new Set<Silence>(['context', 'ownHealth', 'internal']);

/** Throws `Error` where two rows are about the same. */
export function compileTable(rows: readonly Row[]): RuleTable {
  const exact = new Map<string, Map<Outcome | 'any', Rule>>();
  const below = new Map<string, Map<Outcome | 'any', Rule>>();
  for (const [type, outcome, whom, gives, severity, reading] of rows) {
    const isFamily = type.endsWith('.*');
    const map = isFamily ? below : exact;
    const name = isFamily ? type.slice(0, -2) : type;
    const rules = map.get(name) ?? new Map<Outcome | 'any', Rule>();
    if (rules.has(outcome)) throw new Error(`two rows about ${type} ${outcome}`);
    const rule: Rule = {
      type,
      whom: whom === '' ? 'org' : whom,
      gives,
      silent: silences.has(gives),
      severity: severity === '' ? 'medium' : severity,
      reading: reading === '' ? undefined : reading,
    };
    map.set(name, rules.set(outcome, rule));
  }
  return {
    find(type, outcome) {
      const rules = exact.get(type) ?? familyOf(type, below);
      return rules && (rules.get(outcome) ?? rules.get('any') ?? 'notDone');
    },
  };
}

/** The nearest family first. */
function familyOf<T>(type: string, below: ReadonlyMap<string, T>): T | undefined {
  for (let end = type.length; end > 0; end = type.lastIndexOf('.', end - 1)) {
    const found = below.get(type.slice(0, end));
    if (found !== undefined) return found;
  }
  return undefined;
}
