import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { clockSkewMs } from '../../src/ssf/verify-set.ts';
import { createTransmitter, type FakeTransmitter } from '../fakes/transmitter.ts';
import { alice, type OpenDoor, openDoor, session, ssfBase } from '../signals/open-door.ts';
import { systemClock } from '../support/system-clock.ts';

let sender: FakeTransmitter;
let door: OpenDoor;
let tolerant: OpenDoor;

beforeAll(async () => {
  sender = await createTransmitter();
  door = openDoor(sender);
  tolerant = openDoor(sender, { tolerate: ['allowGenericTyp', 'allowExpSub', 'allowLegacySubject'] });
});
afterAll(() => sender.close());

const nowSeconds = () => Math.floor(systemClock.now() / 1000);
const set = (more: object = {}, payload: object = {}) => sender.claims(session, payload, { ...alice, ...more });
const signed = (more: object = {}, header: Record<string, unknown> = {}) => sender.sign(set(more), header);
const without = (name: string) => signed({ [name]: undefined });

describe('a SET that is in order', () => {
  it('A13 may carry toe, which tells when the event happened', async () => {
    const arrival = await door.arrival(await signed({ toe: 1_700_000_000 }));
    expect(arrival.occurredAt).toBe(1_700_000_000_000);
  });

  it('A22 A48 has one of our audiences, alone or among others', async () => {
    await door.arrival(await signed({ aud: 'https://rescind.example.com' }));
    await door.arrival(await signed({ aud: ['https://other.example', 'https://rescind.example.com'] }));
  });

  it('A24 may write its typ with the media type prefix, in any case', async () => {
    await door.arrival(await signed({}, { typ: 'application/secevent+jwt' }));
    await door.arrival(await signed({}, { typ: 'SecEvent+JWT' }));
  });

  it('A27 may carry claims and event members that nobody knows', async () => {
    const arrival = await door.arrival(
      await sender.sign(set({ novelty: { deep: [1] } }, { novelty: true, event_timestamp: 1_700_000_000 })),
    );
    expect(arrival.type).toBe('session_revoked');
  });

  it('A31 may be old: queued and re-sent SETs are', async () => {
    await door.arrival(await signed({ iat: 1_000_000_000 }));
  });

  it('A31 may be a little ahead of our clock, and not more', async () => {
    await door.arrival(await signed({ iat: nowSeconds() + clockSkewMs / 1000 - 20 }));
    expect(await door.refusal(await signed({ iat: nowSeconds() + clockSkewMs / 1000 + 20 }))).toBe('invalid_request iatAhead');
  });

  it('A32 is answered the same when it comes again, with the same key for the store', async () => {
    const token = await signed();
    const [first, second] = [await door.arrival(token), await door.arrival(token)];
    expect(second.dedupeKey).toBe(first.dedupeKey);
    expect(second.raw).toBe(first.raw);
  });

  it('A32 is accepted after a rejection of the same jti: a rejection is not remembered', async () => {
    const claims = set();
    expect(await door.refusal(await sender.sign({ ...claims, aud: 'https://else.example' }))).toBe('invalid_audience audience');
    await door.arrival(await sender.sign(claims));
  });

  it('A63 a forged SET does not use up the jti of the true one', async () => {
    const claims = set();
    const forger = await createTransmitter({ issuer: sender.issuer });
    expect(await door.refusal(await forger.sign(claims, { kid: sender.kid }))).toBe('authentication_failed signature');
    await forger.close();
    await door.arrival(await sender.sign(claims));
  });

  it('Z3.3 is keyed by issuer and jti within its stream, hashed where that is long', async () => {
    expect((await door.arrival(await signed({ jti: 'abc' }))).dedupeKey).toBe(`${sender.issuer} abc`);
    expect((await door.arrival(await signed({ jti: 'x'.repeat(300) }))).dedupeKey).toMatch(/^sha256:[0-9a-f]{64}$/);
    const long = 'ä'.repeat(120);
    expect(Buffer.byteLength((await door.arrival(await signed({ jti: long }))).dedupeKey)).toBeLessThanOrEqual(256);
  });

  it('A68 is kept as it came, with the thumbprint of the key that proved it', async () => {
    const token = await signed();
    const arrival = await door.arrival(token);
    expect(arrival.raw).toBe(token);
    expect(arrival.provenBy).toMatch(/^[A-Za-z0-9_-]{43}$/);
  });

  it('A33 H7 is signed with RS256, or with what the transmitter is configured for', async () => {
    for (const algorithm of ['ES256', 'PS256', 'EdDSA']) {
      const other = await createTransmitter({ algorithm });
      const token = await other.sign(other.claims(session, {}, alice));
      expect(await openDoor(other).refusal(token)).toBe('invalid_key algorithm');
      await openDoor(other, { algorithms: ['RS256', algorithm] }).arrival(token);
      await other.close();
    }
  });

  it('A10 keeps the txn that several SETs of one cause share', async () => {
    expect((await door.arrival(await signed({ txn: '8675309' }))).txn).toBe('8675309');
    expect((await door.arrival(await signed({ txn: 5 }))).txn).toBeUndefined();
  });
});

