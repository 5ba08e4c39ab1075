/** From one event of Okta's System Log to what it says: a signal, word of our own doing, or nothing, with the reason. */
import { hash } from 'node:crypto';
import type { Instant } from '../../model/clock.ts';
import type { NoSignal, ProviderEvent, ProviderSignal } from '../contract.ts';
import { circumstancesOf } from './circumstances.ts';
import { fieldsOf, type LogEvent, nameOf, publishedAt, readLogEvent } from './log-event.ts';
import { type Reading, readings } from './readings.ts';
import { accountRows, groupRows, lifecycleRows } from './rows/accounts.ts';
import { configurationRows, deviceRows, tokenRows } from './rows/configuration.ts';
import { authenticationRows, mfaRows, sessionRows } from './rows/sessions.ts';
import { riskRows, threatRows } from './rows/threats.ts';
import { initiatorOf, whoIsMeant } from './subject.ts';
import { compileTable, type Row, type Rule } from './table.ts';

export interface NormaliseContext {
  /** Id of the connection that the event came over. */
  readonly connection: string;
  /**
   * Ids of our service app and of our API token. Never a person's: a token acts under the name of who made it, and what that person does
   * otherwise is not our doing.
   */
  readonly ownClientIds: ReadonlySet<string>;
  readonly receivedAt: Instant;
}

/** The whole table, under the headings of the documentation. */
export const headings: readonly (readonly [heading: string, rows: readonly Row[]])[] = [
  ['Sessions', sessionRows],
  ['Authentication', authenticationRows],
  ['Account', accountRows],
  ['Second factors', mfaRows],
  ['Risk', riskRows],
  ['Threat', threatRows],
  ['Tokens and API', tokenRows],
  ['Lifecycle', lifecycleRows],
  ['Groups and administrators', groupRows],
  ['Devices', deviceRows],
  ['Configuration', configurationRows],
];

const table = compileTable(headings.flatMap(([, rows]) => rows));

/** Characters of one event as JSON. */
const longestEvent = 65_536;
const longestKey = 256;
const nothing = {};
const laterMs = 300_000;
const quarantineMs = 3_600_000;

/**
 * Pure and total: never throws, whatever the event is, and gives the same for the same. `event` is a value as `JSON.parse` gives it. The
 * dedupe key is the event's `uuid`, which hook and log share. What lacks a `uuid` or a time, or lies more than an hour ahead, is quarantined.
 */
export function normalise(event: unknown, context: NormaliseContext): ProviderEvent {
  const raw = writeDown(event);
  if (raw === undefined) return none('malformed');
  if (raw.length > longestEvent) return none('tooLarge');
  if (holdsUnstorable(raw)) return none('unstorable');
  const read = readLogEvent(event);
  if (read === undefined) return none('malformed');
  const rule = table.find(read.eventType, read.outcome);
  if (rule === undefined) return { kind: 'none', reason: 'unknownType', event: read.eventType.slice(0, 128).toWellFormed() };
  if (rule === 'notDone') return none('notDone');
  return rule.silent && rule.reading === undefined ? none(rule.gives as NoSignal) : apply(rule, read, raw, context);
}

function none(reason: NoSignal): ProviderEvent {
  return { kind: 'none', reason };
}

function apply(rule: Rule, event: LogEvent, raw: string, { connection, ownClientIds, receivedAt }: NormaliseContext): ProviderEvent {
  const circumstances = circumstancesOf(event);
  const { claim, person } = whoIsMeant(event, rule.whom, connection, circumstances.ip);
  const when = timeOf(event, receivedAt);
  const by = initiatorOf(event, person);
  const deed = { by, at: Math.min(when.occurredAt, receivedAt), connection };
  const reading: Reading = rule.reading === undefined ? {} : readings[rule.reading]({ ...deed, event, claim, circumstances });
  const { type = rule.gives, severity = rule.severity, facts = {}, marks = [] } = reading;
  if (reading.silent === true || (rule.silent && type === rule.gives)) return none('context');

  const txn = nameOf(fieldsOf(event.fields['transaction'])['id']);
  const dedupeKey = keyOf(event.uuid === '' ? raw : event.uuid);
  const occurred = { type, occurredAt: when.occurredAt, claim, dedupeKey, raw, ...(txn === undefined ? nothing : { txn }) };
  if (isOwnDoing(event, ownClientIds)) {
    // How we listen is changed at a person's word, which stands in our own log; that a hook has ended alarms whoever ended it.
    if (event.eventType.startsWith('event_hook.')) return none('ownHealth');
    return { kind: 'confirmation', confirmation: { ...occurred, event: event.eventType } };
  }
  const { quarantine } = when;
  const mayMark = event.succeeded && person !== undefined && quarantine === undefined;
  const signal: ProviderSignal = { ...occurred, cause: 'risk', severity, facts, circumstances, marks: mayMark ? marks : [] };
  return { kind: 'signal', signal: quarantine === undefined ? signal : { ...signal, quarantine } };
}

/** Whoever holds our credential is us: by the app that acted, by the client that asked, or by the token that was shown. */
function isOwnDoing({ actor, fields }: LogEvent, ownClientIds: ReadonlySet<string>): boolean {
  if (ownClientIds.size === 0) return false;
  const isOwn = (id: unknown) => typeof id === 'string' && ownClientIds.has(id);
  return (
    isOwn(actor.id) ||
    isOwn(fieldsOf(fields['client'])['id']) ||
    isOwn(fieldsOf(fieldsOf(fields['transaction'])['detail'])['requestApiTokenId'])
  );
}

function timeOf(event: LogEvent, receivedAt: Instant): { readonly occurredAt: Instant; readonly quarantine?: string } {
  const told = publishedAt(event);
  if (told === undefined) return { occurredAt: receivedAt, quarantine: 'published:missing' };
  if (event.uuid === '') return { occurredAt: Math.min(told, receivedAt), quarantine: 'uuid:missing' };
  const occurredAt = told > receivedAt + laterMs ? receivedAt : told;
  return told > receivedAt + quarantineMs ? { occurredAt, quarantine: 'published:ahead' } : { occurredAt };
}

function keyOf(name: string): string {
  return Buffer.byteLength(name) <= longestKey ? name : `sha256:${hash('sha256', name)}`;
}

/** `undefined` for what JSON cannot hold: cycles, and depths that no stack can. */
function writeDown(event: unknown): string | undefined {
  try {
    return JSON.stringify(event);
  } catch {
    return undefined;
  }
}

/** `JSON.stringify` writes NUL and lone surrogates as escapes, and an escape that was text before has its backslash doubled. */
function holdsUnstorable(raw: string): boolean {
  if (!raw.includes('\\u0000') && !raw.includes('\\ud')) return false;
  return /(?<!\\)(?:\\\\)*\\u(?:0000|d[89a-f][0-9a-f]{2})/.test(raw);
}
