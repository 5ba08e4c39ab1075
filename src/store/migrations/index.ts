/** Every step of the schema, by name; names sort in the order in which they run. */
import type { Migration } from 'kysely/migration';
import { up as ground } from './0001-ground.ts';
import { up as guardUseSubject } from './0002-guard-use-subject.ts';

export const migrations: Readonly<Record<string, Migration>> = {
  '0001-ground': { up: ground },
  '0002-guard-use-subject': { up: guardUseSubject },
};
