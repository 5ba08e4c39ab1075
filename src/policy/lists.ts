/** Named lists that conditions and exclusions ask: address ranges, or texts. Each entry ends by itself; the instant asked for is given. */
import ipaddr from 'ipaddr.js';
import type { Instant } from '../model/clock.ts';

export interface ListEntry {
  readonly value: string;
  /** The first instant at which it no longer counts. */
  readonly until: Instant;
}

export interface CompiledList {
  /** Whether an address lies in one of the ranges; `undefined` when the text is no address. */
  hasAddress(address: string, now: Instant): boolean | undefined;
  hasText(text: string, now: Instant): boolean;
  /** Whether a subject stands in it: as a text, or, being an address or a range, with an address in common with one of the ranges. */
  names(id: string, now: Instant): boolean;
  /** What counts in it now. */
  texts(now: Instant): readonly string[];
  /** Whether nothing counts in it any more, or ever did. */
  isEmpty(now: Instant): boolean;
}

type Range = readonly [address: ipaddr.IPv4 | ipaddr.IPv6, bits: number];

/** Compiles the entries of one list. Entries that are no range count as texts only; IPv4-mapped addresses are compared as IPv4. */
export function compileList(entries: readonly ListEntry[]): CompiledList {
  const texts = new Map<string, Instant>();
  for (const { value, until } of entries) texts.set(value, Math.max(until, texts.get(value) ?? until));
  const ranges = entries.flatMap(({ value, until }) => {
    const range = parseRange(value);
    return range === undefined ? [] : [{ range, until }];
  });
  const hasText = (text: string, now: Instant) => now < (texts.get(text) ?? now);
  return {
    hasAddress(text, now) {
      if (!ipaddr.isValid(text)) return undefined;
      const address = ipaddr.process(text);
      return ranges.some(({ range: [start, bits], until }) => now < until && address.kind() === start.kind() && address.match(start, bits));
    },
    hasText,
    texts: (now) => [...texts].flatMap(([text, until]) => (now < until ? [text] : [])),
    isEmpty: (now) => entries.every(({ until }) => until <= now),
    names(id, now) {
      if (hasText(id, now)) return true;
      const asked = parseRange(id);
      return asked !== undefined && ranges.some(({ range, until }) => now < until && overlap(range, asked));
    },
  };
}

/** Entries that never end: those of a test. */
export function lasting(values: readonly string[]): readonly ListEntry[] {
  return values.map((value) => ({ value, until: Number.POSITIVE_INFINITY }));
}

export function isRange(text: string): boolean {
  return parseRange(text) !== undefined;
}

function overlap([a, aBits]: Range, [b, bBits]: Range): boolean {
  return a.kind() === b.kind() && a.match(b, Math.min(aBits, bBits));
}

function parseRange(text: string): Range | undefined {
  if (ipaddr.isValidCIDR(text)) return mapped(ipaddr.parseCIDR(text));
  if (!ipaddr.isValid(text)) return undefined;
  const address = ipaddr.process(text);
  return [address, address.kind() === 'ipv4' ? 32 : 128];
}

/** `::ffff:198.51.100.0/120` is a range of IPv4. */
function mapped([address, bits]: Range): Range {
  if (!('isIPv4MappedAddress' in address) || !address.isIPv4MappedAddress() || bits < 96) return [address, bits];
  return [address.toIPv4Address(), bits - 96];
}
