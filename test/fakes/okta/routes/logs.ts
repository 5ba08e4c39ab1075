/**
 * `GET /api/v1/logs`. Polling (ascending, no `until`): as persisted, and there is always a next page. Bounded: as published, with what is
 * persisted by now; what comes late is missed.
 */
import { type Predicate, parseFilter } from '../filter.ts';
import type { LogPlace, StoredEvent } from '../log-store.ts';
import type { Org } from '../org.ts';
import { invalid, Refusal } from '../refusal.ts';
import { type Answer, type Ask, type Route, route } from '../router.ts';

const day = 86_400_000;

/** What `after` carries, wrapped: where a reader is, and for a bounded read its edges and how far it came. */
type Cursor =
  | { readonly place: LogPlace }
  | { readonly since: number; readonly until: number; readonly descending: boolean; readonly skip: number };

export function logRoutes(org: Org): readonly Route[] {
  return [route('GET', '/api/v1/logs', 'okta.logs.read', (ask) => read(org, ask))];
}

function read(org: Org, ask: Ask): Answer {
  const { query } = ask;
  const limit = Number(query.get('limit') ?? 100);
  if (!Number.isInteger(limit) || limit < 0 || limit > 1_000) throw invalid('limit', 'must be between 0 and 1000');
  if (query.has('after') && query.has('since')) throw invalid('after', 'since and after exclude each other');
  const fits = predicate(query);
  const cursor = query.has('after') ? opened(query.get('after') ?? '') : begun(org, query);
  const recent = (stored: readonly StoredEvent[]) => stored.filter((one) => one.publishedAt > org.clock.now() - 90 * day);

  if ('place' in cursor) {
    const found = recent(org.log.behind(cursor.place)).filter(({ event }) => fits(event));
    const page = found.slice(0, limit);
    // Behind the last one shown; with nothing left out, behind what was passed over as well.
    const place =
      found.length > page.length ? (page.at(-1)?.place ?? cursor.place) : (org.log.behind(cursor.place).at(-1)?.place ?? cursor.place);
    return answer(ask, page, { place }, limit);
  }
  const { since, until, descending, skip } = cursor;
  const within = recent(org.log.behind()).filter(({ publishedAt, event }) => publishedAt >= since && publishedAt < until && fits(event));
  const sorted = within.sort((left, right) => (left.publishedAt - right.publishedAt) * (descending ? -1 : 1));
  const page = sorted.slice(skip, skip + limit);
  const more = limit > 0 && sorted.length > skip + limit;
  return answer(ask, page, more ? { ...cursor, skip: skip + limit } : undefined, limit);
}

function begun(org: Org, query: URLSearchParams): Cursor {
  const now = org.clock.now();
  const instant = (name: string, otherwise: number) => {
    const text = query.get(name);
    const at = text === null ? otherwise : Date.parse(text);
    if (Number.isNaN(at)) throw invalid(name, 'The date format in your query is not recognized');
    return at;
  };
  const descending = query.get('sortOrder') === 'DESCENDING';
  const since = instant('since', now - 7 * day);
  if (since < now - 180 * day) throw new Refusal('E0000053', { causes: ['since is more than 180 days ago'] });
  // `since` of a poll is a time of persistence, and the first of that millisecond counts.
  if (!query.has('until') && !descending) return { place: [since, 0] };
  return { since, until: instant('until', now), descending, skip: 0 };
}

function opened(after: string): Cursor {
  try {
    return JSON.parse(Buffer.from(after, 'base64url').toString()) as Cursor;
  } catch {
    throw invalid('after', 'The cursor is not one that was given out');
  }
}

function answer(ask: Ask, page: readonly StoredEvent[], cursor: Cursor | undefined, limit: number): Answer {
  const links = [`<${ask.url.href}>; rel="self"`];
  if (cursor) {
    const next = new URL(ask.url);
    for (const name of ['since', 'until', 'sortOrder']) next.searchParams.delete(name);
    next.searchParams.set('after', Buffer.from(JSON.stringify(cursor)).toString('base64url'));
    next.searchParams.set('limit', String(limit));
    if ('place' in cursor) next.searchParams.set('sortOrder', 'ASCENDING');
    links.push(`<${next.href}>; rel="next"`);
  }
  return { status: 200, body: page.map(({ event }) => event), headers: { link: links } };
}

function predicate(query: URLSearchParams): Predicate {
  const [filter, q] = [query.get('filter'), query.get('q')];
  const costly = /^debugContext\.debugData\.(url|requestUri)$/;
  const allows = (name: string, how: string) => name !== 'published' && !(how === 'co' && costly.test(name));
  const fits = filter ? parseFilter(filter, { caseSensitive: false, allows }) : () => true;
  const words = (q ?? '')
    .toLowerCase()
    .split(' ')
    .filter((word) => word !== '');
  return (event) => fits(event) && words.every((word) => JSON.stringify(event).toLowerCase().includes(word));
}
