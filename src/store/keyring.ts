/**
 * The keys of a deployment: one set for all its processes, stored wrapped. Service keys (by purpose), one key a person and one a
 * connection to seal with, and keyed pseudonyms. Deleting a person's row is what makes their sealed texts unreadable for good.
 */
import { createHmac, createPrivateKey, createSecretKey, generateKeyPairSync, hkdfSync, type KeyObject } from 'node:crypto';
import type { Clock, Instant } from '../model/clock.ts';
import type { SealOwner } from '../model/entry.ts';
import { AppError } from '../model/errors.ts';
import type { IdentityId, IdMaker, RandomBytes } from '../model/ids.ts';
import type { Db, Tx } from './db.ts';
import { createKeyBox, type KeyBox } from './key-box.ts';
import { everyIdOf } from './merged.ts';
import type { Store } from './open.ts';
import { createRecent } from './recent.ts';
import { joined } from './statement.ts';
import type { WrapKeySource } from './wrap-key.ts';

/** What each purpose's keys are: pairs that sign, or 32 secret bytes. */
const purposes = { ledger: 'ed25519', cookie: 'secret', token: 'secret', ref: 'secret', derive: 'secret' } as const;
export type KeyPurpose = keyof typeof purposes;
export type SigningPurpose = { [P in KeyPurpose]: (typeof purposes)[P] extends 'ed25519' ? P : never }[KeyPurpose];
export type SecretPurpose = Exclude<KeyPurpose, SigningPurpose>;

interface ServiceKey {
  readonly id: string;
  readonly purpose: KeyPurpose;
  readonly createdAt: Instant;
  /** From when on it is no longer used; null while nothing replaces it. */
  readonly retiredAt: Instant | null;
}

export interface SigningKey extends ServiceKey {
  /** 32 bytes (RFC 8032). */
  readonly publicKey: Buffer;
  readonly privateKey: KeyObject;
}

export interface Keyring {
  /** All keys of a purpose that ever were, newest first; those whose `retiredAt` is past only verify. */
  signingKeys(purpose: SigningPurpose): readonly SigningKey[];
  /** Secrets that count at `at`, newest first: make with the first, accept all. Never empty. */
  secrets(purpose: SecretPurpose, at: Instant): readonly Buffer[];
  /** A secret for one use, the same in all processes for the same name; from HKDF (RFC 5869). `size` in bytes, 32 where not given. */
  derive(name: string, size?: number): Buffer;
  /** Pseudonym of a text: 16 bytes in base64url, keyed, so that it tells nothing without the database and the wrapping key. */
  ref(kind: string, text: string): string;
  /** Reads the service keys again, for those that another process made. */
  reload(): Promise<void>;
  /** Makes a new key; the one before counts for `overlapMs` more. Answers the ids. */
  rotate(
    tx: Tx,
    purpose: KeyPurpose,
    at: Instant,
    overlapMs: number,
  ): Promise<{ readonly keyId: string; readonly previous: string | null }>;

  /** Gives keys to those of the people who have none; repeating it changes nothing. */
  createPersonKeys(tx: Tx, ids: readonly IdentityId[]): Promise<void>;
  /** Opens a wrapped key that the caller has just read; remembered, so that a hot path pays once a person. */
  personKeyOf(identityId: IdentityId, wrapped: Uint8Array): KeyObject;
  /** Undefined for somebody who has been erased or never was. */
  personKey(db: Db, identityId: IdentityId): Promise<KeyObject | undefined>;
  /**
   * Destroys the person's key and those of everybody merged into the person, whichever of their ids is given. What they sealed cannot
   * be read any more; proofs still verify. Answers whether there was one.
   */
  erasePersonKey(tx: Tx, identityId: IdentityId): Promise<boolean>;
  /** The key of a connection, made at the first use. */
  connectionKey(connection: string): Promise<KeyObject>;
  /** The key that seals for an owner; throws AppError `conflict` for a person without one. */
  keyOf(db: Db, owner: SealOwner): Promise<KeyObject>;
}

export interface KeyringOptions {
  readonly store: Store;
  readonly wrap: WrapKeySource;
  readonly random: RandomBytes;
  readonly ids: IdMaker;
  readonly clock: Clock;
}

interface ServiceKeyRow {
  readonly [column: string]: unknown;
  readonly id: string;
  readonly purpose: KeyPurpose;
  readonly publicKey: string;
  readonly wrapped: Buffer;
  readonly createdAt: Instant;
  readonly retiredAt: Instant | null;
}