describe('a SET that is refused', () => {
  it('A20 when it is signed with a key that the issuer does not publish', async () => {
    const stranger = await createTransmitter({ issuer: sender.issuer });
    expect(await door.refusal(await stranger.sign(stranger.claims(session, {}, alice), { kid: 'stranger' }))).toBe(
      'invalid_key keyUnknown',
    );
    await stranger.close();
  });

  it('A21 when the issuer is spelled otherwise, unless that spelling is configured', async () => {
    const token = await signed({ iss: `${sender.issuer}/` });
    expect(await door.refusal(token)).toBe('invalid_issuer issuer');
    expect(await door.refusal(await without('iss'))).toBe('invalid_issuer issuer');
    await openDoor(sender, { extraIssuers: [`${sender.issuer}/`] }).arrival(token);
  });

  it.each([
    ['A22 names another audience', 'https://else.example'],
    ['A60 names no audience', undefined],
    ['A48 has an empty list of audiences', []],
    ['A22 has an audience that is no text', 7],
    ['A22 has a list with something else than texts', ['https://rescind.example.com', 7]],
    ['A22 differs from ours by a slash', 'https://rescind.example.com/'],
  ])('%s', async (_title, aud) => {
    expect(await door.refusal(await signed({ aud }))).toBe('invalid_audience audience');
  });

  it('A23 has exp or sub', async () => {
    expect(await door.refusal(await signed({ exp: nowSeconds() + 60 }))).toBe('invalid_request expOrSub');
    expect(await door.refusal(await signed({ sub: 'alice' }))).toBe('invalid_request expOrSub');
  });

  it('A61 Z3.12 has an exp that passed, even where exp is tolerated; one that did not pass is told', async () => {
    expect(await tolerant.refusal(await signed({ exp: nowSeconds() - 1 }))).toBe('invalid_request expired');
    expect(await tolerant.refusal(await signed({ exp: 'never' }))).toBe('invalid_request expired');
    const outcome = await tolerant.push(await signed({ exp: nowSeconds() + 60, sub: 'mallory' }));
    expect(outcome).toMatchObject({ kind: 'arrivals', notes: ['expIgnored', 'subIgnored'] });
  });

  it('A61 never takes its subject from sub', async () => {
    const arrival = await tolerant.arrival(await signed({ sub: 'mallory@example.com' }));
    expect(arrival.claim.person).toEqual([{ format: 'email', value: 'alice@example.com' }]);
    const nobody = await tolerant.arrival(await signed({ sub: 'mallory@example.com', sub_id: undefined }));
    expect(nobody.claim).toEqual({ kind: 'person', person: [], blocked: 'noSubject' });
  });

  it('A24 has no typ or a generic one, unless that is tolerated', async () => {
    for (const typ of [undefined, 'JWT']) {
      const token = await signed({}, { typ });
      expect(await door.refusal(token)).toBe('invalid_request typ');
      expect(await tolerant.push(token)).toMatchObject({ kind: 'arrivals', notes: ['genericTyp'] });
    }
    expect(await tolerant.refusal(await signed({}, { typ: 'dpop+jwt' }))).toBe('invalid_request typ');
  });

  it.each([
    ['A25 has no jti', { jti: undefined }, 'jti'],
    ['A25 has an empty jti', { jti: '' }, 'jti'],
    ['A25 has a jti that is no text', { jti: 5 }, 'jti'],
    ['A25 has no iat', { iat: undefined }, 'iat'],
    ['A25 has an iat that is no number', { iat: '1700000000' }, 'iat'],
    ['A25 has no events', { events: undefined }, 'events'],
    ['A25 has no event in events', { events: {} }, 'events'],
    ['A25 has a list of events', { events: [] }, 'events'],
    ['A25 has an event that is no object', { events: { [session]: 'x' } }, 'events'],
    ['A25 has an event whose name is no URI', { events: { 'session-revoked': {} } }, 'events'],
    ['A31 has an iat in milliseconds', { iat: 1_700_000_000_000 }, 'iatAhead'],
  ])('%s', async (_title, more, code) => {
    expect(await door.refusal(await signed(more))).toBe(`invalid_request ${code}`);
  });

  it('A26 H9 tells two independent events', async () => {
    const events = { [session]: {}, 'https://schemas.openid.net/secevent/risc/event-type/account-disabled': {} };
    expect(await door.refusal(await signed({ events }))).toBe('invalid_request severalEvents');
  });

  it('A26 accepts several names where all are spellings of one type', async () => {
    const events = { 'https://schemas.openid.net/secevent/sse/event-type/verification': {}, [`${ssfBase}verification`]: { state: 'x' } };
    expect(await door.refusal(await signed({ events }))).toBe('invalid_request severalEvents');
    expect(await tolerant.push(await signed({ events }))).toMatchObject({ kind: 'acknowledged', stream: { state: 'x' } });
  });

  it('A67 names the same event twice', async () => {
    const text = JSON.stringify(set()).replace(`"${session}":{}`, `"${session}":{},"${session}":{}`);
    expect(await door.refusal(await sender.sign(text))).toBe('invalid_request payloadJson');
  });

  it('A64 is not UTF-8 JSON', async () => {
    const { CompactSign } = await import('jose');
    const bytes = Buffer.from(JSON.stringify(set({ note: 'é' })), 'latin1');
    const token = await new CompactSign(bytes)
      .setProtectedHeader({ alg: 'RS256', typ: 'secevent+jwt', kid: sender.kid })
      .sign(sender.privateKey);
    expect(await door.refusal(token)).toBe('invalid_request payloadJson');
    expect(await door.refusal(await sender.sign('[]'))).toBe('invalid_request payloadJson');
  });

  it('A66 A49 is a token of another protocol from the same issuer', async () => {
    const idToken = { iss: sender.issuer, aud: 'https://rescind.example.com', sub: 'alice', iat: nowSeconds(), exp: nowSeconds() + 60 };
    const logout = { ...idToken, jti: 'l1', events: { 'http://schemas.openid.net/event/backchannel-logout': {} } };
    for (const typ of ['JWT', 'at+jwt', 'application/at+jwt', 'logout+jwt', undefined]) {
      expect(await door.refusal(await sender.sign(idToken, { typ }))).toBe('invalid_request typ');
      expect(await door.refusal(await sender.sign(logout, { typ }))).toBe('invalid_request typ');
    }
    expect(await door.refusal(await sender.sign(idToken))).toBe('invalid_request expOrSub');
    expect(await tolerant.refusal(await sender.sign({ ...idToken, jti: 'i1' }, { typ: 'JWT' }))).toBe('invalid_request events');
    expect(await tolerant.refusal(await sender.sign(logout, { typ: 'JWT' }))).toBe('invalid_request foreignToken');
    expect(await tolerant.refusal(await sender.sign(logout, { typ: 'logout+jwt' }))).toBe('invalid_request typ');
  });

  it('A62 has no subject identifier, or one without its format or its members', async () => {
    expect(await door.refusal(await without('sub_id'))).toBe('invalid_request subjectMissing');
    for (const sub_id of [
      'alice',
      {},
      { format: '' },
      { email: 'a@example.com' },
      { format: 'email' },
      { format: 'iss_sub', iss: 'x' },
      null,
      [],
    ]) {
      expect(await door.refusal(await signed({ sub_id }))).toBe('invalid_request subjectMalformed');
    }
  });
});

