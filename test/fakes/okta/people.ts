/** The people of the organisation: finding them, changing them, and the index of lists and searches, which lags. */
import { type OktaClock, written } from './clock.ts';
import type { OrgSettings } from './org.ts';
import type { Person, Profile, Status } from './records.ts';
import { notFound } from './refusal.ts';

/** A person to begin with; what is not given is as for an active person of 400 days with a password and nothing else. */
export type PersonSeed = { readonly login: string; readonly profile?: Readonly<Record<string, unknown>> } & Partial<
  Pick<Person, 'status' | 'provider' | 'risk' | 'blocks' | 'passwordChangedAt' | 'createdAt'>
>;

export interface People {
  add(seed: PersonSeed): Person;
  /** By id, login, or the part of a login before its `@` where only one person has it. Throws 404. */
  find(name: string): Person;
  all(): readonly Person[];
  /** People as the index knows them, sorted by id: as they were `searchLagMs` ago. */
  indexed(): readonly ShownPerson[];
  /** To be called after each change: dates it and lets the index know in time. */
  touch(person: Person, status?: Status): void;
  remove(person: Person): void;
  show(person: Person): ShownPerson;
}

export interface ShownPerson {
  readonly id: string;
  readonly status: Status;
  readonly profile: Profile;
  readonly [name: string]: unknown;
}

const day = 86_400_000;
const maybe = (at: number | undefined) => (at === undefined ? null : written(at));

export function createPeople(clock: OktaClock, settings: OrgSettings, newId: (prefix: string) => string, baseUrl: () => string): People {
  const people = new Map<string, Person>();
  const index = new Map<string, { readonly at: number; readonly shown: ShownPerson | undefined }[]>();

  const show = (person: Person): ShownPerson => ({
    id: person.id,
    status: person.status,
    created: written(person.createdAt),
    activated: maybe(person.activatedAt),
    statusChanged: written(person.statusChangedAt),
    lastLogin: maybe(person.lastLoginAt),
    lastUpdated: written(person.lastUpdatedAt),
    passwordChanged: maybe(person.passwordChangedAt),
    type: { id: 'oty00000000000000001' },
    ...(person.transition ? { transitioningToStatus: person.transition.to } : {}),
    profile: structuredClone(person.profile),
    credentials: { ...(person.provider.type === 'OKTA' ? { password: {} } : {}), provider: { ...person.provider } },
    _links: { self: { href: `${baseUrl()}/api/v1/users/${person.id}` } },
  });
  const note = (id: string, shown: ShownPerson | undefined) => {
    const versions = index.get(id) ?? [];
    index.set(id, [...versions, { at: clock.now(), shown }]);
  };
  const change = (person: Person, status: Status | undefined, at: number) => {
    if (status !== undefined && status !== person.status) {
      person.status = status;
      person.statusChangedAt = at;
    }
    person.lastUpdatedAt = at;
    note(person.id, show(person));
  };
  /** What was asked for asynchronously happens when its time has come and somebody looks. */
  const settle = (person: Person): Person => {
    const { transition } = person;
    if (transition && transition.dueAt <= clock.now()) {
      person.transition = undefined;
      change(person, transition.to, transition.dueAt);
    }
    return person;
  };
  const settled = () => [...people.values()].map(settle);

  return {
    show,
    all: settled,
    add({ login, profile = {}, status = 'ACTIVE', ...seed }) {
      const now = clock.now();
      const createdAt = seed.createdAt ?? now - 400 * day;
      const name = login.split('@')[0] ?? login;
      const begun = !['STAGED', 'PROVISIONED', 'DEPROVISIONED'].includes(status);
      const person: Person = {
        id: newId('00u'),
        status,
        transition: undefined,
        activatedAt: status === 'STAGED' ? undefined : createdAt,
        statusChangedAt: createdAt,
        lastLoginAt: undefined,
        lastUpdatedAt: createdAt,
        passwordChangedAt: begun ? createdAt : undefined,
        provider: { type: 'OKTA', name: 'OKTA' },
        risk: undefined,
        blocks: [],
        roles: [],
        factors: [],
        sessions: [],
        tokens: [],
        grants: [],
        rememberedDevices: [],
        appSessions: [],
        ...seed,
        createdAt,
        profile: { login, email: login, firstName: name, lastName: 'Example', ...profile },
      };
      people.set(person.id, person);
      // Whoever is older than the lag is in the index as well.
      index.set(person.id, [{ at: createdAt, shown: show(person) }]);
      return person;
    },
    find(name) {
      const byId = people.get(name);
      if (byId) return settle(byId);
      const byLogin = settled().filter(({ profile }) => profile.login === name);
      const byShortName = settled().filter(({ profile }) => profile.login.split('@')[0] === name);
      const [found, another] = byLogin.length > 0 ? byLogin : byShortName;
      if (!found || another) throw notFound(name, 'User');
      return found;
    },
    indexed() {
      settled();
      const until = clock.now() - settings.searchLagMs;
      const shown = [...index].flatMap(([id, versions]) => {
        const current = versions.findLastIndex(({ at }) => at <= until);
        if (current > 0) index.set(id, versions.slice(current));
        const version = versions[current]?.shown;
        return version ? [version] : [];
      });
      return shown.sort((left, right) => (left.id < right.id ? -1 : 1));
    },
    touch: (person, status) => change(person, status, clock.now()),
    remove(person) {
      people.delete(person.id);
      note(person.id, undefined);
    },
  };
}
