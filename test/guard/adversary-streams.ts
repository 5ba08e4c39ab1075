/** Streams of lies: how fast, about how many, in how many types, beside whom, how often of the same people, and how batches cut them. */
import type { Instant } from '../../src/model/clock.ts';
import type { Severity } from '../../src/model/signal.ts';

export interface Told {
  readonly person: string;
  readonly source: string;
  readonly type: string;
  readonly severity: Severity;
  readonly at: Instant;
}

/** What one transaction settles, and the instant that it takes for now. */
export interface Batch {
  readonly told: readonly Told[];
  readonly process: number;
  readonly now: Instant;
}

/**
 * What a stream really holds; most hold several. In order: more than one source tells what the liar tells; it lasts for hours; a process
 * cuts where it might have gathered; somebody is named again; three processes settle it, one overtaking another.
 */
export const kinds = ['splitSources', 'slowDrip', 'batchEdges', 'repeatedNames', 'threeProcesses'] as const;
export type Kind = (typeof kinds)[number];

export interface Stream {
  /** In the order in which they are committed. */
  readonly batches: readonly Batch[];
  readonly kinds: ReadonlySet<Kind>;
}

export const liar = 'liar';
const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;
const start = Date.UTC(2026, 4, 4, 10);
/** What lies further apart is not gathered into one batch. */
const gatheredMs = 1_000;
/** A process reads the time when it begins and counts when it holds the locks: so much later at most, and a later one may come first. */
const waitsMs = 3_000;
const dripMs = 5 * hour;

const types = {
  liar: [
    'caep_risk_high',
    'leaked_credentials',
    'aitm_phishing',
    'cookie_replay',
    'session_revoked',
    'impossible_travel',
    'anomalous_token',
  ],
  honest: ['rba_anomaly', 'impossible_travel', 'mfa_factor_reset', 'anomalous_token'],
} as const;
const others = ['honest-a', 'honest-b', 'honest-c'];

export function makeStream(random: () => number): Stream {
  const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)] as T;
  const told = tell(random, pick);
  const batches = settle(told, random, pick);
  return { batches, kinds: kindsOf(told, batches) };
}

function tell(random: () => number, pick: <T>(items: readonly T[]) => T): readonly Told[] {
  // The others are no better, and there are many of them.
  const crowd = random() < 0.1;
  const span = pick([1_000, 5 * minute, hour, 6 * hour, day, 2 * day]);
  const count = crowd ? 48 : pick([12, 20, 32]);
  const names = crowd ? 48 : pick([9, 12, 24, 40]);
  const honest = crowd ? others : pick([[], others.slice(0, 1), others.slice(0, 2), others]);
  const share = honest.length === 0 ? 1 : pick([0.3, 0.5, 0.8]);
  const lies = pick([types.liar, [pick(types.liar)], [pick(types.liar), pick(types.liar)]]);
  // One lie, told by all of them in turn.
  const split = !crowd && honest.length > 0 && random() < 0.2;
  // Prepared in silence, and set off by somebody else's word.
  const prepared = !crowd && !split && honest.length > 0 && random() < 0.3;
  return Array.from({ length: count }, (_, n): Told => {
    const lying = prepared ? n < count / 2 : random() < share;
    return {
      person: `person-${random() < 0.2 ? Math.floor(random() * names) : n % names}`,
      source: lying ? liar : pick(honest),
      type: lying || split ? pick(lies) : pick(crowd ? types.liar : types.honest),
      severity: pick(['high', 'high', 'medium']),
      at: start + Math.floor((n / count) * span + random() * (span / count)),
    };
  }).sort((a, b) => a.at - b.at);
}

/** Senders meet one process or three; each cuts what it got anywhere. */
function settle(told: readonly Told[], random: () => number, pick: <T>(items: readonly T[]) => T): readonly Batch[] {
  const processes = pick([1, 3]);
  const largest = pick([1, 3, 40]);
  const shares: Told[][] = Array.from({ length: processes }, () => []);
  for (const one of told) pick(shares).push(one);
  const waiting = shares.map((share, process) => cut(share, process, largest, random));
  const committed: Batch[] = [];
  for (let heads = headsOf(waiting); heads.length > 0; heads = headsOf(waiting)) {
    const earliest = Math.min(...heads.map(({ now }) => now));
    const next = pick(heads.filter(({ now }) => now <= earliest + waitsMs));
    committed.push(next);
    waiting[next.process]?.shift();
  }
  return committed;
}

const headsOf = (waiting: readonly (readonly Batch[])[]) => waiting.flatMap(([first]) => first ?? []);

function cut(share: readonly Told[], process: number, largest: number, random: () => number): Batch[] {
  const batches: Batch[] = [];
  for (let from = 0; from < share.length; ) {
    const size = 1 + Math.floor(random() * largest);
    const told = share.slice(from, from + size).filter(({ at }) => at - (share[from] as Told).at <= gatheredMs);
    batches.push({ told, process, now: Math.max(...told.map(({ at }) => at)) + Math.floor(random() * waitsMs) });
    from += told.length;
  }
  return batches;
}

function kindsOf(told: readonly Told[], batches: readonly Batch[]): ReadonlySet<Kind> {
  const distinct = (of: (one: Told) => string) => new Set(told.map(of)).size;
  const lies = new Set(told.filter(({ source }) => source === liar).map(({ type }) => type));
  const liars = new Set(told.filter(({ type }) => lies.has(type)).map(({ source }) => source));
  const isDrip = (told.at(-1) as Told).at - (told[0] as Told).at >= dripMs;
  const isEdge = (batch: Batch, n: number) => {
    const before = batches.slice(0, n).findLast(({ process }) => process === batch.process)?.told;
    const apart = before === undefined ? Number.POSITIVE_INFINITY : (batch.told[0] as Told).at - (before[0] as Told).at;
    return apart <= gatheredMs && Math.max(batch.told.length, before?.length ?? 0) > 1;
  };
  const overtakes = batches.some((batch, n) => n > 0 && batch.now < (batches[n - 1] as Batch).now);
  const holds: Readonly<Record<Kind, boolean>> = {
    splitSources: liars.size > 1,
    slowDrip: isDrip,
    batchEdges: batches.some(isEdge),
    repeatedNames: distinct(({ person }) => person) < told.length,
    threeProcesses: new Set(batches.map(({ process }) => process)).size === 3 && overtakes,
  };
  return new Set(kinds.filter((kind) => holds[kind]));
}
