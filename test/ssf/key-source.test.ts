import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { silentLog } from '../../src/model/log.ts';
import { createKeySource, type FetchJson, type KeySourceOptions, metadataUrlOf } from '../../src/ssf/key-source.ts';
import { createTransmitter, type FakeTransmitter } from '../fakes/transmitter.ts';
import { alice, createFetchJson, openDoor, session, settingsFor } from '../signals/open-door.ts';
import { createManualClock, type ManualClock } from '../support/clock.ts';

let sender: FakeTransmitter;
let clock: ManualClock;

beforeEach(async () => {
  sender = await createTransmitter();
  clock = createManualClock();
});
afterEach(() => sender.close());

function openKeys(more: object = {}, options: Partial<KeySourceOptions> = {}) {
  return createKeySource({ settings: settingsFor(sender, more), fetchJson: createFetchJson(), clock, log: silentLog, ...options });
}

describe('the keys of an issuer', () => {
  it('A20 H1 are read from the configured address and from nowhere else', async () => {
    const fetchJson = createFetchJson();
    const keys = openKeys({}, { fetchJson });
    expect(await keys.find({ alg: 'RS256', kid: sender.kid })).toMatchObject({
      kind: 'found',
      keys: [{ algorithm: 'RS256', kid: sender.kid }],
    });
    expect(fetchJson.asked).toEqual([sender.jwksUri]);
  });

  it('are found through the metadata of the issuer where no address is configured', async () => {
    const fetchJson = createFetchJson();
    const keys = openKeys({ jwksUri: undefined }, { fetchJson });
    expect((await keys.find({ alg: 'RS256', kid: sender.kid })).kind).toBe('found');
    expect(fetchJson.asked).toEqual([`${sender.origin}/.well-known/ssf-configuration`, sender.jwksUri]);
  });

  it('A21 are not taken from metadata that another issuer wrote', async () => {
    sender.describe({ issuer: `${sender.issuer}/` });
    expect((await openKeys({ jwksUri: undefined }).find({ alg: 'RS256', kid: sender.kid })).kind).toBe('unavailable');
    expect(sender.keyRequests).toBe(0);
  });

  it('have their metadata between host and path of the issuer', () => {
    expect(metadataUrlOf('https://h.example/t1', 'ssf')).toBe('https://h.example/.well-known/ssf-configuration/t1');
    expect(metadataUrlOf('https://h.example/', 'sse')).toBe('https://h.example/.well-known/sse-configuration');
    expect(metadataUrlOf('https://h.example:8443/a/b/', 'risc')).toBe('https://h.example:8443/.well-known/risc-configuration/a/b');
  });

  it('are read once, also by many at the same time', async () => {
    const keys = openKeys();
    const found = await Promise.all(Array.from({ length: 50 }, () => keys.find({ alg: 'RS256', kid: sender.kid })));
    expect(new Set(found.map((one) => one.kind))).toEqual(new Set(['found']));
    expect(sender.keyRequests).toBe(1);
  });

  it('A43 A53 are asked for again at most once an interval, however many unknown kids come', async () => {
    const keys = openKeys();
    await keys.find({ alg: 'RS256', kid: sender.kid });
    for (let n = 0; n < 200; n++) expect((await keys.find({ alg: 'RS256', kid: `unknown-${n}` })).kind).toBe('unknown');
    expect(sender.keyRequests).toBe(1);
    await clock.advance(30_000);
    await Promise.all(Array.from({ length: 200 }, (_, n) => keys.find({ alg: 'RS256', kid: `other-${n}` })));
    expect(sender.keyRequests).toBe(2);
  });

  it('A19 are followed through a rotation', async () => {
    const keys = openKeys();
    const old = sender.kid;
    await keys.find({ alg: 'RS256', kid: old });
    await sender.rotate({ keepOld: true });
    await clock.advance(31_000);
    expect((await keys.find({ alg: 'RS256', kid: sender.kid })).kind).toBe('found');
    expect((await keys.find({ alg: 'RS256', kid: old })).kind).toBe('found');
  });

  it('are forgotten within the longest age after the issuer withdrew them', async () => {
    const keys = openKeys();
    const old = sender.kid;
    await keys.find({ alg: 'RS256', kid: old });
    await sender.rotate();
    await clock.advance(900_001);
    expect((await keys.find({ alg: 'RS256', kid: old })).kind).toBe('unknown');
  });

  it('are refreshed beside the work when they are no longer fresh', async () => {
    const keys = openKeys();
    await keys.find({ alg: 'RS256', kid: sender.kid });
    await clock.advance(300_001);
    expect((await keys.find({ alg: 'RS256', kid: sender.kid })).kind).toBe('found');
    await expect.poll(() => sender.keyRequests).toBe(2);
  });

  it('are used on while the issuer is away, but not for longer than a day', async () => {
    const keys = openKeys();
    await keys.find({ alg: 'RS256', kid: sender.kid });
    sender.publish({ status: 503 });
    await clock.advance(3_600_000);
    expect((await keys.find({ alg: 'RS256', kid: sender.kid })).kind).toBe('found');
    expect((await keys.find({ alg: 'RS256', kid: 'new' })).kind).toBe('unavailable');
    await clock.advance(86_400_000);
    expect((await keys.find({ alg: 'RS256', kid: sender.kid })).kind).toBe('unavailable');
  });

  it('are tried again soon where the first reading failed', async () => {
    sender.publish({ status: 500 });
    const keys = openKeys();
    expect((await keys.find({ alg: 'RS256', kid: sender.kid })).kind).toBe('unavailable');
    sender.publish();
    expect((await keys.find({ alg: 'RS256', kid: sender.kid })).kind).toBe('unavailable');
    await clock.advance(2_000);
    expect((await keys.find({ alg: 'RS256', kid: sender.kid })).kind).toBe('found');
  });

  it.each([
    ['no JSON', { body: 'sorry' }],
    ['no key set', { body: [] }],
    ['keys that are no list', { body: { keys: {} } }],
    ['a redirect', { status: 302, location: 'http://127.0.0.1:1/jwks' }],
    ['nothing at all', { status: 204, body: '' }],
  ])('A53 are not available where the address answers %s', async (_title, answer) => {
    sender.publish(answer);
    expect((await openKeys().find({ alg: 'RS256', kid: sender.kid })).kind).toBe('unavailable');
  });

  it('A53 are not available where the network forbids the address', async () => {
    const fetchJson: FetchJson = async () => {
      throw Object.assign(new Error('no'), { code: 'address.forbidden' });
    };
    const warned: unknown[] = [];
    const log = { ...silentLog, warn: (fields: object) => void warned.push(fields) };
    expect((await openKeys({}, { fetchJson, log }).find({ alg: 'RS256', kid: sender.kid })).kind).toBe('unavailable');
    expect(warned).toEqual([{ transmitter: 'partner', reason: 'address.forbidden' }]);
  });

  it('A53 are given up when the address does not answer in time', async () => {
    const fetchJson: FetchJson = (_url, { signal }) =>
      new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true }));
    const found = openKeys({}, { fetchJson }).find({ alg: 'RS256', kid: 'x' });
    await clock.advance(5_000);
    expect((await found).kind).toBe('unavailable');
    expect(clock.pending).toBe(0);
  });

  it('A16 are taken without those that are symmetric, private or broken', async () => {
    const { publicJwk } = sender;
    const bad = [
      { kty: 'oct', k: 'c2VjcmV0', kid: 'mac' },
      { kty: 'RSA', kid: 'half', n: 'AQAB' },
      { kid: 'none' },
      'text',
      null,
      { ...publicJwk, kid: 'x', kty: 'XX' },
    ];
    sender.publish({ body: { keys: [...bad, publicJwk] } });
    const keys = openKeys();
    expect((await keys.find({ alg: 'RS256', kid: sender.kid })).kind).toBe('found');
    for (const kid of ['mac', 'half', 'none', 'x']) expect((await keys.find({ alg: 'RS256', kid })).kind).toBe('unacceptable');
  });

  it('A15 may share one kid: each that fits is tried', async () => {
    const first = sender.publicJwk;
    await sender.rotate();
    sender.publish({
      body: {
        keys: [
          { ...first, kid: 'same' },
          { ...sender.publicJwk, kid: 'same' },
        ],
      },
    });
    await openDoor(sender).arrival(await sender.sign(sender.claims(session, {}, alice), { kid: 'same' }));
  });
});
