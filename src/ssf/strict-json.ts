/**
 * Reads JSON that a stranger wrote. Stricter than `JSON.parse`: no member twice, no names that reach into prototypes, bounded
 * depth, nothing that a database cannot hold (NUL, lone surrogates, numbers out of range).
 */

export type JsonValue = string | number | boolean | null | JsonArray | JsonObject;
export type JsonArray = readonly JsonValue[];
/** Without a prototype, so that any name may be looked up. */
export interface JsonObject {
  readonly [name: string]: JsonValue | undefined;
}

export type JsonFault = 'encoding' | 'syntax' | 'duplicateMember' | 'forbiddenName' | 'tooDeep' | 'badString' | 'badNumber';

export type JsonResult = { readonly ok: true; readonly value: JsonValue } | { readonly ok: false; readonly fault: JsonFault };

export const maxJsonDepth = 32;

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Bytes must be UTF-8 without a byte order mark (RFC 8259 section 8.1, RFC 8725 section 3.7). Names are compared after unescaping.
 * Never throws.
 */
export function readStrictJson(source: Uint8Array | string): JsonResult {
  let text: string;
  try {
    text = typeof source === 'string' ? source : utf8.decode(source);
  } catch {
    return { ok: false, fault: 'encoding' };
  }
  if (!text.isWellFormed()) return { ok: false, fault: 'encoding' };
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return { ok: false, fault: 'syntax' };
  }
  // Raw control characters and surrogates are gone by now: only an escape can still bring one in.
  const walk: Walk = { members: 0, escapes: text.includes('\\u'), fault: undefined };
  const value = rebuild(parsed, 1, walk);
  if (walk.fault !== undefined) return { ok: false, fault: walk.fault };
  // `JSON.parse` keeps the last of several equal names, so that fewer are left than were written.
  if (walk.members !== countMembers(text)) return { ok: false, fault: 'duplicateMember' };
  return { ok: true, value };
}

export function isJsonObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

interface Walk {
  members: number;
  readonly escapes: boolean;
  fault: JsonFault | undefined;
}

function rebuild(value: unknown, depth: number, walk: Walk): JsonValue {
  switch (typeof value) {
    case 'string':
      if (walk.escapes && !isStorable(value)) walk.fault = 'badString';
      return value;
    case 'number':
      if (!Number.isFinite(value)) walk.fault = 'badNumber';
      return value;
    case 'boolean':
      return value;
    default:
      if (value === null) return null;
      if (depth > maxJsonDepth) {
        walk.fault = 'tooDeep';
        return null;
      }
      return Array.isArray(value) ? value.map((item) => rebuild(item, depth + 1, walk)) : rebuildObject(value as object, depth, walk);
  }
}

function rebuildObject(value: object, depth: number, walk: Walk): JsonObject {
  const result: Record<string, JsonValue> = Object.create(null);
  for (const name of Object.keys(value)) {
    walk.members += 1;
    if (name === '__proto__' || name === 'constructor' || name === 'prototype') walk.fault = 'forbiddenName';
    else if (walk.escapes && !isStorable(name)) walk.fault = 'badString';
    else result[name] = rebuild((value as Record<string, unknown>)[name], depth + 1, walk);
  }
  return result;
}

/** Whether PostgreSQL can hold the text. */
export function isStorable(text: string): boolean {
  return text.isWellFormed() && !text.includes('\0');
}

/** Members written in a text that is known to be JSON: strings followed by a colon. */
function countMembers(text: string): number {
  let members = 0;
  let at = text.indexOf('"');
  while (at !== -1) {
    let end = text.indexOf('"', at + 1);
    while (isEscaped(text, end)) end = text.indexOf('"', end + 1);
    let next = end + 1;
    let code = text.charCodeAt(next);
    while (code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09) code = text.charCodeAt(++next);
    if (code === 0x3a) members += 1;
    at = text.indexOf('"', next);
  }
  return members;
}

function isEscaped(text: string, at: number): boolean {
  let before = at - 1;
  while (text.charCodeAt(before) === 0x5c) before -= 1;
  return (at - before) % 2 === 0;
}
