/** Example SETs of the specifications and of vendors, signed by a transmitter of the test and pushed through the whole door. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTransmitter, type FakeTransmitter } from '../fakes/transmitter.ts';
import { openDoor } from '../signals/open-door.ts';

const folder = '../shared/fixtures/security-event-tokens';
const present = existsSync(folder);

interface Example {
  readonly file: string;
  readonly title: string;
  readonly payload: { readonly iss: string; readonly aud: string | readonly string[]; readonly iat: number; readonly sub_id?: object };
}

const examples: readonly Example[] = present
  ? readdirSync(folder).flatMap((file) => {
      const { examples } = JSON.parse(readFileSync(`${folder}/${file}`, 'utf8')) as { examples: Example[] };
      return examples.map((one) => ({ file: file.replace('.json', ''), title: one.title, payload: one.payload }));
    })
  : [];

/** What a strict receiver makes of each, and one that tolerates legacy subjects. A claim that is blocked is told after the type. */
const expected: Readonly<Record<string, readonly [strict: string, tolerant: string]>> = {
  'caep.assurance-level-change': ['assurance_level_change', 'assurance_level_change'],
  'caep.credential-change': ['credential_change', 'credential_change'],
  'caep.device-compliance-change': ['device_noncompliant', 'device_noncompliant'],
  'caep.risk-level-change': ['risk_level_other mayNotName', 'risk_level_other mayNotName'],
  'caep.session-established': ['session_established', 'session_established'],
  'caep.session-presented': ['session_presented', 'session_presented'],
  'caep.session-revoked': ['session_revoked', 'session_revoked'],
  'caep.token-claims-change': ['token_claims_change', 'token_claims_change'],
  'oauth.client-disabled': ['subjectMissing', 'oauth_client_changed noSubject'],
  'oauth.tokens-revoked': ['subjectMissing', 'session_revoked'],
  'risc.account-credential-change-required': ['credential_change_required', 'credential_change_required'],
  'risc.account-disabled': ['account_hijacked', 'account_hijacked'],
  'risc.account-enabled': ['account_enabled', 'account_enabled'],
  'risc.credential-compromise': ['leaked_credentials', 'leaked_credentials'],
  'risc.identifier-changed': ['identifier_changed', 'identifier_changed'],
  'risc.identifier-recycled': ['identifier_recycled', 'identifier_recycled'],
  'sse.verification': ['unknownEvent', 'stream'],
  'ssf.stream-updated': ['stream', 'stream'],
  'ssf.verification': ['stream', 'stream'],
};

const exceptions: Readonly<Record<string, readonly [string, string]>> = {
  'Example: SET Containing an SSF Event with a Complex Subject Member': ['session_revoked mayNotName', 'session_revoked mayNotName'],
  'Example: SET Containing an SSF Event with a Proprietary Subject Identifier Format': ['iatAhead', 'iatAhead'],
};

let sender: FakeTransmitter;
beforeAll(async () => {
  sender = await createTransmitter();
});
afterAll(() => sender.close());

async function outcomeOf(example: Example, more: object): Promise<string> {
  const { iss, aud } = example.payload;
  const door = openDoor(sender, { issuer: iss, audience: aud, ...more });
  const outcome = await door.push(await sender.sign(example.payload));
  switch (outcome.kind) {
    case 'arrivals': {
      const [arrival] = outcome.arrivals;
      return [arrival?.type, arrival?.claim.blocked, arrival?.quarantine].filter((part) => part !== undefined).join(' ');
    }
    case 'acknowledged':
      return outcome.reason;
    case 'rejected':
      return outcome.code;
    default:
      return outcome satisfies never;
  }
}

describe.skipIf(!present)('example SETs (fixtures beside the project)', () => {
  it.each(examples.map((example) => [example.file, example.title, example] as const))('%s: %s', async (file, title, example) => {
    const wanted = exceptions[title] ?? expected[file];
    const inner = example.payload.sub_id === undefined && !file.includes('stream') && file !== 'sse.verification';
    expect(await outcomeOf(example, {})).toBe(inner ? 'subjectMissing' : wanted?.[0]);
    expect(await outcomeOf(example, { tolerate: ['allowLegacySubject'] })).toBe(wanted?.[1]);
  });

  it('were all seen', () => {
    expect(new Set(examples.map((example) => example.file))).toEqual(new Set(Object.keys(expected)));
    expect(examples.length).toBeGreaterThan(35);
  });

  it('B14 the proprietary format is acknowledged and blocked once its iat is mended', async () => {
    const example = examples.find((one) => one.title.includes('Proprietary')) as Example;
    expect(await outcomeOf({ ...example, payload: { ...example.payload, iat: 1_520_380_001 } }, {})).toBe(
      'token_claims_change unknownFormat',
    );
  });

  it('B24 a foreign issuer of a subject is let through where it is listed', async () => {
    const risk = examples.find((one) => one.file === 'caep.risk-level-change') as Example;
    expect(await outcomeOf(risk, { mayName: { issuers: ['https://idp.example.com/3456789/'] } })).toBe('risk_level_other');
  });
});
