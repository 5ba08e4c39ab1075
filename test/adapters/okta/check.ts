/** Whether a reading is whole: what a door may rely on, written down once more by somebody who did not write the reading. */
import { readFileSync } from 'node:fs';
import ipaddr from 'ipaddr.js';
import type { NormaliseContext } from '../../../src/adapters/okta/index.ts';
import { markClasses } from '../../../src/model/signal.ts';
import { personalKinds, subjectKinds } from '../../../src/model/subject.ts';
import { parseRiskModel } from '../../../src/risk/index.ts';

const model = parseRiskModel(readFileSync(new URL('../../../policies/risk.yaml', import.meta.url), 'utf8'), 'risk.yaml');
if (!model.ok) throw new Error('the shipped catalogue has faults');
export const catalogue = model.value;

type Loose = Readonly<Record<string, unknown>>;

const reasons = ['context', 'notDone', 'ownHealth', 'internal', 'unknownType', 'malformed', 'unstorable', 'tooLarge'];
const signalMembers = [
  ...['type', 'cause', 'severity', 'occurredAt', 'claim', 'facts', 'circumstances', 'marks', 'dedupeKey', 'raw', 'txn', 'quarantine'],
];
const confirmationMembers = ['type', 'occurredAt', 'claim', 'dedupeKey', 'raw', 'txn', 'event'];
const needs = [undefined, 'readBack', 'mfaInSession', 'demandedMfa'];
const initiators = ['self', 'admin', 'app', 'provider'];

