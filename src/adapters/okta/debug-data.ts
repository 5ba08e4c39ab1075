/**
 * `debugContext.debugData`, which Okta may change at any time: maps written as text, as JSON inside a text, as lists, or as they should be.
 * What cannot be read for sure is unknown; never low, and never unusual.
 */
import { type Fields, fieldsOf, type LogEvent } from './log-event.ts';

export type RiskLevel = 'low' | 'medium' | 'high' | 'unknown';

const levels: ReadonlyMap<string, RiskLevel> = new Map([
  ['HIGH', 'high'],
  ['MEDIUM', 'medium'],
  ['LOW', 'low'],
  ['NONE', 'low'],
  ['SECURE', 'low'],
]);
/** Texts longer than this are not looked at. */
const longestText = 8_192;
const mostBehaviours = 32;

/** The level that Okta gives the event; the first place that speaks of it decides. `undefined`: none does. */
export function riskOf({ debugData, fields }: LogEvent): RiskLevel | undefined {
  const told = debugData['risk'] ?? fieldsOf(fields['securityContext'])['risk'] ?? logOnly(debugData)['risk'];
  return told === undefined || told === null ? undefined : levelIn(told);
}

function levelIn(told: unknown): RiskLevel {
  const level = typeof told === 'string' ? (levelInText(told) ?? fieldsOf(parsed(told))['level']) : fieldsOf(told)['level'];
  return typeof level === 'string' ? (levels.get(level.trim().toUpperCase()) ?? 'unknown') : 'unknown';
}

/** Of `{reasons=New Device, New IP, level=HIGH}`: values hold commas, so a key begins where a word stands before an equals sign. */
function levelInText(text: string): string | undefined {
  if (text.length > longestText) return undefined;
  const found = [...text.matchAll(/(?:^|[{,])\s*level\s*=([^,}]*)/gi)];
  // Said twice is not said: one of them may be somebody's own words.
  return found.length === 1 ? found[0]?.[1] : undefined;
}

/** What was unusual of a sign-in, in small letters: `new device`, `new country`, `velocity`, and what an organisation named itself. */
export function unusualIn({ debugData }: LogEvent): readonly string[] {
  return positive(debugData['behaviors'] ?? logOnly(debugData)['behaviors']);
}

function positive(told: unknown): readonly string[] {
  if (typeof told === 'string') {
    if (told.length > longestText || !told.includes('POSITIVE')) return [];
    const object = parsed(told);
    return object === undefined
      ? names([...told.matchAll(/([^,={}]{1,64})=POSITIVE(?![A-Z_])/g)].map((match) => match[1]))
      : positive(object);
  }
  if (Array.isArray(told)) return names(told.slice(0, mostBehaviours).flatMap(positiveOfEntry));
  return names(Object.entries(fieldsOf(told)).flatMap(([name, result]) => (result === 'POSITIVE' ? [name] : [])));
}

/** `New Device=POSITIVE`, or `{name, result}` as newer organisations write it. */
function positiveOfEntry(entry: unknown): readonly unknown[] {
  if (typeof entry === 'string') return entry.endsWith('=POSITIVE') ? [entry.slice(0, -'=POSITIVE'.length)] : [];
  const { name, result } = fieldsOf(entry);
  return result === 'POSITIVE' ? [name] : [];
}

function names(found: readonly unknown[]): readonly string[] {
  const texts = found.flatMap((name) => (typeof name === 'string' && name.length <= 64 ? [name.trim().toLowerCase()] : []));
  return [...new Set(texts.filter((name) => name !== ''))].slice(0, mostBehaviours);
}

/** ThreatInsight's word on the address. It comes as a text, and the text `false` is not empty. */
export function isThreatSuspected({ debugData }: LogEvent): boolean {
  return debugData['threatSuspected'] === 'true' || debugData['threatSuspected'] === true;
}

/** Where the log shows only what security is about, risk and behaviours stand in here. */
function logOnly(debugData: Fields): Fields {
  const told = debugData['logOnlySecurityData'];
  return fieldsOf(typeof told === 'string' ? parsed(told) : told);
}

function parsed(text: string): unknown {
  if (text.length > longestText || !text.startsWith('{"')) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