describe('what is accepted and not acted on', () => {
  it('A28 C18 an event type that nobody knows is acknowledged', async () => {
    const token = await sender.sign(sender.claims('https://example.com/event/new', {}, { jti: 'u1' }));
    expect(await door.push(token)).toEqual({
      kind: 'acknowledged',
      reason: 'unknownEvent',
      set: { iss: sender.issuer, jti: 'u1', eventUri: 'https://example.com/event/new' },
      notes: [],
    });
  });

  it('A30 a subject that we know nothing of is no error', async () => {
    await door.arrival(await signed({ sub_id: { format: 'email', email: 'nobody@nowhere.example' } }));
  });

  it('A29 a member that must be understood and is not blocks the claim, also in a further subject', async () => {
    sender.describe({ critical_subject_members: ['application', 'tenant'] });
    const discovering = openDoor(sender, { jwksUri: undefined });
    const user = { format: 'email', email: 'alice@example.com' };
    const opaque = { format: 'opaque', id: '1' };
    const blockOf = async (more: object, payload: object = {}) =>
      (await discovering.arrival(await sender.sign(set(more, payload)))).claim.blocked;
    expect(await blockOf({})).toBeUndefined();
    expect(await blockOf({ sub_id: { format: 'complex', user, application: opaque } })).toBe('criticalMember');
    expect(await blockOf({ sub_id: { format: 'complex', user, tenant: opaque } })).toBe('criticalMember');
    expect(await blockOf({}, { other: { format: 'complex', application: opaque } })).toBe('criticalMember');
    expect(await blockOf({}, { other: { format: 'complex', user } })).toBeUndefined();
    const ours = openDoor(sender, { jwksUri: undefined, mayName: { tenants: ['1'] } });
    expect(
      (await ours.arrival(await sender.sign(set({ sub_id: { format: 'complex', user, tenant: opaque } })))).claim.blocked,
    ).toBeUndefined();
    sender.describe({});
  });

  it('Z3.2 a member that cannot be honoured never widens the claim', async () => {
    const user = { format: 'email', email: 'alice@example.com' };
    for (const name of ['application', 'group', 'org_unit', 'anything']) {
      const arrival = await door.arrival(await signed({ sub_id: { format: 'complex', user, [name]: { format: 'opaque', id: '1' } } }));
      expect(arrival.claim.blocked).toBe('unknownMember');
    }
  });
});

