import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTransmitter, type FakeTransmitter } from '../fakes/transmitter.ts';
import { systemClock } from '../support/system-clock.ts';
import { alice, caep, type OpenDoor, openDoor, session, ssfBase } from './open-door.ts';

let sender: FakeTransmitter;
let door: OpenDoor;
let guarded: OpenDoor;
const header = 'Bearer c2VjcmV0LWhlYWRlcg';

beforeAll(async () => {
  sender = await createTransmitter();
  door = openDoor(sender);
  guarded = openDoor(sender, { authorizationHeader: header });
});
afterAll(() => sender.close());

const token = (more: object = {}) => sender.sign(sender.claims(session, {}, { ...alice, ...more }));

describe('the door for pushed SETs', () => {
  it('C10 C31 hands over what arrived and answers nothing itself, so that 202 follows the store', async () => {
    const receivedAt = systemClock.now();
    const outcome = await door.push(await token({ jti: 'j1', txn: 't1', iat: 1_760_000_000 }), { receivedAt });
    expect(outcome).toMatchObject({
      kind: 'arrivals',
      notes: [],
      arrivals: [
        {
          type: 'session_revoked',
          source: 'partner',
          sourceKind: 'transmitters',
          cause: 'partner',
          severity: 'medium',
          occurredAt: 1_760_000_000_000,
          receivedAt,
          claim: { kind: 'person', person: [{ format: 'email', value: 'alice@example.com' }] },
          dedupeKey: `${sender.issuer} j1`,
          txn: 't1',
        },
      ],
    });
  });

  it('C11 C16 C37 says in English why it refuses, with a code for the sender', async () => {
    expect(await door.push('nonsense')).toEqual({
      kind: 'rejected',
      status: 400,
      err: 'invalid_request',
      description: 'The body is not one signed token in compact serialisation.',
      contentLanguage: 'en',
      code: 'notCompact',
      senderAuthenticated: false,
    });
  });

  it.each([
    ['C12 C32 C36 invalid_request', { events: {} }, 'invalid_request'],
    ['C36 invalid_issuer', { iss: 'https://else.example' }, 'invalid_issuer'],
    ['C36 invalid_audience', { aud: 'https://else.example' }, 'invalid_audience'],
  ])('%s', async (_title, more, err) => {
    expect(await door.push(await token(more))).toMatchObject({ kind: 'rejected', status: 400, err });
  });

  it('C36 invalid_key for an unknown key, authentication_failed for a signature that does not verify', async () => {
    expect(await door.push(await sender.sign(sender.claims(session, {}, alice), { kid: 'none' }))).toMatchObject({ err: 'invalid_key' });
    const good = await token();
    const at = good.lastIndexOf('.') + 5;
    const broken = good.slice(0, at) + (good[at] === 'A' ? 'B' : 'A') + good.slice(at + 1);
    expect(await door.push(broken)).toMatchObject({ err: 'authentication_failed' });
  });

  it('Z3.10 C13 C14 C33 refuses a missing or wrong Authorization header before it looks at the token', async () => {
    const good = await token();
    for (const authorization of [undefined, '', 'Bearer', header.toLowerCase(), `${header} `, `${header}x`, header.slice(0, -1)]) {
      expect(await guarded.push(good, { authorization })).toMatchObject({
        kind: 'rejected',
        status: 400,
        err: 'authentication_failed',
        code: 'authorization',
        senderAuthenticated: false,
      });
    }
    expect(await guarded.refusal('nonsense', { authorization: 'wrong' })).toBe('authentication_failed authorization');
    expect(guarded.asked).toEqual([]);
    await guarded.arrival(good, { authorization: header });
  });

  it('C14 shows no secret in a refusal', async () => {
    expect(JSON.stringify(await guarded.push(await token(), { authorization: 'Bearer guess-1234' }))).not.toMatch(/guess|c2VjcmV0/);
  });

  it('tells whether the sender had proven itself when it was refused', async () => {
    expect(await door.push('nonsense')).toMatchObject({ senderAuthenticated: false });
    expect(await door.push(await token({ iss: 'https://x.example' }))).toMatchObject({ senderAuthenticated: false });
    expect(await door.push(await token({ aud: 'x' }))).toMatchObject({ senderAuthenticated: true });
    expect(await door.push(await token({ sub_id: {} }))).toMatchObject({ senderAuthenticated: true });
    expect(await guarded.push('nonsense', { authorization: header })).toMatchObject({ senderAuthenticated: true });
  });

  it('C17 answers 405, 415 and 413', async () => {
    const good = await token();
    for (const method of ['GET', 'PUT', 'DELETE', 'post'])
      expect(await door.push(good, { method })).toMatchObject({ kind: 'rejected', status: 405 });
    for (const contentType of [undefined, '', 'application/json', 'application/jwt', 'text/plain; application/secevent+jwt']) {
      expect(await door.push(good, { contentType })).toMatchObject({ kind: 'rejected', status: 415 });
    }
    expect(await door.push(good, { body: 'tooLarge' })).toMatchObject({ kind: 'rejected', status: 413, err: 'invalid_request' });
    await door.arrival(good, { contentType: 'Application/SecEvent+JWT; charset=utf-8' });
  });

  it('A51 answers 413 to a body over the limit, and lives with a large one below it', async () => {
    expect(await door.push(await token({ filler: 'x'.repeat(200_000) }))).toMatchObject({ kind: 'arrivals' });
    expect(await guarded.push('', { body: 'tooLarge', authorization: 'wrong' })).toMatchObject({ status: 400 });
  });

  it('C17 answers 503 while the keys of the issuer cannot be read, and not that the key is wrong', async () => {
    const away = await createTransmitter();
    const good = await away.sign(away.claims(session, {}, alice));
    const opened = openDoor(away);
    away.publish({ status: 500 });
    expect(await opened.push(good)).toMatchObject({ kind: 'rejected', status: 503, err: 'invalid_key', retryAfterSeconds: 30 });
    await away.close();
  });

  it('C15 judges a repeat like the first', async () => {
    const again = await token();
    expect((await door.push(again)).kind).toBe('arrivals');
    expect((await door.push(again)).kind).toBe('arrivals');
  });

  it('C18 C35 an event about somebody whom the sender may not name is accepted, and never acted on', async () => {
    const narrow = openDoor(sender, { mayName: { domains: ['partner.example'] } });
    expect((await narrow.arrival(await token())).claim.blocked).toBe('mayNotName');
  });

  it('C19 Z3.14 keeps a payload that breaks its definition, marked so that nobody acts on it', async () => {
    const arrival = await door.arrival(await sender.sign(sender.claims(`${caep}credential-change`, {}, alice)));
    expect(arrival).toMatchObject({ quarantine: 'missing:credential_type', type: 'credential_change' });
    expect(arrival.raw).toMatch(/^ey/);
  });

  it('F75 acknowledges a verification event without making a signal', async () => {
    const sub_id = { format: 'opaque', id: 'stream-1' };
    expect(await door.push(await sender.sign(sender.claims(`${ssfBase}verification`, {}, { sub_id, jti: 'v1' })))).toMatchObject({
      kind: 'acknowledged',
      reason: 'stream',
      set: { jti: 'v1', eventUri: `${ssfBase}verification` },
      stream: { message: 'verification', streamId: 'stream-1' },
    });
  });

  it('A50 C30 a SET of one stream is refused at the door of another', async () => {
    const other = await createTransmitter({ audience: 'https://rescind.example.com/b' });
    const second = openDoor(other, { id: 'other', audience: 'https://rescind.example.com/b' });
    expect(await second.refusal(await token())).toBe('invalid_issuer issuer');
    const sameIssuer = openDoor(sender, { id: 'other', audience: 'https://rescind.example.com/b', authorizationHeader: 'Bearer b' });
    expect(await sameIssuer.refusal(await token(), { authorization: 'Bearer b' })).toBe('invalid_audience audience');
    expect(await sameIssuer.refusal(await token(), { authorization: header })).toBe('authentication_failed authorization');
    await other.close();
  });

  it('does not hear the Authorization header where none was agreed', async () => {
    await door.arrival(await token(), { authorization: 'Bearer whatever' });
  });
});