/** Every fault of a reading; empty where it is whole. */
export function faultsOf(result: unknown, context: NormaliseContext): readonly string[] {
  const faults: string[] = [];
  const say = (ok: boolean, what: string) => {
    if (!ok) faults.push(what);
  };
  const storable = (text: unknown, what: string, bytes: number) =>
    say(
      typeof text === 'string' && text !== '' && text.isWellFormed() && !text.includes('\0') && Buffer.byteLength(text) <= bytes,
      `${what}: ${JSON.stringify(text)?.slice(0, 60)}`,
    );
  const only = (value: Loose, members: readonly string[], what: string) =>
    say(
      Object.keys(value).every((name) => members.includes(name) && value[name] !== undefined),
      `${what} has ${Object.keys(value)}`,
    );
  const reading = result as Loose;

  switch (reading['kind']) {
    case 'none':
      say(reasons.includes(reading['reason'] as string), `reason ${reading['reason']}`);
      say((reading['reason'] === 'unknownType') === 'event' in reading, 'the name of an unknown type, and of no other');
      if ('event' in reading) storable(reading['event'], 'event', 512);
      return faults;
    case 'confirmation':
      only(reading['confirmation'] as Loose, confirmationMembers, 'confirmation');
      storable((reading['confirmation'] as Loose)['event'], 'event', 65_536);
      checkCommon(reading['confirmation'] as Loose);
      return faults;
    case 'signal':
      only(reading['signal'] as Loose, signalMembers, 'signal');
      checkCommon(reading['signal'] as Loose);
      checkSignal(reading['signal'] as Loose);
      return faults;
    default:
      return [`kind ${reading['kind']}`];
  }

  function checkCommon(one: Loose): void {
    say(catalogue.types.has(one['type'] as string), `type ${one['type']}`);
    const at = one['occurredAt'] as number;
    say(Number.isSafeInteger(at) && at >= 0 && at <= context.receivedAt + 300_000, `occurredAt ${at}`);
    storable(one['dedupeKey'], 'dedupeKey', 256);
    storable(one['raw'], 'raw', 4 * 65_536);
    say(typeof JSON.parse(one['raw'] as string) === 'object', 'raw is the event');
    if ('txn' in one) storable(one['txn'], 'txn', 2_048);
    checkClaim(one['claim'] as Loose);
  }

  function checkClaim(claim: Loose): void {
    only(claim, ['kind', 'person', 'session', 'device', 'id', 'blocked'], 'claim');
    const kind = claim['kind'] as (typeof subjectKinds)[number];
    const keys = claim['person'] as readonly Loose[];
    say(subjectKinds.includes(kind), `kind ${kind}`);
    if (claim['blocked'] !== undefined) say(['noSubject', 'unknownMember'].includes(claim['blocked'] as string), 'blocked');
    else if (personalKinds.includes(kind)) say(keys.length > 0, 'a person without a name');
    else say(claim['id'] !== undefined, `${kind} without an id`);
    for (const name of ['session', 'device', 'id']) if (claim[name] !== undefined) storable(claim[name], name, 2_048);
    say(kind !== 'session' || claim['session'] !== undefined, 'a session without an id');
    for (const { format, value } of keys) {
      storable(value, 'identifier', 2_400);
      say(['provider_id', 'upn', 'email'].includes(format as string), `format ${format}`);
      if (format === 'provider_id') say((value as string).startsWith(`${context.connection} `), 'a provider_id of another connection');
      else say(value === (value as string).toLowerCase(), 'a name in capitals');
    }
    if (kind === 'network' && claim['blocked'] === undefined) checkAddress(claim['id']);
  }

  function checkAddress(ip: unknown): void {
    say(typeof ip === 'string' && ipaddr.isValid(ip) && ipaddr.process(ip).toString() === ip, `address ${ip}`);
  }

  function checkSignal(one: Loose): void {
    say(one['cause'] === 'risk', 'cause');
    say(['low', 'medium', 'high'].includes(one['severity'] as string), 'severity');
    const declared = catalogue.types.get(one['type'] as string)?.facts ?? {};
    for (const [name, value] of Object.entries(one['facts'] as Loose)) {
      say(declared[name] === 'int' ? Number.isSafeInteger(value) : typeof value === 'string', `fact ${name}`);
      say(Object.hasOwn(declared, name), `fact ${name} of ${one['type']} is not declared`);
    }
    checkCircumstances(one['circumstances'] as Loose);
    for (const reported of one['marks'] as readonly Loose[]) checkMark(reported, one);
    if ('quarantine' in one) storable(one['quarantine'], 'quarantine', 64);
    say(!('quarantine' in one) || (one['marks'] as readonly unknown[]).length === 0, 'a mark of what is not believed');
  }

  function checkCircumstances(here: Loose): void {
    only(here, ['ip', 'country', 'asn', 'userAgent', 'city', 'proxy', 'unusual', 'rated'], 'circumstances');
    if ('ip' in here) checkAddress(here['ip']);
    if ('country' in here) say(/^[A-Z]{2}$/.test(here['country'] as string), 'country');
    if ('asn' in here) say(Number.isInteger(here['asn']) && (here['asn'] as number) > 0, 'asn');
    for (const name of ['userAgent', 'city']) if (name in here) storable(here[name], name, 2_048);
    if ('proxy' in here) say(typeof here['proxy'] === 'boolean', 'proxy');
    if ('rated' in here) say(['low', 'medium', 'high'].includes(here['rated'] as string), 'rated');
    for (const name of (here['unusual'] ?? []) as readonly unknown[]) storable(name, 'unusual', 256);
  }

  function checkMark({ mark, by, needs: needed }: Loose, one: Loose): void {
    const { kind, at, class: name, type, source, band } = mark as Loose;
    say(initiators.includes(by as string) && needs.includes(needed as string | undefined), 'who did it');
    say(Number.isSafeInteger(at) && (at as number) <= context.receivedAt, 'a mark that reaches into the future');
    say((one['claim'] as Loose)['blocked'] === undefined, 'a mark on nobody');
    if (kind === 'class') say((markClasses as readonly unknown[]).includes(name), `class ${name}`);
    else say(kind === 'target' && catalogue.types.has(type as string) && source === context.connection && band === '*', 'target');
  }
}
