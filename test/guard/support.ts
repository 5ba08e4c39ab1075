/** Situations and intents as small as a guard needs them, and the shipped guard documents. */
import { readFileSync } from 'node:fs';
import type { Weighed } from '../../src/guard/evidence-bars.ts';
import {
  admit,
  concludeReview,
  type GuardId,
  type Guardrails,
  type NameList,
  parseGuardrails,
  type ReachedWithout,
  readingOf,
  review,
} from '../../src/guard/index.ts';
import { actionTypes } from '../../src/model/action.ts';
import type { CounterReading, CounterUse, Intent, WantedAction } from '../../src/model/decision.ts';
import type { AccountId, IdentityId, SignalId } from '../../src/model/ids.ts';
import type { Pause } from '../../src/model/pause.ts';
import { emptyEvidence, type Level } from '../../src/model/risk.ts';
import type { JudgingSettings } from '../../src/model/settings.ts';
import type { Cause } from '../../src/model/signal.ts';
import type { Situation } from '../../src/model/situation.ts';
import type { Identity, SubjectKind } from '../../src/model/subject.ts';

export const shipped = new Map(
  ['guardrails.yaml', 'profiles/sandbox.yaml'].map((path) => [
    path,
    readFileSync(new URL(`../../policies/${path}`, import.meta.url), 'utf8'),
  ]),
);

export function guardrailsOf(files: ReadonlyMap<string, string> = shipped): Guardrails {
  const result = parseGuardrails(files);
  if (!result.ok) throw new Error(JSON.stringify(result.faults, null, 1));
  return result.guardrails;
}

export const guards = guardrailsOf();

export const enforcing: JudgingSettings = {
  enforcement: { default: { mode: 'enforce', maxRung: 6 }, connections: {}, groups: {}, receivers: {} },
  overrides: {},
  profile: 'standard',
  calendar: { timeZone: 'UTC', workingHours: '00:00-24:00' },
  connections: {
    okta: { provider: 'okta', profile: 'standard', actions: ['session.revoke'] },
    sandbox: { provider: 'sandbox', profile: 'sandbox', actions: ['session.revoke'] },
    tiny: { provider: 'okta', profile: 'small', actions: ['session.revoke'] },
  },
};

export interface Given {
  readonly cause?: Cause;
  readonly source?: string;
  readonly sourceKind?: Situation['signal']['sourceKind'];
  /** Of the signal. */
  readonly more?: Partial<Situation['signal']>;
  readonly surroundings?: Situation['surroundings'];
  readonly groupSizes?: Readonly<Record<string, number>>;
  readonly kind?: SubjectKind;
  readonly person?: Partial<Identity> | null;
  readonly population?: number;
}

export function situationOf(given: Given = {}): Situation {
  const { cause = 'risk', source = 'idp', sourceKind = 'idp', kind = 'person', person = {}, population = 2_000, groupSizes } = given;
  const { more = {}, surroundings = kind === 'network' ? { geo: { egress: 'none', peopleSeen: 0 } } : {} } = given;
  const id = (person?.id ?? 'person-1') as IdentityId;
  return {
    signal: {
      id: 'signal-1' as SignalId,
      type: 'session_revoked',
      source,
      sourceKind,
      cause,
      severity: 'medium',
      occurredAt: 0,
      receivedAt: 0,
      claim: { kind, person: [] },
      facts: {},
      circumstances: {},
      marks: [],
      dedupeKey: 'k',
      ...more,
    },
    subject: { kind, id },
    identity: person === null ? null : { tier: 'none', protected: false, executive: false, groups: [], accounts: [], ...person, id },
    evidence: emptyEvidence,
    heldLevel: 'none',
    surroundings,
    population,
    ...(groupSizes === undefined ? {} : { groupSizes }),
    sourceSince: 0,
    configHash: '',
    standing: { directories: { okta: 0, sandbox: 0, tiny: 0 }, admins: {} },
    now: 0,
    evidenceKey: '',
  };
}

export function want(type: WantedAction['type'] = 'session.revoke', more: Partial<WantedAction> = {}): WantedAction {
  return {
    type,
    connection: 'okta',
    accountId: 'account-1' as AccountId,
    parameters: type === 'account.suspend' ? { expires: '4h' } : {},
    policyId: 'RP-900',
    step: 'contain',
    rung: actionTypes[type].rung,
    enforced: true,
    direct: false,
    ...more,
  };
}

export function intentOf(wanted: readonly WantedAction[], more: Partial<Intent> = {}): Intent {
  return {
    policyId: wanted[0]?.policyId ?? null,
    policyVersion: wanted.length === 0 ? null : 1,
    mode: wanted.length === 0 ? null : wanted.some((action) => action.enforced) ? 'enforce' : 'report-only',
    rung: null,
    step: null,
    wanted,
    fallbacks: [],
    reasons: [],
    trace: [],
    ...more,
  };
}

/** Evidence that no guard minds. */
export const weighed: Weighed = {
  level: 'critical',
  base: 100,
  groupsActive: 2,
  statisticalOnly: false,
  signal: { proof: false, confidence: 1 },
};

interface Judging {
  readonly situation?: Situation;
  readonly level?: Level;
  readonly settings?: JudgingSettings;
  readonly pauses?: readonly Pause[];
  readonly used?: number;
  readonly usedOf?: Readonly<Partial<Record<GuardId, number>>>;
  readonly highest?: number;
  readonly confidence?: number;
  readonly reachedWithout?: ReachedWithout;
  readonly done?: number;
  readonly readings?: readonly CounterReading[];
  readonly rules?: Guardrails;
  readonly weighed?: Partial<Weighed>;
  readonly lists?: ReadonlyMap<string, NameList>;
}

/** The whole of guarding: review, counters (`used` of people and `usedOf` each guard by others, `done` by the subject itself), conclusion. */
export function judge(intent: Intent, judging: Judging = {}) {
  const { situation = situationOf(), level = 'critical', settings = enforcing, pauses = [], rules = guards } = judging;
  const { used = 0, usedOf = {}, done = 0, highest, confidence = 1, reachedWithout, readings, lists = new Map() } = judging;
  const asked = { ...weighed, level, signal: { proof: false, confidence }, ...judging.weighed };
  const reviewed = review(intent, situation, asked, rules, settings, pauses, lists, reachedWithout);
  const counted = reviewed.asked.flatMap((asked) => {
    const guard = asked.scope.split(':')[0] as GuardId;
    if (asked.own) return [readingOf(asked, done)];
    if (guard === 'people' && readings) return [];
    return [readingOf(asked, usedOf[guard] ?? (guard === 'people' ? used : 0), highest)];
  });
  return concludeReview(intent, admit(reviewed, [...counted, ...(readings ?? [])]), situation.subject);
}

export const fates = (conclusion: ReturnType<typeof judge>) =>
  conclusion.actions.map((action) => `${action.type} ${action.state}${action.by ? ` by ${action.by}` : ''}`);

/** Uses of one guard's counters. */
export const usesOf = (guard: GuardId, { uses }: { readonly uses: readonly CounterUse[] }) =>
  uses.filter(({ scope }) => scope.split(':')[0] === guard);
