/** One event of Okta's System Log, as far as its form can be trusted: what is missing or of another type is not there. */
import { fromRfc3339, type Instant } from '../../model/clock.ts';
import type { Outcome } from './table.ts';

/** Members of a JSON object; looked up by fixed names only. */
export type Fields = Readonly<Record<string, unknown>>;

/** Somebody or something that an event names. */
export interface Party {
  /** `User`, `PublicClientApp`, `SystemPrincipal`, `UserGroup`, ...; empty where it is not said. */
  readonly type: string;
  readonly id: string | undefined;
  /** `alternateId`: of a person the login. */
  readonly login: string | undefined;
}

export interface LogEvent {
  readonly fields: Fields;
  /** Empty where there is none. */
  readonly uuid: string;
  readonly eventType: string;
  readonly outcome: Outcome;
  /** The log says SUCCESS in so many words: without that nothing is taken back. */
  readonly succeeded: boolean;
  /** Empty where there is none. */
  readonly reason: string;
  readonly actor: Party;
  readonly debugData: Fields;
}

const noFields: Fields = Object.freeze({});
/** Longer than any id, login or name of Okta's. */
const longestName = 512;

const outcomes: ReadonlyMap<string, Outcome> = new Map<string, Outcome>([
  ['SUCCESS', 'done'],
  ['ALLOW', 'done'],
  ['UNKNOWN', 'done'],
  ['FAILURE', 'failed'],
  ['DENY', 'failed'],
  ['CHALLENGE', 'challenged'],
  ['UNANSWERED', 'unanswered'],
  ['ABANDONED', 'unanswered'],
]);

export function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : noFields;
}

/** A name: a text that is neither empty, nor `unknown`, nor longer than any name of Okta's. */
export function nameOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' && value.length <= longestName && value !== 'unknown' ? value : undefined;
}

/** `undefined` for what is no event: without an `eventType`. */
export function readLogEvent(value: unknown): LogEvent | undefined {
  const fields = fieldsOf(value);
  const { uuid, eventType } = fields;
  if (typeof eventType !== 'string' || eventType === '') return undefined;
  const { result, reason } = fieldsOf(fields['outcome']);
  const said = typeof result === 'string' && result !== '';
  return {
    fields,
    uuid: typeof uuid === 'string' ? uuid : '',
    eventType,
    outcome: said ? (outcomes.get(result) ?? 'other') : 'done',
    succeeded: result === 'SUCCESS',
    reason: typeof reason === 'string' ? reason : '',
    actor: partyOf(fields['actor']),
    debugData: fieldsOf(fieldsOf(fields['debugContext'])['debugData']),
  };
}

export function partyOf(value: unknown): Party {
  const { type, id, alternateId } = fieldsOf(value);
  return { type: typeof type === 'string' ? type : '', id: nameOf(id), login: nameOf(alternateId) };
}

/** The parties of a type that something was done to, in no order that means anything. */
export function targetsOf({ fields }: LogEvent, type: string): readonly Party[] {
  const { target } = fields;
  if (!Array.isArray(target)) return [];
  return target.flatMap((one) => (fieldsOf(one)['type'] === type ? [partyOf(one)] : []));
}

/** By id where both have one, else by login; two of whom nothing is known are not the same. */
export function isSame(one: Party, other: Party): boolean {
  if (one.id !== undefined && other.id !== undefined) return one.id === other.id;
  return one.login !== undefined && one.login.toLowerCase() === other.login?.toLowerCase();
}

/** `published`; exports of the log write it without a zone, which is UTC. `undefined` for what is no time. */
export function publishedAt({ fields }: LogEvent): Instant | undefined {
  const { published } = fields;
  if (typeof published !== 'string' || published.length > 40) return undefined;
  const at = fromRfc3339(published) ?? fromRfc3339(`${published}Z`);
  return at !== undefined && at >= 0 ? at : undefined;
}
