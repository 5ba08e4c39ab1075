/** Reads `rescind.yaml`: references, environment, schemas and cross-checks, with every fault at its place. */
import type { z } from 'zod';
import { type DocumentResult, type Fault, parseYaml, sortFaults } from '../model/document.ts';
import {
  type CommonConnection,
  type ConnectionSettings,
  commonConnectionKeys,
  commonConnectionSchema,
  sourceKindOf,
} from './connections.ts';
import { crossCheck, type Parsed } from './cross-check.ts';
import { dotted, interpolate, type Sources } from './interpolate.ts';
import { lists, type Settings, sectionNames, sections } from './schema.ts';

export interface ReadRequest extends Sources {
  readonly text: string;
  /** The file's name, for faults. */
  readonly file: string;
  /** The providers there are, each with the schema of what a connection says beside the members that all share. */
  readonly providers: ReadonlyMap<string, z.ZodType>;
}

type Path = readonly PropertyKey[];

/** Where a value that the environment gave is at fault. */
const environmentFile = 'environment';

const environmentKeys = [
  ['DATABASE_URL', ['database', 'url']],
  ['HOST', ['listen', 'host']],
  ['PORT', ['listen', 'port']],
  ['RESCIND_DATA_DIR', ['dataDir']],
  ['LOG_LEVEL', ['log', 'level']],
] as const;

/**
 * The settings, or all faults at once in reading order. Environment wins over the file; an empty variable counts as not set.
 * Faults name places, keys and rules, never a value: it may be a secret.
 */
export function readSettings(request: ReadRequest): DocumentResult<Settings> {
  const parsed = parseYaml(request.text, request.file);
  // The parser's messages quote the text behind a colon.
  if (!parsed.ok)
    return { ok: false, faults: parsed.faults.map(({ code: _, ...fault }) => ({ ...fault, message: fault.message.replace(/:.*$/s, '') })) };
  const { locate } = parsed;
  const root = parsed.value ?? {};
  if (typeof root !== 'object' || Array.isArray(root)) {
    return { ok: false, faults: [{ file: request.file, line: 1, column: 1, path: '', message: 'must be a map of settings' }] };
  }

  const inserted = interpolate(root, request);
  const document = inserted.value as Record<string, unknown>;
  const fromEnvironment = applyEnvironment(document, request.env);
  const faults: Fault[] = [];
  const failed = new Set(inserted.failures.map((failure) => dotted(failure.path)));
  const report = (path: Path, message: string): void => {
    const variable = fromEnvironment.get(dotted(path));
    if (variable !== undefined) faults.push({ file: environmentFile, line: 1, column: 1, path: variable, message });
    else faults.push({ file: request.file, ...locate(path), path: dotted(path), message });
  };
  for (const failure of inserted.failures) report(failure.path, failure.message);

  const check = <S extends z.ZodType>(schema: S, value: unknown, path: Path): z.output<S> | undefined => {
    const coercible = (at: string) => inserted.touched.has(at) || fromEnvironment.has(at);
    const result = parseCoercing(schema, value, (inner) => coercible(dotted([...path, ...inner])));
    if (result.success) return result.data;
    for (const issue of result.error.issues) {
      const extra = issue.code === 'unrecognized_keys' ? issue.keys : [undefined];
      const message =
        issue.code === 'unrecognized_keys'
          ? 'unknown key'
          : issue.code === 'invalid_key'
            ? (issue.issues[0]?.message ?? issue.message)
            : issue.message;
      for (const key of extra) {
        const at = [...path, ...issue.path, ...(key === undefined ? [] : [key])];
        if (!failed.has(dotted(at))) report(at, message);
      }
    }
    return undefined;
  };

  for (const key of Object.keys(document)) if (!sectionNames.includes(key)) report([key], 'unknown key');
  const parsedSections: Parsed = {};
  for (const [key, schema] of Object.entries(sections)) Object.assign(parsedSections, { [key]: check(schema, document[key], [key]) });
  for (const [key, schema] of Object.entries(lists)) {
    Object.assign(parsedSections, { [key]: readList(document[key], [key], report, (item, path) => check(schema, item, path)) });
  }
  parsedSections.connections = readList(document.connections, ['connections'], report, (item, path) =>
    readConnection(item, path, request.providers, parsedSections.profile ?? 'standard', check, report),
  );
  crossCheck(parsedSections, report);
  if (faults.length > 0) return { ok: false, faults: sortFaults(distinct(faults)) };
  return { ok: true, value: complete(parsedSections), locate };
}

type Check = <S extends z.ZodType>(schema: S, value: unknown, path: Path) => z.output<S> | undefined;
type Report = (path: Path, message: string) => void;

/** A list keeps its places: an item at fault is undefined. */
function readList<T>(
  value: unknown,
  path: Path,
  report: Report,
  readItem: (item: unknown, path: Path) => T | undefined,
): (T | undefined)[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) {
    report(path, 'must be a list');
    return [];
  }
  return value.map((item, index) => readItem(item, [...path, index]));
}

