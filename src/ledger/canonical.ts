/**
 * Canonical JSON (RFC 8785), narrowed so that no value has two readings: what cannot be written without doubt is refused before it
 * is hashed. Written here in one pass, because every entry of the decision log goes through it; the tests hold it to `canonicalize`.
 */
import { AppError } from '../model/errors.ts';

export type JsonValue = string | number | boolean | null | readonly JsonValue[] | { readonly [key: string]: JsonValue };

/** `whole`: integers within 2^53-1 only, and no -0. `finite`: any finite number, in the form of ECMAScript. */
export type NumberRule = 'whole' | 'finite';

const maxDepth = 64;
/** What JSON must escape, and any surrogate, which is then looked at more closely. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for.
const needsCare = /[\u0000-\u001f"\\\ud800-\udfff]/;

/**
 * The canonical text of a value. Throws AppError `ledger.notCanonical`, naming the member but never its value, for: undefined, NaN,
 * infinities, bigint, functions, symbols, objects that are not plain (Date, Map, anything with toJSON), lone surrogates, nesting
 * deeper than 64 (also cycles), and, under `whole`, floats, -0 and integers beyond 2^53-1.
 */
export function canonicalise(value: unknown, numbers: NumberRule): string {
  const trail: (string | number)[] = [];
  try {
    return write(value, numbers, trail);
  } catch (error) {
    if (error instanceof Refused)
      throw new AppError('ledger.notCanonical', `${trail.length === 0 ? 'value' : trail.join('.')}: ${error.message}`);
    throw error;
  }
}

/** Parses a text that must already be canonical; duplicate keys, white space or another order are refused as `ledger.notCanonical`. */
export function parseCanonical(text: string, numbers: NumberRule): JsonValue {
  let value: JsonValue;
  try {
    value = JSON.parse(text) as JsonValue;
  } catch {
    throw new AppError('ledger.notCanonical', 'not JSON');
  }
  if (canonicalise(value, numbers) !== text) throw new AppError('ledger.notCanonical', 'not in canonical form');
  return value;
}

class Refused extends Error {}

/** `trail` is where the walk is; a refusal leaves it standing there. */
function write(value: unknown, numbers: NumberRule, trail: (string | number)[]): string {
  switch (typeof value) {
    case 'string':
      return quote(value);
    case 'number':
      return writeNumber(value, numbers);
    case 'boolean':
      return value ? 'true' : 'false';
    case 'object':
      return value === null ? 'null' : writeContainer(value, numbers, trail);
    default:
      throw new Refused(`${typeof value} is no JSON`);
  }
}

function writeContainer(value: object, numbers: NumberRule, trail: (string | number)[]): string {
  if (trail.length >= maxDepth) throw new Refused('nested too deeply');
  if (Array.isArray(value)) {
    let text = '[';
    // By index, so that a hole is met as undefined and refused.
    for (let i = 0; i < value.length; i++) {
      trail.push(i);
      text += i === 0 ? write(value[i], numbers, trail) : `,${write(value[i], numbers, trail)}`;
      trail.pop();
    }
    return `${text}]`;
  }
  const prototype = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) throw new Refused('not a plain object');
  const keys = sortKeys(Object.keys(value));
  let text = '{';
  for (let i = 0; i < keys.length; i++) {
    const key = keys[i] as string;
    trail.push(key);
    const member = write((value as Record<string, unknown>)[key], numbers, trail);
    text += i === 0 ? nameOf(key) + member : `,${nameOf(key)}${member}`;
    trail.pop();
  }
  return `${text}}`;
}

/** By UTF-16 code units (RFC 8785 section 3.2.3), which is how JavaScript compares strings. Few keys by insertion: much faster. */
function sortKeys(keys: string[]): string[] {
  if (keys.length > 24) return keys.sort();
  for (let i = 1; i < keys.length; i++) {
    const key = keys[i] as string;
    let j = i;
    for (; j > 0 && (keys[j - 1] as string) > key; j--) keys[j] = keys[j - 1] as string;
    keys[j] = key;
  }
  return keys;
}

/** Names recur from entry to entry; the limits keep a sender's own names from filling the memory. */
const names = new Map<string, string>();
const maxNames = 2048;
const maxNameLength = 64;

function nameOf(key: string): string {
  const known = names.get(key);
  if (known !== undefined) return known;
  const text = `${quote(key)}:`;
  if (names.size < maxNames && key.length <= maxNameLength) names.set(key, text);
  return text;
}

function writeNumber(value: number, numbers: NumberRule): string {
  if (!Number.isFinite(value)) throw new Refused('not a finite number');
  if (numbers === 'whole' && (!Number.isSafeInteger(value) || Object.is(value, -0))) throw new Refused('not a whole number within 2^53-1');
  // ECMAScript's form is the canonical one (RFC 8785 section 3.2.2.3); -0 becomes 0.
  return String(value);
}

function quote(text: string): string {
  if (text.length < 200 && !needsCare.test(text)) return `"${text}"`;
  if (!text.isWellFormed()) throw new Refused('lone surrogate');
  return JSON.stringify(text);
}
