/** Who speaks: the people behind the names of operators, as the configuration says and as their names tell. */
import type { PeopleBehind } from '../guard/index.ts';
import type { Settings } from '../settings/index.ts';
import type { Db } from '../store/db.ts';
import { peopleBehind } from '../store/people-behind.ts';

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
