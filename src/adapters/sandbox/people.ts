/** The sandbox's people: kept records, their passwords, and the ones that the configuration brings. */
import { createHash, scrypt, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import type { AdapterStorage, StoredRecord } from '../contract.ts';
import { type Holds, holdsAfter, holdsOf, standingOf } from './account-holds.ts';
import { kinds } from './kinds.ts';
import { emailSchema, personIdSchema, personStatuses, personTiers, type SeedPerson } from './settings.ts';

const passwordHashSchema = z.strictObject({ n: z.int(), r: z.int(), p: z.int(), salt: z.string(), hash: z.string() });
type PasswordHash = z.output<typeof passwordHashSchema>;

const personSchema = z.strictObject({
  id: z.string(),
  email: z.string(),
  name: z.string(),
  employeeNumber: z.string().optional(),
  status: z.enum(personStatuses),
  suspendedBeneath: z.literal(true).optional(),
  groups: z.array(z.string()),
  tier: z.enum(personTiers),
  password: passwordHashSchema.optional(),
});
export type Person = z.output<typeof personSchema>;

const memberSchemas = {
  email: emailSchema,
  name: z.string().min(1).max(200),
  employeeNumber: z.string().min(1).max(64),
  status: z.enum(personStatuses),
  groups: z.array(z.string().min(1).max(100)).max(100),
  tier: z.enum(personTiers),
  password: z.string().min(8).max(200),
};

export const newPersonSchema = z.strictObject({
  id: personIdSchema.optional(),
  ...memberSchemas,
  employeeNumber: memberSchemas.employeeNumber.optional(),
  status: memberSchemas.status.default('active'),
  groups: memberSchemas.groups.default([]),
  tier: memberSchemas.tier.default('none'),
  password: memberSchemas.password.optional(),
});
export const personChangeSchema = z.strictObject(memberSchemas).partial();

/** A person as the admin API shows them. */
export type ShownPerson = Omit<Person, 'password' | 'suspendedBeneath'>;

export function showPerson({ password: _password, suspendedBeneath: _suspendedBeneath, ...shown }: Person): ShownPerson {
  return shown;
}

export interface People {
  find(id: string): Promise<Person | undefined>;
  findByEmail(email: string): Promise<Person | undefined>;
  list(after: string | undefined, limit: number): Promise<{ readonly items: readonly Person[]; readonly nextCursor: string | null }>;
  /** `taken` where the id or the address is somebody's already. */
  create(person: z.output<typeof newPersonSchema>): Promise<Person | 'taken'>;
  change(id: string, change: z.output<typeof personChangeSchema>): Promise<Person | 'taken' | undefined>;
  /** Puts or lifts holds on the account; answers how many changed, and undefined where nobody has the id. */
  hold(id: string, change: Partial<Holds>): Promise<number | undefined>;
  /**
   * The active person whose address and password these are. Takes as long for an address that nobody has.
   * A password set through the admin API replaces the configured one.
   */
  authenticate(email: string, password: string): Promise<Person | undefined>;
  /** Adds configured people who are not there yet; those who are keep what was changed since. */
  seed(): Promise<void>;
}

const cost = { n: 16_384, r: 8, p: 1 } as const;
const seedBatch = 50;

export function createPeople(storage: AdapterStorage, configured: readonly SeedPerson[], random: (size: number) => Uint8Array): People {
  const passwords = new Map(configured.flatMap(({ id, password }) => (password === undefined ? [] : [[id, password] as const])));

  const keep = (person: Person) => storage.put(kinds.person, person.id, { value: person, account: person.id, uid: person.email });

  const find = async (id: string) => {
    const record = await storage.get(kinds.person, id);
    return record && readPerson(record);
  };

  const findByEmail = async (email: string) => {
    const [record] = await storage.find(kinds.person, 'uid', email.toLowerCase());
    return record && readPerson(record);
  };

  /** One change of a person at a time: each reads what it then writes back. */
  const turns = new Map<string, Promise<unknown>>();
  function inTurn<T>(id: string, work: () => Promise<T>): Promise<T> {
    const turn = (turns.get(id) ?? Promise.resolve()).then(work, work);
    turns.set(id, turn);
    const end = () => {
      if (turns.get(id) === turn) turns.delete(id);
    };
    turn.then(end, end);
    return turn;
  }

  async function changeNow(
    id: string,
    { password, ...change }: z.output<typeof personChangeSchema>,
  ): Promise<Person | 'taken' | undefined> {
    const person = await find(id);
    if (!person) return undefined;
    if (change.email !== undefined && change.email !== person.email && (await findByEmail(change.email))) return 'taken';
    const given = Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined));
    const changed: Person = {
      ...person,
      ...given,
      ...(change.status === undefined ? {} : standingOf(holdsAfter(person, change.status))),
      ...(password === undefined ? {} : { password: await hashPassword(password, random(16)) }),
    };
    await keep(changed);
    return changed;
  }

  return {
    find,
    findByEmail,

    async list(after, limit) {
      const records = await storage.list(kinds.person, after, limit);
      return { items: records.map(readPerson), nextCursor: records.length < limit ? null : (records.at(-1)?.key ?? null) };
    },

    async create({ id = Buffer.from(random(12)).toString('hex'), password, employeeNumber, ...rest }) {
      if ((await find(id)) || (await findByEmail(rest.email))) return 'taken';
      const person: Person = {
        id,
        ...rest,
        ...(employeeNumber === undefined ? {} : { employeeNumber }),
        ...(password === undefined ? {} : { password: await hashPassword(password, random(16)) }),
      };
      await keep(person);
      return person;
    },

    change: (id, change) => inTurn(id, () => changeNow(id, change)),

    hold: (id, change) =>
      inTurn(id, async () => {
        const person = await find(id);
        if (!person) return undefined;
        const held = holdsOf(person);
        const wanted = { ...held, ...change };
        const changed = Number(wanted.suspended !== held.suspended) + Number(wanted.disabled !== held.disabled);
        if (changed > 0) await keep({ ...person, ...standingOf(wanted) });
        return changed;
      }),

    async authenticate(email, password) {
      const person = await findByEmail(email);
      const configuredPassword = person && !person.password ? passwords.get(person.id) : undefined;
      // One scrypt whoever it is, so that the time does not tell which addresses are people's.
      const kept = await verifyPassword(password, person?.password ?? nobody);
      const good = configuredPassword === undefined ? kept && person?.password !== undefined : sameText(password, configuredPassword);
      return good && person?.status === 'active' ? person : undefined;
    },

    async seed() {
      const present = new Set<string>();
      for (let after: string | undefined; ; ) {
        const page = await storage.list(kinds.person, after, 1_000);
        for (const record of page) present.add(record.key);
        after = page.at(-1)?.key;
        if (page.length < 1_000) break;
      }
      const absent = configured.filter(({ id }) => !present.has(id));
      for (let from = 0; from < absent.length; from += seedBatch) {
        const batch = absent.slice(from, from + seedBatch);
        await Promise.all(
          batch.map(({ password: _password, employeeNumber, ...person }) =>
            keep({ ...person, status: 'active', ...(employeeNumber === undefined ? {} : { employeeNumber }) }),
          ),
        );
      }
    },
  };
}

function readPerson(record: StoredRecord): Person {
  return personSchema.parse(record.value);
}

/** Stands in for a person without a password. */
const nobody: PasswordHash = { ...cost, salt: Buffer.alloc(16).toString('base64url'), hash: Buffer.alloc(32).toString('base64url') };

async function hashPassword(password: string, salt: Uint8Array): Promise<PasswordHash> {
  const hash = await derive(password, salt, cost);
  return { ...cost, salt: Buffer.from(salt).toString('base64url'), hash: hash.toString('base64url') };
}

async function verifyPassword(password: string, kept: PasswordHash): Promise<boolean> {
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
