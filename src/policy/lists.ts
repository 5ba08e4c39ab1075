/** Named lists that conditions and exclusions ask: address ranges, or texts. */
import ipaddr from 'ipaddr.js';

export interface CompiledList {
  /** Whether an address lies in one of the ranges; `undefined` when the text is no address. */
  hasAddress(address: string): boolean | undefined;
  hasText(text: string): boolean;
}

type Range = readonly [address: ipaddr.IPv4 | ipaddr.IPv6, bits: number];

/** Compiles the entries of one list. Entries that are no range count as texts only; IPv4-mapped addresses are compared as IPv4. */
export function compileList(entries: readonly string[]): CompiledList {
  const texts = new Set(entries);
  const ranges = entries.map(parseRange).filter((range): range is Range => range !== undefined);
  return {
    hasAddress(text) {
      if (!ipaddr.isValid(text)) return undefined;
      const address = ipaddr.process(text);
      return ranges.some(([start, bits]) => address.kind() === start.kind() && address.match(start, bits));
    },
    hasText: (text) => texts.has(text),
  };
}

function parseRange(text: string): Range | undefined {
  if (ipaddr.isValidCIDR(text)) return ipaddr.parseCIDR(text);
  if (!ipaddr.isValid(text)) return undefined;
  const address = ipaddr.process(text);
  return [address, address.kind() === 'ipv4' ? 32 : 128];
}
