/**
 * A second scorer that shares no code with the first: it keeps every event for ever and reads the rules as they are written, slowly.
 * It takes its numbers from the compiled model and nothing else.
 */
import type { MarkClass, Severity } from '../../src/model/signal.ts';
import type { RiskModel } from '../../src/risk/index.ts';

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

interface Occurrence extends Event {
  readonly band: Severity;
}

const bandKept = (event: Event): Severity => (/^(edr_alert|caep_risk)_/.test(event.type) ? 'medium' : event.severity);
const bucket = (at: number) => Math.floor(at / 600_000);
const nameOf = (event: Event) => JSON.stringify([event.type, bandKept(event), event.source, event.tag, event.key, bucket(event.at)]);

/** The evidence in nats before rounding; `multipliers` and `confidence` stand for the context. */
export function oracleNats(
  history: History,
  now: number,
  model: RiskModel,
  multipliers: Readonly<Record<string, number>> = {},
  confidence = 1,
): number {
  const latest = new Map<string, Occurrence>();
  for (const event of history.events) {
    const known = latest.get(nameOf(event));
    if (known === undefined || known.at < event.at) latest.set(nameOf(event), { ...event, band: bandKept(event) });
  }
  const typeOf = (name: string) => {
    const type = model.types.get(name);
    if (type === undefined) throw new Error(name);
    return type;
  };
  const dismissed = (o: Occurrence) =>
    history.remedies.some((remedy) => {
      if (remedy.kind === 'class') return remedy.class === 'admin_dismiss' && o.at <= remedy.at;
      if (remedy.kind === 'occurrence') return nameOf(remedy.event) === nameOf(o) && o.at <= remedy.event.at;
      const fits = (wanted: string, value: string) => wanted === '*' || wanted === value;
      return o.at <= remedy.at && fits(remedy.type, o.type) && fits(remedy.band, o.band) && fits(remedy.source, o.source);
    });
  const gone = (o: Occurrence) => {
    const life = typeOf(o.type).halfLifeMs;
    return life !== null && now - o.at > 10 * life;
  };
  const live = [...latest.values()].filter((o) => !gone(o) && !dismissed(o));
  const prompts = live.filter((o) => typeOf(o.type).group === 'mfa').map((o) => o.at);
  const voided = prompts.length === 0 ? undefined : Math.max(...prompts);

  const markTime = (markClass: MarkClass, o: Occurrence): number | undefined => {
    const times = history.remedies.flatMap((remedy) => {
      if (remedy.kind !== 'class' || remedy.class !== markClass) return [];
      const scope = remedy.scope ?? '';
      if (markClass === 'device_remediated') return scope !== '' && scope === o.key ? [remedy.at] : [];
      if (markClass !== 'mfa_strong' && markClass !== 'mfa_weak') return [remedy.at];
      return o.key === '' || o.key.startsWith('n:') || scope === o.key ? [remedy.at] : [];
    });
    return times.length === 0 ? undefined : Math.max(...times);
  };
  const remains = (o: Occurrence) => {
    const group = model.groups.indexOf(typeOf(o.type).group);
    let product = 1;
    const kinds: MarkClass[][] = [
      ['mfa_strong', 'mfa_weak'],
      ['password_reset', 'password_reset_self'],
      ['sessions_revoked'],
      ['device_remediated'],
      ['secured'],
    ];
    for (const kind of kinds) {
      const shares = kind.flatMap((markClass) => {
        const at = markTime(markClass, o);
        if (at === undefined || at < o.at) return [];
        if (['mfa_strong', 'mfa_weak', 'password_reset_self'].includes(markClass) && voided !== undefined && at - voided < 3_600_000)
          return [];
        return [model.remains[markClass]?.[group] ?? 1];
      });
      product *= Math.min(1, ...shares);
    }
    return product;
  };

  const byGroup: Record<string, number[]> = {};
  for (const o of live) {
    const type = typeOf(o.type);
    const life = type.halfLifeMs;
    const value =
      confidence *
      (model.tagFactors.get(o.tag) ?? 1) *
      type.evidenceNats[o.band] *
      (life === null ? 1 : 2 ** (-Math.max(0, now - o.at) / life)) *
      remains(o);
    const values = byGroup[type.group] ?? [];
    values.push(value);
    byGroup[type.group] = values;
  }
  let statistical = 0;
  let other = 0;
  for (const group of Object.keys(byGroup)) {
    const top = (byGroup[group] ?? []).sort((a, b) => b - a).slice(0, 4);
    const sum = (multipliers[group] ?? 1) * top.reduce((all, value, rank) => all + value / 2 ** rank, 0);
    if (group === 'location' || group === 'login') statistical += sum;
    else other += sum;
  }
  const capped = Math.min(statistical, 1.200645) + other;
  return other < 0.105361 ? Math.min(capped, 1.200645) : capped;
}
