/**
 * The keys of one issuer, read from its key set and kept. Unknown keys cause at most one fetch an interval, however many tokens ask;
 * keys that the issuer withdrew are gone within the longest age.
 */
import type { Clock } from '../model/clock.ts';
import type { Log } from '../model/log.ts';
import { importKeySet, type PublishedKey, type VerificationKey } from './keys.ts';
import { isJsonObject, type JsonObject, type JsonValue } from './strict-json.ts';
import type { TransmitterSettings } from './transmitter-settings.ts';

/** Reads a JSON document over HTTPS, without redirects and guarded against private addresses. Rejects when there is none. */
export type FetchJson = (url: string, options: { readonly signal: AbortSignal }) => Promise<unknown>;

export type KeyLookup =
  | { readonly kind: 'found'; readonly keys: readonly VerificationKey[] }
  /** `unavailable`: the issuer's keys could not be read, so that nothing can be said; worth another try. */
  | { readonly kind: 'unknown' | 'unacceptable' | 'unavailable' };

export interface KeySource {
  /** Keys that may have made a signature. Refreshes once for an unknown `kid`, no more often than the interval allows. */
  find(header: { readonly alg: string; readonly kid: string | undefined }): Promise<KeyLookup>;
  /** `critical_subject_members` of the issuer's metadata (SSF section 7.1); empty while no metadata was read. */
  criticalMembers(): readonly string[];
}

export interface KeySourceOptions {
  readonly settings: Pick<TransmitterSettings, 'id' | 'issuer' | 'jwksUri' | 'metadataUrl' | 'wellKnown' | 'algorithms'>;
  readonly fetchJson: FetchJson;
  readonly clock: Clock;
  readonly log: Log;
  readonly limits?: Partial<KeySourceLimits>;
}

export interface KeySourceLimits {
  /** Shortest time between two fetches. Default 30 s. */
  readonly intervalMs: number;
  /** The same, while no keys are held because the last fetch failed. Default 2 s. */
  readonly retryMs: number;
  /** Older keys are used, and refreshed beside. Default 5 min. */
  readonly freshMs: number;
  /** Older keys are refreshed first; used on only while the issuer is unreachable. Default 15 min. */
  readonly longestMs: number;
  /** Never used when older. Default 24 h. */
  readonly staleMs: number;
  /** Limit of one document's fetch. Default 5 s. */
  readonly timeoutMs: number;
}

const defaultLimits: KeySourceLimits = {
  intervalMs: 30_000,
  retryMs: 2_000,
  freshMs: 300_000,
  longestMs: 900_000,
  staleMs: 86_400_000,
  timeoutMs: 5_000,
};

/** Most keys tried for a token that names none. */
const maxCandidates = 8;

