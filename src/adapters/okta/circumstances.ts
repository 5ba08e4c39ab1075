/** Where an event came from, as Okta says. */
import type { Circumstances } from '../../model/signal.ts';
import { canonicalAddress } from '../../ssf/index.ts';
import { countryCode } from './country.ts';
import { riskOf, unusualIn } from './debug-data.ts';
import { fieldsOf, type LogEvent } from './log-event.ts';

const longestUserAgent = 512;
const longestCity = 128;
const largestAsn = 2 ** 32 - 1;

type Writable<T> = { -readonly [M in keyof T]: T[M] };

export function circumstancesOf(event: LogEvent): Circumstances {
  const client = fieldsOf(event.fields['client']);
  const security = fieldsOf(event.fields['securityContext']);
  const place = fieldsOf(client['geographicalContext']);
  const { ipAddress } = client;
  const { asNumber, isProxy } = security;
  const ip = typeof ipAddress === 'string' && ipAddress.length <= 64 ? canonicalAddress(ipAddress) : undefined;
  const country = countryCode(place['country']);
  const city = cut(place['city'], longestCity);
  const userAgent = cut(fieldsOf(client['userAgent'])['rawUserAgent'], longestUserAgent);
  const rated = riskOf(event);
  const unusual = unusualIn(event);

  const here: Writable<Circumstances> = {};
  if (ip !== undefined) here.ip = ip;
  if (country !== undefined) here.country = country;
  if (Number.isInteger(asNumber) && (asNumber as number) > 0 && (asNumber as number) <= largestAsn) here.asn = asNumber as number;
  if (userAgent !== undefined) here.userAgent = userAgent;
  if (city !== undefined) here.city = city;
  if (typeof isProxy === 'boolean') here.proxy = isProxy;
  if (unusual.length > 0) here.unusual = unusual;
  if (rated !== undefined && rated !== 'unknown') here.rated = rated;
  return here;
}

/** A cut may go through the middle of a character. */
function cut(value: unknown, length: number): string | undefined {
  if (typeof value !== 'string' || value === '') return undefined;
  return value.length <= length ? value : value.slice(0, length).toWellFormed();
}