function readConnection(
  item: unknown,
  path: Path,
  providers: ReadonlyMap<string, z.ZodType>,
  organisationProfile: 'standard' | 'small',
  check: Check,
  report: Report,
): ConnectionSettings | undefined {
  const common: CommonConnection | undefined = check(commonConnectionSchema, item, path);
  const provider = (item as { provider?: unknown } | null)?.provider;
  const schema = typeof provider === 'string' ? providers.get(provider) : undefined;
  if (typeof provider === 'string' && schema === undefined) {
    report([...path, 'provider'], `unknown provider; known are ${[...providers.keys()].sort().join(', ') || 'none'}`);
  }
  if (schema === undefined) return undefined;
  const own = Object.fromEntries(Object.entries(item as Record<string, unknown>).filter(([key]) => !commonConnectionKeys.includes(key)));
  const settings: unknown = check(schema, own, path);
  if (common === undefined || settings === undefined) return undefined;
  return {
    id: common.id,
    provider: common.provider,
    profile: common.profile ?? (common.provider === 'sandbox' ? 'sandbox' : organisationProfile),
    trial: common.trial,
    kind: sourceKindOf(common.provider, settings),
    allowPrivate: common.network.allowPrivate,
    settings,
  };
}

/** Puts the variables over the document and answers which paths they now stand at. */
function applyEnvironment(document: Record<string, unknown>, env: Sources['env']): ReadonlyMap<string, string> {
  const applied = new Map<string, string>();
  for (const [name, path] of environmentKeys) {
    const value = env[name];
    if (value === undefined || value === '') continue;
    const [section, member] = path;
    if (member === undefined) document[section] = value;
    else {
      const inner = document[section];
      // Something else than a map stands there: leave it, its own fault is told.
      if (inner !== undefined && inner !== null && (typeof inner !== 'object' || Array.isArray(inner))) continue;
      document[section] = { ...(inner as Record<string, unknown> | null | undefined), [member]: value };
    }
    applied.set(dotted(path), name);
  }
  return applied;
}

/** A reference always yields a text: where a number or a switch is wanted there, it is read as one. */
function parseCoercing<S extends z.ZodType>(
  schema: S,
  value: unknown,
  mayCoerce: (path: Path) => boolean,
): z.ZodSafeParseResult<z.output<S>> {
  const first = schema.safeParse(value);
  if (first.success) return first;
  let coerced = value;
  for (const issue of first.error.issues) {
    if (!mayCoerce(issue.path)) continue;
    coerced = replaceAt(coerced, issue.path, (text) =>
      text === 'true' ? true : text === 'false' ? false : /^-?\d{1,15}$/.test(text) ? Number(text) : text,
    );
  }
  return coerced === value ? first : schema.safeParse(coerced);
}

function replaceAt(value: unknown, path: Path, change: (text: string) => unknown): unknown {
  const [key, ...rest] = path;
  if (key === undefined) return typeof value === 'string' ? change(value) : value;
  if (Array.isArray(value)) return value.map((item, index) => (index === key ? replaceAt(item, rest, change) : item));
  if (value === null || typeof value !== 'object') return value;
  const record = value as Record<PropertyKey, unknown>;
  return { ...record, [key]: replaceAt(record[key], rest, change) };
}

function complete(parsed: Parsed): Settings {
  const known = <T>(value: T | undefined): T => value as T;
  const list = <T>(items: readonly (T | undefined)[] | undefined): T[] => (items ?? []).filter((item): item is T => item !== undefined);
  const { metrics: listenMetrics, ...listen } = known(parsed.listen);
  const metrics = parsed.metrics ?? listenMetrics;
  const url = parsed.database?.url;
  return {
    publicUrl: parsed.publicUrl ?? null,
    listen,
    metrics: { ...(metrics?.port === undefined ? {} : { port: metrics.port }), open: metrics?.open ?? false },
    dataDir: known(parsed.dataDir),
    database: url === undefined ? {} : { url },
    log: known(parsed.log),
    policies: known(parsed.policies),
    enforcement: known(parsed.enforcement),
    overrides: known(parsed.overrides),
    profile: known(parsed.profile),
    organisation: known(parsed.organisation),
    ...(parsed.keys === undefined ? {} : { keys: parsed.keys }),
    signers: list(parsed.signers),
    connections: list(parsed.connections),
    transmitters: list(parsed.transmitters),
    receivers: list(parsed.receivers),
    operators: known(parsed.operators),
    identities: list(parsed.identities),
    sinks: list(parsed.sinks),
    network: known(parsed.network),
  };
}

function distinct(faults: readonly Fault[]): Fault[] {
  const seen = new Set<string>();
  return faults.filter((fault) => {
    const key = `${fault.file}\n${fault.line}\n${fault.path}\n${fault.message}`;
    return seen.has(key) ? false : seen.add(key);
  });
}
