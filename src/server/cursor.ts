/** Where a page ended, bound to the filter it was listed with: a cursor of another list is refused. */
import { hash } from 'node:crypto';
import { AppError } from '../model/errors.ts';
import type { Filter } from './parts.ts';

function bindingOf(list: string, filter: Filter): string {
  return hash('sha256', JSON.stringify([list, Object.entries(filter).sort()]), 'base64url').slice(0, 12);
}

export function encodeCursor(list: string, filter: Filter, lastId: string): string {
  return Buffer.from(`${bindingOf(list, filter)} ${lastId}`).toString('base64url');
}

/** The id after which the page begins; `isKey` says what an id of the list looks like. Throws `request.invalid`. */
export function decodeCursor(list: string, filter: Filter, cursor: string, isKey: (id: string) => boolean): string {
  const [binding, id, ...rest] = Buffer.from(cursor, 'base64url').toString('latin1').split(' ');
  if (binding !== bindingOf(list, filter) || id === undefined || rest.length > 0 || !isKey(id)) {
    throw new AppError('request.invalid', 'cursor: belongs to another list or another filter');
  }
  return id;
}
