/** Brings people into the identity graph: from the configuration, and from the directories of connections that have one. */
import type { Adapter, DirectoryPerson } from '../adapters/contract.ts';
import type { Clock } from '../model/clock.ts';
import type { IdMaker } from '../model/ids.ts';
import type { IdentifierKey } from '../model/subject.ts';
import type { IdentitySettings } from '../settings/index.ts';
import { again } from '../store/again.ts';
import type { Keyring } from '../store/keyring.ts';
import type { Store } from '../store/open.ts';
import { type PersonRecord, syncPeople } from '../store/people-sync.ts';
import { findTies, giveAlias } from '../store/people-ties.ts';
import { recordDirectoryRead } from '../store/standing.ts';
import { wakeUnresolved } from '../store/unresolved.ts';
import { type MergeParts, mergePeople } from './merging.ts';

export interface PeopleParts extends MergeParts {
  readonly store: Store;
  readonly keyring: Keyring;
  readonly ids: IdMaker;
  readonly clock: Clock;
}

/** People a page; a page is one transaction. */
const pageSize = 500;

const configuration = 'configuration';

/** Makes one person of those whom one alias ties together, then writes what the configuration says of each. */
export async function syncConfiguredPeople(identities: readonly IdentitySettings[], parts: PeopleParts): Promise<void> {
  const people = identities.map(fromSettings);
  for (const { alias, into, from } of await findTies(parts.store, people)) {
    for (const id of from)
      await mergePeople({ from: id, into, cause: configuration, by: configuration, reason: `identities: ${alias}` }, parts);
    await giveAlias(parts.store, alias, into);
  }
  await writePages(configuration, people, parts);
  await wakeUnresolved(parts.store, parts.clock.now());
}

/** Reads the whole directory of a connection. Answers how many people it has. */
export async function syncDirectory(connection: string, adapter: Adapter, signal: AbortSignal, parts: PeopleParts): Promise<number> {
  if (adapter.people === undefined) return 0;
  const readAt = parts.clock.now();
  let count = 0;
  for await (const page of adapter.people(signal)) {
    await writePages(
      connection,
      page.map((person) => fromDirectory(connection, person)),
      parts,
    );
    count += page.length;
  }
  await recordDirectoryRead(parts.store, connection, readAt);
  await wakeUnresolved(parts.store, parts.clock.now());
  return count;
}

/** Takes over one person whom a directory named when it was asked. */
export async function takeOver(connection: string, person: DirectoryPerson, parts: PeopleParts): Promise<void> {
  await writePages(connection, [fromDirectory(connection, person)], parts);
}

async function writePages(source: string, people: readonly PersonRecord[], parts: PeopleParts): Promise<void> {
  for (let from = 0; from < people.length; from += pageSize) {
    const page = people.slice(from, from + pageSize);
    await again(() =>
      parts.store.transaction((tx) =>
        syncPeople(tx, source, page, {
          ids: parts.ids,
          createPersonKeys: (inner, ids) => parts.keyring.createPersonKeys(inner, ids),
          at: parts.clock.now(),
        }),
      ),
    );
  }
}

function fromSettings(person: IdentitySettings): PersonRecord & { readonly alias: string } {
  return {
    alias: person.id,
    identifiers: [
      { format: 'alias', value: person.id },
      ...person.emails.map(emailKey),
      ...(person.upn === undefined ? [] : [{ format: 'upn', value: person.upn.toLowerCase() }]),
      ...(person.phone === undefined ? [] : [{ format: 'phone_number', value: person.phone }]),
      ...(person.employeeNumber === undefined ? [] : [{ format: 'employee_number', value: person.employeeNumber }]),
      ...person.subjects.map(({ iss, sub }) => ({ format: 'iss_sub', value: `${iss} ${sub}` })),
      ...person.accounts.map(({ connection, id }) => ({ format: 'provider_id', value: `${connection} ${id}` })),
    ],
    accounts: person.accounts.map(({ connection, id, kind }) => ({
      connection,
      externalId: id,
      status: 'unknown',
      ...(kind === undefined ? {} : { kind }),
    })),
    tier: person.tier0 ? 'tier0' : person.privileged ? 'standing' : 'none',
    protected: person.protected,
    executive: person.executive,
    groups: person.groups,
  };
}

function fromDirectory(connection: string, person: DirectoryPerson): PersonRecord {
  return {
    identifiers: [
      ...person.emails.map(emailKey),
      ...(person.upn === undefined ? [] : [{ format: 'upn', value: person.upn.toLowerCase() }]),
      ...(person.employeeNumber === undefined ? [] : [{ format: 'employee_number', value: person.employeeNumber }]),
      ...person.issSub.map(({ iss, sub }) => ({ format: 'iss_sub', value: `${iss} ${sub}` })),
      { format: 'provider_id', value: `${connection} ${person.externalId}` },
    ],
    accounts: [{ connection, externalId: person.externalId, status: person.status }],
    tier: person.tier,
    protected: false,
    executive: false,
    groups: person.groups,
  };
}

function emailKey(email: string): IdentifierKey {
  return { format: 'email', value: email.toLowerCase() };
}
