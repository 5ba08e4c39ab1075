/** A situation that somebody asks about, in words: a subject, a signal, what came before it, and what is known around it. */
import { givenSchema, type InlineTest } from './schema.ts';

export type Given = InlineTest['given'];

export interface Question {
  readonly subject?: string;
  /** `type`, `type:source` or `type:source:-5m`; the source an id or a kind. */
  readonly signal: string;
  /** Earlier signals in the same form, in order of time. */
  readonly before: readonly string[];
  /** `device.compliance=unknown`; of `subject.groups` a list with commas. */
  readonly set: readonly string[];
}

export type Hypothesis = { readonly ok: true; readonly given: Given } | { readonly ok: false; readonly faults: readonly string[] };

export function parseQuestion({ subject, signal, before, set }: Question): Hypothesis {
  const given: Record<string, unknown> = {};
  const signals = [...before, signal].map(parseSignal);
  const faults: string[] = [];
  if (subject !== undefined) given['subject'] = { id: subject };
  for (const text of set) {
    const split = /^([A-Za-z0-9_.-]+)=(.*)$/.exec(text);
    if (split === null) {
      faults.push(`${text}: expected path=value`);
      continue;
    }
    const [, path, value] = split as unknown as [string, string, string];
    put(path, parseValue(path, value), given, signals.at(-1) as Record<string, unknown>);
  }
  const read = givenSchema.safeParse({ ...given, signals });
  if (!read.success) faults.push(...read.error.issues.map((issue) => `${placeOf(issue, signals.length)}: ${issue.message}`));
  return read.success && faults.length === 0 ? { ok: true, given: read.data } : { ok: false, faults };
}

/** What nobody calls `hr` in a condition is called so in a test. */
function put(path: string, value: unknown, given: Record<string, unknown>, trigger: Record<string, unknown>): void {
  const names = path.replace(/^subject\.hr\./, 'hr.').split('.');
  const [section, ...rest] = names as [string, ...string[]];
  if (section === 'signal') trigger[rest.join('.')] = value;
  else if (rest.length === 0) given[section] = value;
  else given[section] = { ...(given[section] as Record<string, unknown> | undefined), [rest.join('.')]: value };
}

function parseSignal(text: string): Record<string, unknown> {
  const [type, source, ...at] = text.split(':');
  return { type, ...(source ? { source } : {}), ...(at.length > 0 ? { at: at.join(':') } : {}) };
}

function parseValue(path: string, text: string): unknown {
  if (path === 'subject.groups' || path.startsWith('lists.')) return text.split(',').filter((name) => name !== '');
  if (text === 'true' || text === 'false') return text === 'true';
  return /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : text;
}

function placeOf(issue: { readonly code: string; readonly path: readonly PropertyKey[] }, signals: number): string {
  const [first, index, ...rest] = issue.path;
  const path = first === 'signals' && index === signals - 1 ? ['signal', ...rest] : issue.path;
  const keys = issue.code === 'unrecognized_keys' ? [...path, ...(issue as unknown as { readonly keys: readonly string[] }).keys] : path;
  return keys.map(String).join('.') || 'the situation';
}

/** One thing less that is known. */
export interface Drop {
  readonly what: string;
  readonly given: Given;
}

/** Each earlier signal and each context value left out in turn; what is not known already cannot be. */
export function dropsOf(given: Given): readonly Drop[] {
  const signals = given.signals ?? [];
  const evidence = signals.slice(0, -1).map((signal, index) => ({
    what: `${signal.type}${signal.source === undefined ? '' : ` of ${signal.source}`}${signal.at === undefined ? '' : ` at ${signal.at}`}`,
    given: { ...given, signals: signals.filter((_, at) => at !== index) },
  }));
  const groups = (given.subject?.groups ?? []).map((group) => ({
    what: `subject.groups ${group}`,
    given: { ...given, subject: { ...given.subject, groups: given.subject?.groups?.filter((name) => name !== group) } },
  }));
  const sections = ['session', 'device', 'geo', 'hr', 'hist', 'facts', 'lists', 'counters'] as const;
  const context = sections.flatMap((section) =>
    Object.entries(given[section] ?? {})
      .filter(([, value]) => value !== 'unknown')
      .map(([name]) => ({
        what: `${section === 'hr' ? 'subject.hr' : section}.${name}`,
        given: { ...given, [section]: without(given[section] as Record<string, unknown>, name) },
      })),
  );
  const person = (['tier', 'executive'] as const)
    .filter((name) => given.subject?.[name] !== undefined && given.subject[name] !== 'unknown')
    .map((name) => ({
      what: `subject.${name}`,
      given: {
        ...given,
        subject: name === 'tier' ? { ...given.subject, tier: 'unknown' } : without(given.subject as Record<string, unknown>, name),
      },
    }));
  const trigger = (signals.at(-1) ?? {}) as Record<string, unknown>;
  const said = ['severity', 'confidence', 'ip', 'country', 'asn']
    .filter((name) => trigger[name] !== undefined)
    .map((name) => ({ what: `signal.${name}`, given: { ...given, signals: [...signals.slice(0, -1), without(trigger, name)] } }));
  return [...evidence, ...groups, ...context, ...person, ...said] as readonly Drop[];
}

function without(record: Readonly<Record<string, unknown>>, name: string): Record<string, unknown> {
  return Object.fromEntries(Object.entries(record).filter(([key]) => key !== name));
}
