/** Whom a sender may speak for (RFC 8935 section 2): a provider must not revoke another provider's people. */
import type { Identifier } from './subject-identifier.ts';
import { ownIssuers, type TransmitterSettings } from './transmitter-settings.ts';

export interface Authority {
  /** Absent: any format. */
  readonly formats: ReadonlySet<string> | undefined;
  readonly issuers: ReadonlySet<string>;
  /** Absent: any domain. */
  readonly domains: ReadonlySet<string> | undefined;
  /** Absent: the stream as a whole means this organisation. */
  readonly tenants: ReadonlySet<string> | undefined;
}

export function authorityOf(settings: Pick<TransmitterSettings, 'issuer' | 'extraIssuers' | 'mayName'>): Authority {
  const { formats, issuers, domains, tenants } = settings.mayName;
  return {
    formats: formats && new Set(formats),
    issuers: new Set(issuers ?? ownIssuers(settings)),
    domains: domains && new Set(domains),
    tenants: tenants && new Set(tenants),
  };
}

/** Whether the identifier lies in a name space that the sender may use. */
export function mayUse(authority: Authority, identifier: Identifier): boolean {
  if (identifier.issuer !== undefined && !authority.issuers.has(identifier.issuer)) return false;
  return identifier.domain === undefined || authority.domains === undefined || authority.domains.has(identifier.domain);
}

/** Whether the sender may name somebody by it: the name space, and the format too. */
export function mayName(authority: Authority, identifier: Identifier): boolean {
  return mayUse(authority, identifier) && (authority.formats === undefined || authority.formats.has(identifier.format));
}
