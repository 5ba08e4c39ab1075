/** The sandbox's people: kept records, their passwords, and the ones that the configuration brings. */
import { z } from 'zod';
import type { AdapterStorage, StoredRecord } from '../contract.ts';
import { type Holds, holdsAfter, holdsOf, standingOf } from './account-holds.ts';
import { kinds } from './kinds.ts';
import { type Passwords, passwordHashSchema } from './passwords.ts';
import { emailSchema, personIdSchema, personStatuses, personTiers, type SeedPerson } from './settings.ts';

const personSchema = z.strictObject({
  id: z.string(),
  email: z.string(),
  name: z.string(),
  employeeNumber: z.string().optional(),
  status: z.enum(personStatuses),
  suspendedBeneath: z.literal(true).optional(),
  groups: z.array(z.string()),
  tier: z.enum(personTiers),
  /** Where older records hold it. */
  password: passwordHashSchema.optional(),
});
export type Person = z.output<typeof personSchema>;

export const memberSchemas = {
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
   * The person whose address and password these are, also where the account is held. Takes as long for an address that nobody has.
   * A password set through the admin API replaces the configured one.
   */
  authenticate(email: string, password: string): Promise<Person | undefined>;
  /** Adds configured people who are not there yet; those who are keep what was changed since. */
  seed(): Promise<void>;
}

const seedBatch = 50;

export function createPeople(parts: {
  readonly storage: AdapterStorage;
  readonly passwords: Passwords;
  readonly configured: readonly SeedPerson[];
  readonly random: (size: number) => Uint8Array;
}): People {
  const { storage, passwords, configured, random } = parts;

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
    };
    await keep(changed);
    if (password !== undefined) await passwords.set(id, password);
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
      };
      await keep(person);
      if (password !== undefined) await passwords.set(id, password);
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
      return (await passwords.verify(person?.id, person?.password, password)) ? person : undefined;
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
