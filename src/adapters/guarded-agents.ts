/** Connections that go only to addresses the configuration permits: one set for https, one for plain http. */
import { type LookupAddress, type LookupOptions, lookup } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import { Agent } from 'undici';
import { createAddressRule } from './address.ts';

/** How a name becomes addresses; the system's resolver unless given. */
export type ResolveAddresses = (
  hostname: string,
  options: LookupOptions & { all: true },
  callback: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void;

export interface GuardedAgentsOptions {
  /** Private networks (CIDR) that may be reached, there also without TLS. */
  readonly allowPrivate: readonly string[];
  /** PEM certificates to trust instead of the platform's. */
  readonly ca?: string;
  readonly resolve?: ResolveAddresses;
}

export interface GuardedAgents {
  /** `undefined` where the host is a literal address that may not be reached by that protocol. */
  agentFor(protocol: 'https:' | 'http:', hostname: string): Agent | undefined;
  close(): Promise<void>;
}

/**
 * The check sits in the connection's own look-up, and the connection goes to the address that passed it: a name that answers
 * differently the next time (DNS rebinding) is checked again. A refused name fails the connection with code `addressForbidden`.
 */
export function createGuardedAgents({ allowPrivate, ca, resolve = lookup }: GuardedAgentsOptions): GuardedAgents {
  const judge = createAddressRule(allowPrivate);
  const permits = {
    'https:': (address: string) => judge(address) !== 'forbidden',
    'http:': (address: string) => judge(address) === 'allowed',
  };
  // The deadline is the call's own; undici's would end a call by another clock.
  const create = (protocol: 'https:' | 'http:') =>
    new Agent({
      headersTimeout: 0,
      bodyTimeout: 0,
      allowH2: false,
      connect: { lookup: guardLookup(resolve, permits[protocol]), timeout: 10_000, ...(ca === undefined ? {} : { ca }) },
    });
  const agents = { 'https:': create('https:'), 'http:': create('http:') };

  return {
    agentFor(protocol, hostname) {
      const literal = isIP(hostname.replace(/^\[|\]$/g, '')) !== 0;
      return literal && !permits[protocol](hostname) ? undefined : agents[protocol];
    },
    async close() {
      await Promise.all([agents['https:'].destroy(), agents['http:'].destroy()]);
    },
  };
}

class ForbiddenAddress extends Error {
  readonly code = 'addressForbidden';
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