const secretBytes = 32;
const refBytes = 16;
const rememberedPeople = 20_000;
/** Two-integer advisory lock under which service keys are made, so that of several first starts one makes them. */
const keyLock = [0x4b657973, 1];

const selectServiceKeys = `select id, purpose, public_key as "publicKey", wrapped, created_at as "createdAt", retired_at as "retiredAt"
from service_key order by created_at desc, id desc`;
const insertServiceKey = `insert into service_key (id, purpose, public_key, wrapped, created_at) values ($1, $2, $3, $4, to_timestamp($5::float8 / 1000))`;
const insertPersonKeys = `insert into person_key (identity_id, wrapped)
select id::uuid, decode(wrapped, 'hex') from unnest(string_to_array($1, E'\\x1e'), string_to_array($2, E'\\x1e')) as r(id, wrapped)
on conflict (identity_id) do nothing`;

/**
 * Opens the keys, making those that are missing. Throws AppError `keys.unusable` where the wrapping key is gone or is another one
 * than the database was written with: such a process must not start.
 */
export async function openKeyring(options: KeyringOptions): Promise<Keyring> {
  const { store, random, clock } = options;
  const box = createKeyBox(await wrapKeyFor(store, options.wrap), random);
  await store.transaction(async (tx) => {
    await tx.query('select pg_advisory_xact_lock($1, $2)', [...keyLock]);
    const { rows } = await tx.query<ServiceKeyRow>(selectServiceKeys);
    // The wrong wrapping key must not add keys of its own beside the others.
    for (const row of rows) box.unwrap(serviceLabel(row.purpose, row.id), row.wrapped);
    for (const purpose of Object.keys(purposes) as KeyPurpose[]) {
      if (!rows.some((row) => row.purpose === purpose)) await makeServiceKey(tx, purpose, clock.now());
    }
  });

  let signing: readonly SigningKey[] = [];
  let secrets: readonly (ServiceKey & { secret: Buffer })[] = [];
  let refKey: KeyObject;
  let deriveKey: Buffer;
  const people = createRecent<IdentityId, { wrapped: Uint8Array; key: KeyObject }>(rememberedPeople);
  const connections = new Map<string, Promise<KeyObject>>();

  async function makeServiceKey(tx: Tx, purpose: KeyPurpose, at: Instant): Promise<string> {
    const id: string = options.ids.next(at);
    let secret: Uint8Array = random(secretBytes);
    let publicKey = '';
    if (purposes[purpose] === 'ed25519') {
      const pair = generateKeyPairSync('ed25519');
      secret = pair.privateKey.export({ type: 'pkcs8', format: 'der' });
      publicKey = pair.publicKey.export({ format: 'jwk' }).x as string;
    }
    await tx.query({ text: insertServiceKey, values: [id, purpose, publicKey, box.wrap(serviceLabel(purpose, id), secret), at] });
    return id;
  }

  async function reload(): Promise<void> {
    const { rows } = await store.query<ServiceKeyRow>(selectServiceKeys);
    const known = new Map(signing.map((key) => [key.id, key]));
    const opened = rows.map((row) => ({ row, secret: box.unwrap(serviceLabel(row.purpose, row.id), row.wrapped) }));
    signing = opened
      .filter(({ row }) => purposes[row.purpose] === 'ed25519')
      .map(({ row, secret }) => ({
        ...serviceKeyOf(row),
        publicKey: Buffer.from(row.publicKey, 'base64url'),
        privateKey: known.get(row.id)?.privateKey ?? createPrivateKey({ key: secret, format: 'der', type: 'pkcs8' }),
      }));
    secrets = opened.filter(({ row }) => purposes[row.purpose] === 'secret').map(({ row, secret }) => ({ ...serviceKeyOf(row), secret }));
    // Pseudonyms and derived secrets must stay the same for ever, so these two are the first of their kind and are never replaced.
    refKey = createSecretKey(oldestSecret('ref'));
    deriveKey = oldestSecret('derive');
  }

  function oldestSecret(purpose: SecretPurpose): Buffer {
    return (secrets.findLast((key) => key.purpose === purpose) as { secret: Buffer }).secret;
  }

  function personKeyOf(identityId: IdentityId, wrapped: Uint8Array): KeyObject {
    const remembered = people.get(identityId);
    if (remembered && Buffer.compare(remembered.wrapped, wrapped) === 0) return remembered.key;
    const key = createSecretKey(box.unwrap(personLabel(identityId), wrapped));
    people.set(identityId, { wrapped, key });
    return key;
  }

  async function personKey(db: Db, identityId: IdentityId): Promise<KeyObject | undefined> {
    const { rows } = await db.query<{ wrapped: Buffer }>({
      text: 'select wrapped from person_key where identity_id = $1',
      values: [identityId],
    });
    return rows[0] && personKeyOf(identityId, rows[0].wrapped);
  }

  function connectionKey(connection: string): Promise<KeyObject> {
    let key = connections.get(connection);
    if (key === undefined) {
      key = readConnectionKey(store, box, connection, random);
      connections.set(connection, key);
      key.catch(() => connections.delete(connection));
    }
    return key;
  }

  await reload();
  return {
    signingKeys: (purpose) => signing.filter((key) => key.purpose === purpose),
    secrets: (purpose, at) =>
      secrets.filter((key) => key.purpose === purpose && (key.retiredAt === null || key.retiredAt > at)).map((key) => key.secret),
    derive: (name, size = secretBytes) => Buffer.from(hkdfSync('sha256', deriveKey, new Uint8Array(0), name, size)),
    ref: (kind, text) =>
      createHmac('sha256', refKey).update(`${kind}\0${text}`, 'utf8').digest().subarray(0, refBytes).toString('base64url'),
    reload,
    async rotate(tx, purpose, at, overlapMs) {
      if (purpose === 'ref' || purpose === 'derive') throw new AppError('conflict', `keys of purpose ${purpose} are not rotated`);
      await tx.query('select pg_advisory_xact_lock($1, $2)', [...keyLock]);
      const before = await tx.query<{ id: string }>({
        text: `update service_key set retired_at = to_timestamp($2::float8 / 1000) where purpose = $1 and retired_at is null returning id`,
        values: [purpose, at + overlapMs],
      });
      return { keyId: await makeServiceKey(tx, purpose, at), previous: before.rows[0]?.id ?? null };
    },
    async createPersonKeys(tx, ids) {
      if (ids.length === 0) return;
      const wrapped = ids.map((id) => box.wrap(personLabel(id), random(secretBytes)).toString('hex'));
      const values = [joined(ids), joined(wrapped)];
      await tx.query({ name: 'person-keys', text: insertPersonKeys, values });
    },
    personKeyOf,
    personKey,
    async erasePersonKey(tx, identityId) {
      const { rows } = await tx.query<{ id: IdentityId }>({
        text: `delete from person_key where identity_id = $1 or identity_id in ${everyIdOf('$1')} returning identity_id as id`,
        values: [identityId],
      });
      for (const { id } of rows) people.delete(id);
      return rows.length > 0;
    },
    connectionKey,
    async keyOf(db, owner) {
      if ('connection' in owner) return connectionKey(owner.connection);
      const key = await personKey(db, owner.identityId);
      if (key === undefined) throw new AppError('conflict', 'the person has no key: erased, or never known');
      return key;
    },
  };
}

