/**
 * A second scorer that shares no code with the first: it keeps every event for ever, looks everything up by name in the document that an
 * operator writes, and reads the rules as they are written, slowly.
 */
import type { MarkClass, Severity } from '../../src/model/signal.ts';
import { confidenceOf, evidenceNats, groupOf, halfLifeOf, multiplierOf, type OracleContext, typeOf, type Written } from './oracle-model.ts';

export interface Event {
  readonly type: string;
  readonly severity: Severity;
  readonly source: string;
  readonly tag: string;
  readonly key: string;
  readonly at: number;
}

export type Remedy =
  | { readonly kind: 'class'; readonly class: MarkClass; readonly at: number; readonly scope?: string }
  | { readonly kind: 'target'; readonly type: string; readonly band: Severity | '*'; readonly source: string; readonly at: number }
  | { readonly kind: 'occurrence'; readonly event: Event };

export interface History {
  readonly events: readonly Event[];
  readonly remedies: readonly Remedy[];
}

export interface Verdict {
  readonly nats: number;
  readonly score: number;
  readonly base: number;
  readonly level: string;
  readonly groups: readonly string[];
  readonly groupsActive: number;
  readonly statisticalOnly: boolean;
  /** Highest first. */
  readonly points: readonly { readonly signalType: string; readonly source: string; readonly at: number; readonly points: number }[];
}

interface Occurrence extends Event {
  readonly band: Severity;
  readonly bucket: number;
}

const order = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b));
const byFamily = (a: Occurrence, b: Occurrence) =>
  order(a.type, b.type) || order(a.band, b.band) || order(a.source, b.source) || order(a.tag, b.tag);
const byKey = (a: Occurrence, b: Occurrence) => order(a.key, b.key) || a.bucket - b.bucket;

/** `kept` applies the limits of what is kept of a family, a source and a class; without it nothing was ever forgotten. */
export function judge(history: History, now: number, context: OracleContext, written: Written, kept: boolean): Verdict {
  const all = occurrencesOf(history.events, written);
  const occurrences = kept ? withinLimits(all, written) : all;
  const live = occurrences.filter(
    (o) => now - o.at <= 10 * halfLifeOf(o.type, written) && !history.remedies.some((remedy) => dismisses(remedy, o, written)),
  );
  const prompts = live.filter((o) => written.groups[groupOf(o.type, written)]?.voidsChallenges === true).map((o) => o.at);
  const remains = remainsIn(history.remedies, prompts.length === 0 ? undefined : Math.max(...prompts), written, kept);

  const decayed = (o: Occurrence) => 2 ** (-Math.max(0, now - o.at) / halfLifeOf(o.type, written));
  const weighed = live.map((o) => {
    const plain = confidenceOf(o.source, o.type, now, context, written) * evidenceNats(o.type, o.band, written) * decayed(o) * remains(o);
    return { o, group: groupOf(o.type, written), plain, tagged: plain * (written.tags[o.tag]?.factor ?? 1) };
  });

  const groups = Object.keys(written.groups).sort(order);
  const isStatistical = (group: string) => written.groups[group]?.statistical === true;
  const topOf = (group: string, value: 'plain' | 'tagged') =>
    weighed
      .filter((each) => each.group === group && each[value] > 0)
      .sort((a, b) => b[value] - a[value] || byFamily(a.o, b.o) || byKey(a.o, b.o))
      .slice(0, 4)
      .map((each, rank) => ({ o: each.o, nats: each[value] * 0.5 ** rank }));
  const sumOf = (group: string, value: 'plain' | 'tagged') => topOf(group, value).reduce((sum, { nats }) => sum + nats, 0);
  const over = (statistical: boolean, value: (group: string) => number) =>
    groups.filter((group) => isStatistical(group) === statistical).reduce((sum, group) => sum + value(group), 0);
  const capped = (value: (group: string) => number) => {
    const other = over(false, value);
    const sum = Math.min(over(true, value), written.caps.statisticalNats) + other;
    return other < written.caps.activeNats ? Math.min(sum, written.caps.statisticalNats) : sum;
  };

  const multiplier = (group: string) => multiplierOf(group, context, written);
  const nats = rounded(
    capped((group) => multiplier(group) * sumOf(group, 'tagged')),
    1e9,
  );
  const score = pointsOf(nats);
  const active = groups.filter((group) => sumOf(group, 'tagged') >= written.caps.activeNats);
  const others = active.filter((group) => !isStatistical(group)).length;

  const statistical = over(true, (group) => multiplier(group) * sumOf(group, 'tagged'));
  const scale = Math.min(1, written.caps.statisticalNats / statistical);
  const items = groups.flatMap((group) =>
    topOf(group, 'tagged').map(({ o, nats: own }) => ({ o, share: multiplier(group) * own * (isStatistical(group) ? scale : 1) })),
  );
  const shares = items.reduce((sum, { share }) => sum + share, 0);
  return {
    nats,
    score,
    base: pointsOf(
      rounded(
        capped((group) => sumOf(group, 'plain')),
        1e9,
      ),
    ),
    level: ['critical', 'high', 'medium', 'low'].find((level) => score >= (written.levels[level]?.enter ?? 0)) ?? 'none',
    groups: active,
    groupsActive: others + (others < active.length ? 1 : 0),
    statisticalOnly: nats > 0 && over(false, (group) => sumOf(group, 'tagged')) < written.caps.activeNats,
    points:
      score === 0
        ? []
        : items
            .map(({ o, share }) => ({ signalType: o.type, source: o.source, at: o.at, points: (score * share) / shares }))
            .sort((a, b) => b.points - a.points || order(a.signalType, b.signalType) || order(a.source, b.source) || b.at - a.at),
  };
}

