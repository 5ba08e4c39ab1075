/** Connections that go only to addresses the configuration permits: one set for https, one for plain http. */
import { Agent } from 'undici';
import { type AddressGuardOptions, createAddressGuards } from './guarded-lookup.ts';

export interface GuardedAgentsOptions extends AddressGuardOptions {
  /** PEM certificates to trust instead of the platform's. */
  readonly ca?: string;
}

export interface GuardedAgents {
  /** `undefined` where the host is a literal address that may not be reached by that protocol. */
  agentFor(protocol: 'https:' | 'http:', hostname: string): Agent | undefined;
  close(): Promise<void>;
}

/** A name that may not be reached fails the connection with code `addressForbidden`. */
export function createGuardedAgents({ ca, ...options }: GuardedAgentsOptions): GuardedAgents {
  const { encrypted, plain } = createAddressGuards(options);
  const guards = { 'https:': encrypted, 'http:': plain };
  // The deadline is the call's own; undici's would end a call by another clock.
  const create = (protocol: 'https:' | 'http:') =>
    new Agent({
      headersTimeout: 0,
      bodyTimeout: 0,
      allowH2: false,
      connect: { lookup: guards[protocol].lookup, timeout: 10_000, ...(ca === undefined ? {} : { ca }) },
    });
  const agents = { 'https:': create('https:'), 'http:': create('http:') };

  return {
    agentFor: (protocol, hostname) => (guards[protocol].permits(hostname) ? agents[protocol] : undefined),
    async close() {
      await Promise.all([agents['https:'].destroy(), agents['http:'].destroy()]);
    },
  };
}
