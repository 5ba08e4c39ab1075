/** Signed events, made before anything is measured: each with a `jti` of its own, about one of the people in turn. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Organisation, people } from './organisation.ts';

const caep = 'https://schemas.openid.net/secevent/caep/event-type/';

/** What the ingest is fed, in every hundred. Only `session-revoked` leads to a plan. */
export const mixture = {
  'session-revoked': 1,
  'credential-change': 39,
  'session-presented': 30,
  'device-compliance-change': 20,
  'assurance-level-change': 10,
} as const;
type EventName = keyof typeof mixture;

/** A fixed order in which kinds are spread evenly. */
const order: readonly EventName[] = Array.from({ length: 100 }, (_, n) => (n * 37) % 100).map((place) => {
  let upTo = 0;
  for (const [name, share] of Object.entries(mixture) as [EventName, number][]) {
    upTo += share;
    if (place < upTo) return name;
  }
  return 'session-revoked';
});

function claimsOf(name: EventName, person: string, serial: number): { payload: object; subject: object } {
  const user = { format: 'email', email: `${person}@example.com` };
  const common = { event_timestamp: Math.floor(Date.now() / 1000) };
  switch (name) {
    case 'session-revoked':
      return { payload: { ...common, initiating_entity: 'policy', reason_admin: { en: 'Suspicious activity' } }, subject: user };
    case 'credential-change':
      return {
        payload: {
          ...common,
          initiating_entity: 'user',
          credential_type: 'fido2-platform',
          change_type: 'create',
          friendly_name: 'Laptop',
        },
        subject: user,
      };
    case 'session-presented':
      return {
        payload: { ...common, ips: [`198.51.100.${serial % 250}`], fp_ua: 'abb0b6e7da81a42233f8f2b1a8ddb1b9a4c81611' },
        subject: user,
      };
    case 'device-compliance-change': {
      const worse = serial % 2 === 0;
      const statuses = worse
        ? { previous_status: 'compliant', current_status: 'not-compliant' }
        : { previous_status: 'not-compliant', current_status: 'compliant' };
      return {
        payload: { ...common, ...statuses },
        subject: { format: 'complex', user, device: { format: 'opaque', id: `laptop-of-${person}` } },
      };
    }
    case 'assurance-level-change':
      return {
        payload: {
          ...common,
          namespace: 'NIST-AAL',
          current_level: 'nist-aal2',
          previous_level: 'nist-aal1',
          change_direction: 'increase',
        },
        subject: user,
      };
    default:
      return name satisfies never;
  }
}

export interface Tokens {
  /** One token a line. */
  readonly file: string;
  /** Whom the token of each line is about. */
  readonly people: readonly string[];
}

/** Which event stands in a line, and about whom. */
export interface Line {
  readonly event: EventName;
  readonly person: string;
}

/** The ingest's mixture, about everybody in turn. */
export const mixedLine = (n: number): Line => ({
  event: order[n % order.length] as EventName,
  person: people[n % people.length] as string,
});

/** Every tenth signal leads to a plan, each about somebody else; between them the rest of the mixture. */
export const revokingEvery = 10;
export function tenthRevokes(n: number): Line {
  if (n % revokingEvery === 0) return { event: 'session-revoked', person: people[(n / revokingEvery) % people.length] as string };
  const { event, person } = mixedLine(n);
  return { event: event === 'session-revoked' ? 'credential-change' : event, person };
}

/** Signs `count` lines. Some thousands a second: signing is the slow half of RSA. */
export async function signTokens(organisation: Organisation, count: number, lineOf: (n: number) => Line = mixedLine): Promise<Tokens> {
  const { transmitter, folder } = organisation;
  const lines = Array.from({ length: count }, (_, n) => lineOf(n));
  const signed: string[] = [];
  for (let from = 0; from < count; from += 256) {
    const part = lines.slice(from, from + 256).map(({ event, person }, n) => {
      const { payload, subject } = claimsOf(event, person, from + n);
      return transmitter.sign(transmitter.claims(`${caep}${event}`, payload, { sub_id: subject, txn: `txn-${from + n}` }));
    });
    signed.push(...(await Promise.all(part)));
  }
  const file = join(folder, `tokens-${lineOf.name}`);
  writeFileSync(file, signed.join('\n'));
  return { file, people: lines.map((line) => line.person) };
}
