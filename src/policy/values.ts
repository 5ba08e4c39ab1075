/** The snapshot as a condition sees it: made once for each signal from its situation and assessment. */
import type { FactType } from '../model/catalogue.ts';
import type { Instant } from '../model/clock.ts';
import type { Assessment, EvidenceState } from '../model/risk.ts';
import type { JudgingSettings } from '../model/settings.ts';
import type { Situation } from '../model/situation.ts';
import type { CompiledList } from './lists.ts';

/** A list in the snapshot longer than this is cut, so that a macro over it stays cheap. */
const maxListLength = 64;

export interface Values {
  /** Variables by name, in the types of the condition language: whole numbers are BigInt. */
  readonly variables: Readonly<Record<string, unknown>>;
  readonly evidence: EvidenceState;
  readonly activeGroups: readonly string[];
  /** `undefined` where the subject has no groups that we could know. */
  readonly directoryGroups: readonly string[] | undefined;
  readonly lists: ReadonlyMap<string, CompiledList>;
  readonly now: Instant;
}

export function valuesOf(
  situation: Situation,
  assessment: Assessment,
  settings: JudgingSettings,
  known: { readonly lists: ReadonlyMap<string, CompiledList>; readonly facts: Readonly<Record<string, FactType>> },
): Values {
  const { signal, identity, surroundings, now } = situation;
  const { lists, facts } = known;
  const { session, device, geo, hr, hist } = surroundings;
  const tier = identity?.tier ?? 'unknown';
  return {
    variables: {
      subject: {
        kind: situation.subject.kind,
        tier,
        privileged: tier === 'standing' || tier === 'tier0',
        executive: identity?.executive ?? false,
        learning: false,
        hr: { status: text(hr?.status), endsInMinutes: whole(hr?.endsInMinutes) },
      },
      signal: {
        type: signal.type,
        source: signal.source,
        group: assessment.signal.group,
        severity: signal.severity,
        proof: assessment.signal.proof,
        late: assessment.signal.late,
        confidence: assessment.signal.confidence,
        ageMinutes: BigInt(Math.floor((now - signal.occurredAt) / 60_000)),
        ip: text(signal.circumstances.ip),
      },
      facts: factValues(signal.facts, facts),
      session: { mfa: text(session?.mfa), deviceBound: text(session?.deviceBound), ageMinutes: whole(session?.ageMinutes) },
      device: { compliance: text(device?.compliance), managed: text(device?.managed), people: whole(device?.people) },
      geo: {
        country: text(geo?.country ?? signal.circumstances.country),
        asn: whole(geo?.asn ?? signal.circumstances.asn),
        egress: text(geo?.egress),
        anonymizer: text(geo?.anonymizer),
        peopleSeen: whole(geo?.peopleSeen),
      },
      risk: {
        score: assessment.score,
        base: assessment.base,
        level: assessment.level,
        heldLevel: assessment.heldLevel,
        groups: assessment.groups.slice(0, maxListLength),
        groupsActive: BigInt(assessment.groupsActive),
        statisticalOnly: assessment.statisticalOnly,
      },
      hist: { logins: whole(hist?.logins) ?? 0n, suspensions30d: whole(hist?.suspensions30d) ?? 0n },
      ctx: { travelNotice: false, openIncident: false, campaign: 'none' },
      env: { profile: profileOf(situation, settings), population: BigInt(situation.population) },
      now: new Date(now),
    },
    evidence: assessment.evidence,
    activeGroups: assessment.groups,
    directoryGroups: identity?.groups,
    lists,
    now,
  };
}

/** The value at a path: `undefined` when absent. */
export function valueAt(values: Values, path: readonly string[]): unknown {
  let value: unknown = values.variables;
  for (const name of path) value = (value as Readonly<Record<string, unknown>> | undefined)?.[name];
  return value;
}

const text = (value: string | undefined): string => value ?? 'unknown';

function whole(value: number | undefined): bigint | undefined {
  return value !== undefined && Number.isSafeInteger(value) ? BigInt(value) : undefined;
}

/** Only declared facts are read, so that no payload can bring a name of its own; of another kind than declared is unknown. */
function factValues(facts: Situation['signal']['facts'], declared: Readonly<Record<string, FactType>>): Record<string, unknown> {
  const out: Record<string, unknown> = {};
  for (const name of Object.keys(declared)) {
    const value = Object.hasOwn(facts, name) ? facts[name] : undefined;
    if (declared[name] === 'int') out[name] = typeof value === 'number' ? whole(value) : undefined;
    else out[name] = text(typeof value === 'string' ? value : undefined);
  }
  return out;
}

/** `sandbox` where all of the subject's connections are; else the organisation's. */
function profileOf(situation: Situation, settings: JudgingSettings): string {
  const accounts = situation.identity?.accounts ?? [];
  const sandboxed = accounts.length > 0 && accounts.every((account) => settings.connections[account.connection]?.profile === 'sandbox');
  return sandboxed ? 'sandbox' : settings.profile;
}
