/** Which addresses an outgoing call may reach: public ones, and private networks that the configuration names. */
import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';

/** `allowed`: listed in `allowPrivate`, so plain http is permitted there as well. */
export type AddressVerdict = 'public' | 'allowed' | 'forbidden';

type Network = readonly [ipaddr.IPv4 | ipaddr.IPv6, number];

/**
 * Judges literal addresses. Everything that is not global unicast is forbidden unless `allowPrivate` (CIDRs or single addresses) lists
 * it: private, loopback, link-local with the metadata addresses, unique-local, carrier-grade NAT, multicast, documentation, 6to4, Teredo.
 * An IPv4 address inside an IPv6 one (mapped, or behind a NAT64 prefix) is judged as that IPv4 address. What is no address is forbidden.
 * Throws `RangeError` where an entry of `allowPrivate` is neither an address nor a CIDR.
 */
export function createAddressRule(allowPrivate: readonly string[]): (address: string) => AddressVerdict {
  const allowed = allowPrivate.map(parseNetwork);
  return (text) => {
    const address = parseAddress(text);
    if (!address) return 'forbidden';
    if (allowed.some((network) => matches(address, network))) return 'allowed';
    if (alsoForbidden.some((network) => matches(address, network))) return 'forbidden';
    return address.range() === 'unicast' ? 'public' : 'forbidden';
  };
}

/** Parses an address as it stands in a URL or a resolver's answer, unwrapping an embedded IPv4 address. */
function parseAddress(text: string): ipaddr.IPv4 | ipaddr.IPv6 | undefined {
  const bare = text.startsWith('[') && text.endsWith(']') ? text.slice(1, -1) : text;
  if (isIP(bare) === 0) return undefined;
  const address = ipaddr.process(bare);
  if (!(address instanceof ipaddr.IPv6)) return address;
  const range = address.range();
  if (range !== 'rfc6052' && range !== 'rfc6145') return address;
  const octets = address.toByteArray();
  // RFC 8215's 64:ff9b:1::/48 places the address elsewhere: left as it is, and forbidden.
  if (range === 'rfc6052' && octets.slice(4, 12).some((octet) => octet !== 0)) return address;
  return new ipaddr.IPv4(octets.slice(12));
}

function parseNetwork(text: string): Network {
  const slash = text.indexOf('/');
  const address = parseAddress(slash === -1 ? text : text.slice(0, slash));
  const widest = address?.kind() === 'ipv4' ? 32 : 128;
  const length = text.slice(slash + 1);
  // An empty length is no 0: that would be every address.
  const prefix = slash === -1 ? widest : /^\d{1,3}$/.test(length) ? Number(length) : Number.NaN;
  if (!address || !(prefix <= widest)) throw new RangeError(`not an address or network: ${text}`);
  return [address, prefix];
}

function matches(address: ipaddr.IPv4 | ipaddr.IPv6, [network, prefix]: Network): boolean {
  if (address instanceof ipaddr.IPv4) return network instanceof ipaddr.IPv4 && address.match(network, prefix);
  return network instanceof ipaddr.IPv6 && address.match(network, prefix);
}

/** Global unicast by the registries, and still never meant: a cloud's wire server, IPv4-compatible addresses (RFC 4291 section 2.5.5.1). */
const alsoForbidden: readonly Network[] = ['168.63.129.16/32', '::/96'].map(parseNetwork);