export function createKeySource(options: KeySourceOptions): KeySource {
  const { settings, clock, log } = options;
  const limits = { ...defaultLimits, ...options.limits };
  let held: { readonly keys: readonly PublishedKey[]; readonly readAtMs: number } | undefined;
  let critical: readonly string[] = [];
  let failed = false;
  let attemptedAtMs = Number.NEGATIVE_INFINITY;
  let refreshing: Promise<void> | undefined;

  function refresh(): Promise<void> {
    refreshing ??= load()
      .then(
        (keys) => {
          held = { keys, readAtMs: clock.elapsedMs() };
          failed = false;
        },
        (error: unknown) => {
          failed = true;
          log.warn({ transmitter: settings.id, reason: reasonOf(error) }, 'keys.unreadable');
        },
      )
      .finally(() => {
        refreshing = undefined;
      });
    return refreshing;
  }

  function mayFetch(): boolean {
    if (refreshing) return true;
    const waitMs = held ? limits.intervalMs : limits.retryMs;
    const nowMs = clock.elapsedMs();
    if (nowMs - attemptedAtMs < waitMs) return false;
    attemptedAtMs = nowMs;
    return true;
  }

  async function load(): Promise<readonly PublishedKey[]> {
    let uri = settings.jwksUri;
    if (uri === undefined || settings.metadataUrl !== undefined) {
      const metadata = await readMetadata();
      uri ??= typeof metadata.jwks_uri === 'string' ? metadata.jwks_uri : undefined;
      const members = metadata.critical_subject_members;
      critical = Array.isArray(members) ? members.filter((member) => typeof member === 'string') : [];
    }
    if (uri === undefined) throw new KeyDocumentError('metadataWithoutKeys');
    const keys = await importKeySet(await readDocument(uri), settings.algorithms);
    if (keys === undefined) throw new KeyDocumentError('notAKeySet');
    return keys;
  }

  async function readMetadata(): Promise<JsonObject> {
    const metadata = await readDocument(settings.metadataUrl ?? metadataUrlOf(settings.issuer, settings.wellKnown));
    // SSF section 7.2.4: a document of another issuer is not used at all.
    if (!isJsonObject(metadata) || metadata.issuer !== settings.issuer) throw new KeyDocumentError('metadataOfAnotherIssuer');
    return metadata;
  }

  async function readDocument(url: string): Promise<JsonValue> {
    const abort = new AbortController();
    const timer = clock.after(limits.timeoutMs, () => abort.abort());
    try {
      return (await options.fetchJson(url, { signal: abort.signal })) as JsonValue;
    } finally {
      timer.cancel();
    }
  }

  function usable(): readonly PublishedKey[] | undefined {
    return held && clock.elapsedMs() - held.readAtMs <= limits.staleMs ? held.keys : undefined;
  }

  /** Refreshes keys that are no longer fresh; true when that was waited for, so that asking again would tell nothing new. */
  async function keepFresh(): Promise<boolean> {
    const ageMs = held ? clock.elapsedMs() - held.readAtMs : Number.POSITIVE_INFINITY;
    if (ageMs <= limits.freshMs || !mayFetch()) return false;
    const fetched = refresh();
    if (ageMs <= limits.longestMs) return false;
    await fetched;
    return true;
  }

  return {
    async find(header) {
      const asked = await keepFresh();
      const keys = usable();
      const first = keys && select(keys, header);
      if (first && first.kind !== 'unknown') return first;
      if (!asked && mayFetch()) await refresh();
      const now = usable();
      if (now === undefined) return { kind: 'unavailable' };
      const second = select(now, header);
      return second.kind === 'unknown' && failed ? { kind: 'unavailable' } : second;
    },
    criticalMembers: () => critical,
  };
}

/** `/.well-known/<name>` goes between host and path, a final slash of the issuer is dropped (SSF section 7.2.1). */
export function metadataUrlOf(issuer: string, wellKnown: TransmitterSettings['wellKnown']): string {
  const { origin, pathname } = new URL(issuer);
  return `${origin}/.well-known/${wellKnown}-configuration${pathname.replace(/\/$/, '')}`;
}

class KeyDocumentError extends Error {
  readonly code: 'metadataWithoutKeys' | 'metadataOfAnotherIssuer' | 'notAKeySet';

  constructor(code: KeyDocumentError['code']) {
    super(code);
    this.code = code;
  }
}

function reasonOf(error: unknown): string {
  const { code, name } = error as { readonly code?: unknown; readonly name?: unknown };
  return typeof code === 'string' ? code : String(name);
}

function select(keys: readonly PublishedKey[], header: { readonly alg: string; readonly kid: string | undefined }): KeyLookup {
  const named = header.kid === undefined ? keys : keys.filter((key) => key.kid === header.kid);
  const fitting = named.filter((key): key is VerificationKey => !('refused' in key) && key.algorithm === header.alg);
  if (fitting.length > 0) return { kind: 'found', keys: fitting.slice(0, maxCandidates) };
  return { kind: header.kid !== undefined && named.length > 0 ? 'unacceptable' : 'unknown' };
}
