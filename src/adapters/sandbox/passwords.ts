/** People's passwords: kept as hashes apart from the person, so that setting one never writes over what else is changed meanwhile. */
import { createHash, scrypt, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import type { Clock, Instant } from '../../model/clock.ts';
import type { AdapterStorage } from '../contract.ts';
import { kinds } from './kinds.ts';
import type { SeedPerson } from './settings.ts';

export const passwordHashSchema = z.strictObject({ n: z.int(), r: z.int(), p: z.int(), salt: z.string(), hash: z.string() });
type PasswordHash = z.output<typeof passwordHashSchema>;

export interface PasswordState {
  /** The next sign-in must set a new one. */
  readonly mustChange: boolean;
  /** Null for one that the configuration brought, and where there is none. */
  readonly setAt: Instant | null;
}

export interface Passwords {
  /** Takes as long for nobody. `earlier` is the hash that older records hold within the person. */
  verify(id: string | undefined, earlier: PasswordHash | undefined, password: string): Promise<boolean>;
  /** Replaces the configured one and ends that it must be changed. */
  set(id: string, password: string): Promise<void>;
  read(id: string): Promise<PasswordState>;
  /** Demands a new one at the next sign-in unless one was set after `before`; answers whether that is new. */
  expire(id: string, before: Instant): Promise<boolean>;
}

const cost = { n: 16_384, r: 8, p: 1 } as const;

export function createPasswords(parts: {
  readonly storage: AdapterStorage;
  readonly clock: Clock;
  readonly configured: readonly SeedPerson[];
  readonly random: (size: number) => Uint8Array;
}): Passwords {
  const { storage, clock, configured, random } = parts;
  const given = new Map(configured.flatMap(({ id, password }) => (password === undefined ? [] : [[id, password] as const])));

  const read = async (id: string): Promise<PasswordState> => {
    const [kept, expired] = await Promise.all([storage.get(kinds.password, id), storage.get(kinds.expiredPassword, id)]);
    return { mustChange: expired !== undefined, setAt: kept === undefined ? null : (kept.value.setAt as Instant) };
  };

  return {
    read,

    async verify(id, earlier, password) {
      const record = id === undefined ? undefined : await storage.get(kinds.password, id);
      const kept = record ? passwordHashSchema.parse(record.value.hash) : earlier;
      const plain = id === undefined || kept ? undefined : given.get(id);
      // One scrypt whoever it is, so that the time does not tell which addresses are people's.
      const good = await matches(password, kept ?? nobody);
      return plain === undefined ? good && kept !== undefined : sameText(password, plain);
    },

    async set(id, password) {
      const salt = random(16);
      const hash = await derive(password, salt, cost);
      const value = {
        hash: { ...cost, salt: Buffer.from(salt).toString('base64url'), hash: hash.toString('base64url') },
        setAt: clock.now(),
      };
      await storage.put(kinds.password, id, { value, account: id });
      await storage.delete(kinds.expiredPassword, id);
    },

    async expire(id, before) {
      const { mustChange, setAt } = await read(id);
      if (mustChange || (setAt ?? before) > before) return false;
      return storage.put(kinds.expiredPassword, id, { value: { before }, account: id });
    },
  };
}

/** Stands in for a person without a password. */
const nobody: PasswordHash = { ...cost, salt: Buffer.alloc(16).toString('base64url'), hash: Buffer.alloc(32).toString('base64url') };

async function matches(password: string, kept: PasswordHash): Promise<boolean> {
  const hash = await derive(password, Buffer.from(kept.salt, 'base64url'), kept);
  return timingSafeEqual(hash, Buffer.from(kept.hash, 'base64url'));
}

function derive(password: string, salt: Uint8Array, { n, r, p }: { n: number; r: number; p: number }): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(password.normalize('NFKC'), salt, 32, { N: n, r, p }, (error, key) => (error ? reject(error) : resolve(key)));
  });
}

/** Compares in a time that does not depend on the texts. */
export function sameText(left: string, right: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(left), digest(right));
}
