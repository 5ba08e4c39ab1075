/** Where a page ended, bound to the filter it was listed with: a cursor of another list is refused. */
import { hash } from 'node:crypto';
import { AppError } from '../model/errors.ts';
import { isId } from '../model/ids.ts';
import type { Filter } from './parts.ts';

function bindingOf(list: string, filter: Filter): string {
  return hash('sha256', JSON.stringify([list, Object.entries(filter).sort()]), 'base64url').slice(0, 12);
}

export function encodeCursor(list: string, filter: Filter, lastId: string): string {
  return Buffer.from(`${bindingOf(list, filter)} ${lastId}`).toString('base64url');
}

/** The id after which the page begins. Throws `request.invalid`. */
export function decodeCursor(list: string, filter: Filter, cursor: string): string {
  const [binding, id] = Buffer.from(cursor, 'base64url').toString('latin1').split(' ', 2);
  if (binding !== bindingOf(list, filter) || id === undefined || !(isId(id) || /^[A-Za-z0-9._~-]{1,63}$/.test(id))) {
    throw new AppError('request.invalid', 'cursor: belongs to another list or another filter');
  }
  return id;
}
