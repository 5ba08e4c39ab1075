/** Which addresses a connection may go to, asked where its name is looked up: the address that passed is the one that is connected to. */
import { type LookupAddress, type LookupOptions, lookup } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import { createAddressRule } from './address.ts';

/** How a name becomes addresses; the system's resolver unless given. */
export type ResolveAddresses = (
  hostname: string,
  options: LookupOptions & { all: true },
  callback: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void;

export interface AddressGuardOptions {
  /** Private networks (CIDR) that may be reached, there also without TLS. */
  readonly allowPrivate: readonly string[];
  readonly resolve?: ResolveAddresses;
}

export interface AddressGuard {
  /** False for a literal address that may not be reached; a name is judged when it is looked up. */
  permits(hostname: string): boolean;
  /** For the connection itself: a name that answers differently the next time (DNS rebinding) is judged again. */
  readonly lookup: LookupFunction;
}

/** Code of the error with which a connection to a refused address fails. */
export class ForbiddenAddress extends Error {
  readonly code = 'addressForbidden';
}

/** `encrypted`: public addresses and those of `allowPrivate`; `plain`: the latter only. Throws `RangeError` where an entry is no network. */
export function createAddressGuards({ allowPrivate, resolve = lookup }: AddressGuardOptions): {
  readonly encrypted: AddressGuard;
  readonly plain: AddressGuard;
} {
  const judge = createAddressRule(allowPrivate);
  const guard = (permitted: (address: string) => boolean): AddressGuard => ({
    permits: (hostname) => isIP(hostname.replace(/^\[|\]$/g, '')) === 0 || permitted(hostname),
    lookup: guardLookup(resolve, permitted),
  });
  return { encrypted: guard((address) => judge(address) !== 'forbidden'), plain: guard((address) => judge(address) === 'allowed') };
}

function guardLookup(resolve: ResolveAddresses, permitted: (address: string) => boolean): LookupFunction {
  return (hostname, options, callback) => {
    resolve(hostname, { ...options, all: true }, (error, addresses) => {
      if (error) return callback(error, '', 0);
      const good = addresses.filter(({ address }) => permitted(address));
      const first = good[0];
      if (!first) return callback(new ForbiddenAddress(), '', 0);
      return options.all ? callback(null, good) : callback(null, first.address, first.family);
    });
  };
}
