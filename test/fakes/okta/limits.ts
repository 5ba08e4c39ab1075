/** Rate limits: fixed windows per group of endpoints, of which one token may use a share; and calls in flight. */
import type { OktaClock } from './clock.ts';
import { Refusal } from './refusal.ts';

export interface Allowance {
  readonly calls: number;
  readonly perMs: number;
}

const minute = 60_000;
const groups = {
  token: [/^\/oauth2\/v1\/token$/, { calls: 600, perMs: minute }],
  logs: [/^\/api\/v1\/logs$/, { calls: 120, perMs: minute }],
  users: [/^\/api\/v1\/users$/, { calls: 600, perMs: minute }],
  user: [/^\/api\/v1\/users\/[^/]+$/, { calls: 600, perMs: minute }],
  userParts: [/^\/api\/v1\/users\//, { calls: 600, perMs: minute }],
  groups: [/^\/api\/v1\/groups/, { calls: 500, perMs: minute }],
  other: [/^/, { calls: 1_200, perMs: minute }],
} as const satisfies Record<string, readonly [RegExp, Allowance]>;

export type LimitGroup = keyof typeof groups;
const groupNames = Object.keys(groups) as LimitGroup[];

export interface Limits {
  set(group: LimitGroup | 'all', allowance: Allowance): void;
  /** The part of an allowance that one token may use, 0 to 1. Default 0.5. */
  share: number;
  /** Calls in flight at once. Default 75. */
  concurrency: number;
  readonly inFlight: number;
  /** Calls that were refused for being too many, by group, and for being too many at once. */
  readonly above: Readonly<Record<LimitGroup | 'concurrency', number>>;
  reset(): void;
  /** Counts a call and answers its headers; throws the 429. */
  take(path: string, token: string): Readonly<Record<string, string>>;
  /** Counts a call in until what it answers is called; throws the 429. */
  enter(): () => void;
}

export function createLimits(clock: OktaClock): Limits {
  const allowances = Object.fromEntries(groupNames.map((name) => [name, groups[name][1]])) as Record<LimitGroup, Allowance>;
  const windows = new Map<string, { start: number; used: number }>();
  const none = () =>
    Object.fromEntries([...groupNames, 'concurrency'].map((name) => [name, 0])) as Record<LimitGroup | 'concurrency', number>;
  let above = none();
  let inFlight = 0;

  const use = (name: string, perMs: number) => {
    const start = Math.floor(clock.now() / perMs) * perMs;
    const window = windows.get(name);
    const used = window?.start === start ? window.used + 1 : 1;
    windows.set(name, { start, used });
    return used;
  };
  const headersOf = (limit: number, left: number, resetAt: number) => ({
    'x-rate-limit-limit': String(limit),
    'x-rate-limit-remaining': String(left),
    'x-rate-limit-reset': String(Math.ceil(resetAt / 1_000)),
  });

  return {
    share: 0.5,
    concurrency: 75,
    get inFlight() {
      return inFlight;
    },
    get above() {
      return above;
    },
    set(group, allowance) {
      for (const name of group === 'all' ? groupNames : [group]) allowances[name] = allowance;
    },
    reset() {
      above = none();
      windows.clear();
    },
    take(path, token) {
      const group = groupNames.find((name) => groups[name][0].test(path)) ?? 'other';
      const { calls, perMs } = allowances[group];
      const own = Math.max(1, Math.floor(calls * this.share));
      const leftOfAll = calls - use(group, perMs);
      const leftOfOwn = own - use(`${group} ${token}`, perMs);
      const resetAt = (Math.floor(clock.now() / perMs) + 1) * perMs;
      const [limit, left] = leftOfAll < leftOfOwn ? [calls, leftOfAll] : [own, leftOfOwn];
      const headers = headersOf(limit, Math.max(0, left), resetAt);
      if (left >= 0) return headers;
      above[group] += 1;
      throw new Refusal('E0000047', { headers });
    },
    enter() {
      if (inFlight >= this.concurrency) {
        above.concurrency += 1;
        // The reset of this kind of 429 is only a suggestion, and both figures are nought.
        throw new Refusal('E0000047', { headers: headersOf(0, 0, clock.now() + 1_000) });
      }
      inFlight += 1;
      return () => {
        inFlight -= 1;
      };
    },
  };
}
