/** Who speaks: the people behind the names of operators, as the configuration says and as their names tell. */
import type { PeopleBehind } from '../guard/index.ts';
import type { Instant } from '../model/clock.ts';
import { operatorRoles } from '../model/operator.ts';
import type { Settings } from '../settings/index.ts';
import type { Db } from '../store/db.ts';
import { peopleBehind } from '../store/people-behind.ts';
import { listTokens } from '../store/token-store.ts';

/**
 * The names under which operators of ours speak: living tokens with a role that says so, those whom the configuration gives one, and
 * those of whom it says who they are.
 */
export async function operatorNames({ operators }: Pick<Settings, 'operators'>, db: Db, at: Instant): Promise<readonly string[]> {
  const made = await listTokens(db);
  const living = made.filter(({ revokedAt, expiresAt }) => revokedAt === null && (expiresAt === null || expiresAt > at));
  const speaking = [...operators.tokens, ...living].filter(({ roles }) => roles.some((role) => operatorRoles.includes(role)));
  const listed = operatorRoles.flatMap((role) => operators.roles?.[role] ?? []);
  // A token that only sends is a machine, and one that was revoked is nobody's, whoever they are said to belong to.
  const tokens = new Set([...operators.tokens, ...made].map(({ name }) => name));
  const known = Object.keys(operators.people ?? {}).filter((name) => !tokens.has(name));
  return [...new Set([...speaking.map(({ name }) => name), ...listed, ...known])];
}

/** A name that is nobody's and not configured does not come back. */
export async function operatorsBehind({ operators }: Pick<Settings, 'operators'>, db: Db, names: readonly string[]): Promise<PeopleBehind> {
  const configured = new Map(Object.entries(operators.people ?? {}));
  const found = await peopleBehind(db, [...new Set(names.flatMap((name) => [name, configured.get(name) ?? []].flat()))]);
  const people = new Map<string, readonly string[] | 'nobody'>(found);
  for (const name of names) {
    const person = configured.get(name);
    if (person === undefined) continue;
    const said = found.get(person);
    people.set(name, said === undefined ? 'nobody' : [...new Set([...(found.get(name) ?? []), ...said])]);
  }
  return people;
}