const rounded = (value: number, parts: number) => Math.round(value * parts) / parts;
const pointsOf = (nats: number) => rounded(100 * (1 - Math.exp(-nats)), 1e4);

const bucketOf = (at: number) => Math.floor(at / 600_000);
const bandOf = (event: Event, written: Written): Severity =>
  typeOf(event.type, written).severity === 'ignored' ? 'medium' : event.severity;
const familyName = (event: Event, written: Written) => JSON.stringify([event.type, bandOf(event, written), event.source, event.tag]);
const nameOf = (event: Event, written: Written) => JSON.stringify([familyName(event, written), event.key, bucketOf(event.at)]);

/** One of each family, key and ten minutes, at its latest time. */
function occurrencesOf(events: readonly Event[], written: Written): Occurrence[] {
  const latest = new Map<string, Occurrence>();
  for (const event of events) {
    const name = nameOf(event, written);
    if ((latest.get(name)?.at ?? Number.NEGATIVE_INFINITY) < event.at)
      latest.set(name, { ...event, band: bandOf(event, written), bucket: bucketOf(event.at) });
  }
  return [...latest.values()];
}

/** The 16 most recent of a family, then the 128 most recent of a source; what never fades is outside the second limit. */
function withinLimits(occurrences: readonly Occurrence[], written: Written): Occurrence[] {
  const families = Map.groupBy(occurrences, (o) => familyName(o, written));
  const ofFamilies = [...families.values()].flatMap((family) => family.sort((a, b) => b.at - a.at || order(a.key, b.key)).slice(0, 16));
  const fades = (o: Occurrence) => halfLifeOf(o.type, written) < Number.POSITIVE_INFINITY;
  const sources = Map.groupBy(ofFamilies.filter(fades), (o) => o.source);
  const ofSources = [...sources.values()].flatMap((source) =>
    source.sort((a, b) => b.at - a.at || byFamily(a, b) || byKey(a, b)).slice(0, 128),
  );
  return [...ofFamilies.filter((o) => !fades(o)), ...ofSources];
}

function dismisses(remedy: Remedy, o: Occurrence, written: Written): boolean {
  switch (remedy.kind) {
    case 'class':
      return remedy.class === 'admin_dismiss' && (remedy.scope ?? '') === '' && o.at <= remedy.at;
    case 'occurrence':
      return nameOf(remedy.event, written) === nameOf(o, written) && o.at <= remedy.event.at;
    case 'target': {
      const fits = (wanted: string, value: string) => wanted === '*' || wanted === value;
      return o.at <= remedy.at && fits(remedy.type, o.type) && fits(remedy.band, o.band) && fits(remedy.source, o.source);
    }
  }
}

const kinds: readonly (readonly MarkClass[])[] = [
  ['mfa_strong', 'mfa_weak'],
  ['password_reset', 'password_reset_self'],
  ['sessions_revoked'],
  ['device_remediated'],
  ['secured'],
];

/** What the remedies leave of an occurrence; `promptedAt` is the newest evidence that somebody can cause prompts. */
function remainsIn(
  remedies: readonly Remedy[],
  promptedAt: number | undefined,
  written: Written,
  kept: boolean,
): (o: Occurrence) => number {
  const scopesOf = (markClass: MarkClass) => {
    const latest = new Map<string, number>();
    for (const remedy of remedies) {
      if (remedy.kind !== 'class' || remedy.class !== markClass || remedy.scope === undefined) continue;
      latest.set(remedy.scope, Math.max(remedy.at, latest.get(remedy.scope) ?? 0));
    }
    const newest = [...latest].sort(([a, one], [b, other]) => other - one || order(a, b));
    return new Map(kept ? newest.slice(0, 16) : newest);
  };
  const latestOf = (markClass: MarkClass, withScope: boolean) => {
    const times = remedies.flatMap((remedy) =>
      remedy.kind === 'class' && remedy.class === markClass && (withScope || remedy.scope === undefined) ? [remedy.at] : [],
    );
    return times.length === 0 ? undefined : Math.max(...times);
  };
  const timeFor = (markClass: MarkClass, o: Occurrence): number | undefined => {
    if (markClass === 'device_remediated') return o.key.startsWith('d:') ? scopesOf(markClass).get(o.key) : undefined;
    if (markClass !== 'mfa_strong' && markClass !== 'mfa_weak') return latestOf(markClass, false);
    return o.key === '' || o.key.startsWith('n:') ? latestOf(markClass, true) : scopesOf(markClass).get(o.key);
  };
  const needsQuiet = (markClass: MarkClass) => ['mfa_strong', 'mfa_weak', 'password_reset_self'].includes(markClass);
  return (o) => {
    let product = 1;
    for (const kind of kinds) {
      const shares = kind.flatMap((markClass) => {
        const at = timeFor(markClass, o);
        if (at === undefined || at < o.at) return [];
        const voided = promptedAt !== undefined && at - promptedAt < written.remediation.quietMinutes * 60_000;
        if (voided && needsQuiet(markClass)) return [];
        return [written.remediation.remains[markClass]?.[groupOf(o.type, written)] ?? 1];
      });
      product *= Math.min(1, ...shares);
    }
    return product;
  };
}