/** A key is made only for a database that has none: beside stored keys a fresh one would only hide that the right one is lost. */
async function wrapKeyFor(store: Store, source: WrapKeySource): Promise<Uint8Array> {
  const key = await source.read();
  if (key !== undefined) return key;
  const { rows } = await store.query<{ used: boolean }>(
    'select exists (select from service_key) or exists (select from person_key) as used',
  );
  if (rows[0]?.used === true) throw new AppError('keys.unusable', 'the wrapping key is gone, and the database holds keys under it');
  return source.create();
}

async function readConnectionKey(db: Db, box: KeyBox, connection: string, random: RandomBytes): Promise<KeyObject> {
  const select = { text: 'select wrapped from connection_key where connection = $1', values: [connection] };
  let { rows } = await db.query<{ wrapped: Buffer }>(select);
  if (rows.length === 0) {
    const wrapped = box.wrap(connectionLabel(connection), random(secretBytes));
    await db.query({
      text: 'insert into connection_key (connection, wrapped) values ($1, $2) on conflict (connection) do nothing',
      values: [connection, wrapped],
    });
    ({ rows } = await db.query<{ wrapped: Buffer }>(select));
  }
  return createSecretKey(box.unwrap(connectionLabel(connection), (rows[0] as { wrapped: Buffer }).wrapped));
}

function serviceKeyOf({ id, purpose, createdAt, retiredAt }: ServiceKeyRow): ServiceKey {
  return { id, purpose, createdAt, retiredAt };
}

function serviceLabel(purpose: KeyPurpose, id: string): string {
  return `service ${purpose} ${id}`;
}

function personLabel(id: IdentityId): string {
  return `person ${id}`;
}

function connectionLabel(connection: string): string {
  return `connection ${connection}`;
}