describe('attacks', () => {
  const split = (token: string) => token.split('.') as [string, string, string];
  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');

  it('A40 alg none in any spelling, with or without a signature, is refused', async () => {
    const [, payload, signature] = split(await signed());
    for (const alg of ['none', 'None', 'NONE', 'nOnE']) {
      const header = encode({ alg, typ: 'secevent+jwt', kid: sender.kid });
      for (const end of ['', signature]) expect(await door.refusal(`${header}.${payload}.${end}`)).toBe('invalid_request unsigned');
    }
    expect(await door.refusal(`${encode({ alg: 'RS256', typ: 'secevent+jwt', kid: sender.kid })}.${payload}.`)).toBe(
      'invalid_request unsigned',
    );
  });

  it('A41 a MAC made with the public key as secret is refused', async () => {
    const { createHmac, createPublicKey } = await import('node:crypto');
    const pem = createPublicKey({ key: sender.publicJwk as never, format: 'jwk' }).export({ type: 'spki', format: 'pem' });
    const input = `${encode({ alg: 'HS256', typ: 'secevent+jwt', kid: sender.kid })}.${encode(set())}`;
    for (const secret of [pem, JSON.stringify(sender.publicJwk)]) {
      const mac = createHmac('sha256', secret).update(input).digest('base64url');
      expect(await door.refusal(`${input}.${mac}`)).toBe('invalid_key algorithm');
    }
  });

  it('A42 keys that the token brings along are ignored, and nothing is fetched for them', async () => {
    const attacker = await createTransmitter({ issuer: sender.issuer });
    const lures = { jwk: attacker.publicJwk, jku: attacker.jwksUri, x5u: `${attacker.origin}/cert`, x5c: ['MIIB'] };
    for (const [name, lure] of Object.entries(lures)) {
      const token = await attacker.sign(attacker.claims(session, {}, alice), { kid: 'evil', [name]: lure });
      expect(await door.refusal(token)).toBe('invalid_key keyUnknown');
    }
    expect(attacker.keyRequests).toBe(0);
    expect(door.asked.every((url) => url === sender.jwksUri)).toBe(true);
    await attacker.close();
  });

  it('A43 an unknown kid causes one refresh, then invalid_key; metacharacters in it are plain text', async () => {
    const fresh = openDoor(sender);
    await fresh.arrival(await signed());
    const before = sender.keyRequests;
    for (const kid of ['../../etc/passwd', "' or 1=1 --", '%00', 'a'.repeat(5000)])
      expect(await fresh.refusal(await signed({}, { kid }))).toBe('invalid_key keyUnknown');
    expect(sender.keyRequests).toBe(before);
    expect(await fresh.refusal(await signed({}, { kid: 7 }))).toBe('invalid_request kid');
  });

  it('A43 without a kid the keys of matching type and algorithm are tried', async () => {
    const many = await createTransmitter();
    await many.rotate({ keepOld: true });
    const opened = openDoor(many);
    await opened.arrival(await many.sign(many.claims(session, {}, alice), { kid: undefined }));
    const stranger = await createTransmitter({ issuer: many.issuer });
    expect(await opened.refusal(await stranger.sign(stranger.claims(session, {}, alice), { kid: undefined }))).toBe(
      'authentication_failed signature',
    );
    await many.close();
    await stranger.close();
  });

  it.each([
    ['is for encryption', { use: 'enc' }],
    ['may not verify', { key_ops: ['sign'] }],
    ['is for another algorithm', { alg: 'PS256' }],
    ['is for an algorithm of another kind', { alg: 'ES256' }],
    ['holds its private part', { d: 'AQAB' }],
  ])('A44 A65 a key that %s is not used', async (_title, more) => {
    sender.publish({ body: { keys: [{ ...sender.publicJwk, ...more }] } });
    expect(await openDoor(sender, { algorithms: ['RS256', 'PS256'] }).refusal(await signed())).toBe('invalid_key keyUnacceptable');
    sender.publish();
  });

  it('A65 a key without alg is bound to one algorithm, not to all that are allowed', async () => {
    const { CompactSign, importJWK, exportJWK } = await import('jose');
    const { generateKeyPair } = await import('jose');
    const pair = await generateKeyPair('RS256', { extractable: true });
    const jwk = await exportJWK(pair.publicKey);
    const asPss = await importJWK({ ...(await exportJWK(pair.privateKey)) }, 'PS256');
    sender.publish({ body: { keys: [{ ...jwk, kid: 'two' }] } });
    const opened = openDoor(sender, { algorithms: ['RS256', 'PS256'] });
    const bytes = Buffer.from(JSON.stringify(set()));
    const sign = (alg: string, key: typeof pair.privateKey) =>
      new CompactSign(bytes).setProtectedHeader({ alg, typ: 'secevent+jwt', kid: 'two' }).sign(key);
    await opened.arrival(await sign('RS256', pair.privateKey));
    expect(await opened.refusal(await sign('PS256', asPss as typeof pair.privateKey))).toBe('invalid_key keyUnacceptable');
    sender.publish();
  });

  it('H7 an RSA key under 2048 bits is not used', async () => {
    const { createPrivateKey, generateKeyPairSync, sign } = await import('node:crypto');
    const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 1024 });
    sender.publish({ body: { keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'short', alg: 'RS256' }] } });
    const input = `${encode({ alg: 'RS256', typ: 'secevent+jwt', kid: 'short' })}.${encode(set())}`;
    const signature = sign('sha256', Buffer.from(input), createPrivateKey(privateKey.export({ format: 'pem', type: 'pkcs8' }))).toString(
      'base64url',
    );
    expect(await openDoor(sender).refusal(`${input}.${signature}`)).toBe('invalid_key keyUnacceptable');
    sender.publish();
  });

  it('A45 crit with any name, and b64 false, are refused', async () => {
    const [, payload, signature] = split(await signed());
    for (const header of [
      { crit: ['exp'], exp: 1 },
      { crit: ['b64'], b64: false },
      { b64: false },
      { crit: [] },
      { crit: ['b64'], b64: true },
    ]) {
      const text = `${encode({ alg: 'RS256', typ: 'secevent+jwt', kid: sender.kid, ...header })}.${payload}.${signature}`;
      expect(await door.refusal(text)).toBe('invalid_request critical');
    }
  });

  it('A46 JWE, JSON serialisation, nested tokens, two tokens and padding are refused', async () => {
    const token = await signed();
    const [header, payload, signature] = split(token);
    const bodies = [
      `${header}.${payload}.${signature}.${payload}.${signature}`,
      JSON.stringify({ protected: header, payload, signature }),
      JSON.stringify({ payload, signatures: [{ protected: header, signature }] }),
      `${token}\n${token}`,
      `${token} `,
      `${token}\n`,
      `"${token}"`,
      `${header}.${payload}.${signature}==`,
      `${header}..${signature}`,
      `.${payload}.${signature}`,
      '',
      '..',
      'é.é.é',
    ];
    for (const body of bodies) expect(await door.refusal(body)).toBe('invalid_request notCompact');
    for (const cty of ['JWT', 'jwt', 'application/jwt', 'secevent+jwt']) {
      expect(await door.refusal(await sender.sign(token, { cty }))).toBe('invalid_request nested');
    }
    expect(await door.refusal(await sender.sign(token))).toBe('invalid_request payloadJson');
  });

  it('A47 a valid token of another transmitter is refused, even where its issuer shares the kid', async () => {
    const other = await createTransmitter();
    expect(other.kid).toBe(sender.kid);
    expect(await door.refusal(await other.sign(other.claims(session, {}, alice)))).toBe('invalid_issuer issuer');
    expect(await door.refusal(await other.sign({ ...other.claims(session, {}, alice), iss: sender.issuer }))).toBe(
      'authentication_failed signature',
    );
    await other.close();
  });

  it('A51 doubled members, names that reach into prototypes and deep nesting are refused', async () => {
    const claims = JSON.stringify(set());
    const texts = [
      claims.replace('{', '{"iss":"https://evil.example",'),
      claims.replace('{', '{"__proto__":{"aud":"x"},'),
      claims.replace('{', '{"constructor":{"prototype":{}},'),
      claims.replace('{', `{"deep":${'['.repeat(5000)}${']'.repeat(5000)},`),
      claims.replace('{', '{"note":"\\u0000",'),
      claims.replace('{', '{"note":"\\ud800",'),
    ];
    for (const text of texts) expect(await door.refusal(await sender.sign(text))).toBe('invalid_request payloadJson');
    const [, payload, signature] = split(await signed());
    const doubled = Buffer.from(`{"alg":"none","alg":"RS256","typ":"secevent+jwt","kid":"${sender.kid}"}`).toString('base64url');
    expect(await door.refusal(`${doubled}.${payload}.${signature}`)).toBe('invalid_request headerJson');
    const events = { toString: {}, 'urn:x:__proto__': {} };
    expect(await door.refusal(await signed({ events }))).toBe('invalid_request events');
    expect(await door.push(await signed({ events: { 'urn:x:__proto__': {} } }))).toMatchObject({ reason: 'unknownEvent' });
  });

  it('A52 an ECDSA signature of zeros, or of the wrong length, is refused', async () => {
    const curve = await createTransmitter({ algorithm: 'ES256' });
    const opened = openDoor(curve, { algorithms: ['ES256'] });
    const [header, payload, signature] = split(await curve.sign(curve.claims(session, {}, alice)));
    const forged = [
      Buffer.alloc(64),
      Buffer.alloc(63),
      Buffer.alloc(65),
      Buffer.alloc(1),
      Buffer.concat([Buffer.from(signature, 'base64url'), Buffer.alloc(2)]),
    ];
    for (const bytes of forged)
      expect(await opened.refusal(`${header}.${payload}.${bytes.toString('base64url')}`)).toBe('authentication_failed signature');
    await curve.close();
  });

  it('no mutation of a valid token is accepted', async () => {
    const token = await signed();
    await door.arrival(token);
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=+/ ';
    await fc.assert(
      fc.asyncProperty(
        fc.nat({ max: token.length - 1 }),
        fc.constantFrom(...alphabet),
        fc.constantFrom('replace', 'insert', 'delete'),
        async (at, char, how) => {
          const mutated = token.slice(0, at) + (how === 'delete' ? '' : char) + token.slice(how === 'insert' ? at : at + 1);
          fc.pre(mutated !== token);
          expect((await door.push(mutated)).kind).toBe('rejected');
        },
      ),
      { numRuns: 400 },
    );
    for (const char of alphabet) {
      const last = token.slice(0, -1) + char;
      if (last !== token) expect((await door.push(last)).kind).toBe('rejected');
    }
  });

  it('no bytes at all make it throw', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 400 }), async (bytes) => {
        expect((await door.push(bytes)).kind).toBe('rejected');
      }),
      { numRuns: 300 },
    );
  });
});
