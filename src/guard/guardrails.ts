/** Reads the guard documents into what a review asks: limits per profile, causes per guard, and the hash of what was read. */
import { createHash } from 'node:crypto';
import canonicalize from 'canonicalize';
import type { Rung } from '../model/action.ts';
import { type Fault, type Locate, readDocument, sortFaults } from '../model/document.ts';
import { type Level, levels } from '../model/risk.ts';
import type { JudgingConnection } from '../model/settings.ts';
import { type Cause, causes } from '../model/signal.ts';
import type { SubjectKind } from '../model/subject.ts';
import { bindingTable, type GuardId, guardIds } from './binding.ts';
import type { Cooldown } from './cooldown.ts';
import { type CountingRows, type CountingSettings, compileCounting } from './counting-rows.ts';
import {
  durationMs,
  type GuardDifferences,
  type GuardrailsDocument,
  type GuardSettings,
  guardProfileSchema,
  guardrailsSchema,
} from './schema.ts';
import { type StandingRules, standingRules } from './standing.ts';
import { compileThings, type ThingRules } from './things.ts';

export type ProfileName = JudgingConnection['profile'];

/** The guards of one profile in the form in which they are asked. */
export interface ProfileGuards {
  readonly counting: CountingRows;
  readonly things: ThingRules;
  readonly highestRung: Readonly<Record<Level, Rung>>;
  readonly scoredKinds: ReadonlySet<SubjectKind>;
  readonly cooldown: Cooldown | 'off';
  readonly standing: StandingRules;
  /** Everything that the profile says, guards of later versions included; `off` where it switches one off. */
  readonly all: Readonly<Record<GuardId, Readonly<Record<string, unknown>> | 'off'>>;
}

export interface Guardrails {
  readonly binds: Readonly<Record<GuardId, ReadonlySet<Cause>>>;
  readonly profiles: Readonly<Record<ProfileName, ProfileGuards>>;
  /** As written, before any profile: what no policy may loosen. */
  readonly guards: GuardSettings;
  /** In a population below it a percent stands for its `min` alone. */
  readonly countsOnlyBelow: number;
  /** How old what is known of a directory may be. */
  readonly directoryFreshMs: number;
  /** What of these files belongs into the bundle's hash. */
  readonly documents: readonly { readonly path: string; readonly id: string; readonly version: number; readonly hash: string }[];
}

export type GuardrailsResult =
  | { readonly ok: true; readonly guardrails: Guardrails }
  | { readonly ok: false; readonly faults: readonly Fault[] };

export const guardrailsPath = 'guardrails.yaml';

/**
 * `files`: path inside the policy folder to text. All faults at once; E101 form, E113 an owner, E106 a profile that nothing names, E119 the
 * sandbox profile for others than sandboxes and trials, E120 a guard that binds too few causes.
 */
export function parseGuardrails(files: ReadonlyMap<string, string>): GuardrailsResult {
  const text = files.get(guardrailsPath);
  if (text === undefined)
    return { ok: false, faults: [{ file: guardrailsPath, line: 1, column: 1, path: '', message: 'the file is missing', code: 'E101' }] };
  const main = readDocument(guardrailsSchema, text, guardrailsPath);
  const faults: Fault[] = main.ok
    ? [...ownerFaults(guardrailsPath, main.value, main.locate), ...bindingFaults(main.value, main.locate)]
    : [...main.faults];

  const path = main.ok ? main.value.profiles.sandbox.file : 'profiles/sandbox.yaml';
  const profileText = files.get(path);
  const profile = profileText === undefined ? undefined : readDocument(guardProfileSchema, profileText, path);
  if (profile === undefined) {
    if (main.ok) faults.push(fault(guardrailsPath, main.locate, ['profiles', 'sandbox', 'file'], 'E101', `there is no file ${path}`));
  } else if (!profile.ok) faults.push(...profile.faults);
  else {
    faults.push(...ownerFaults(path, profile.value, profile.locate));
    if (profile.value.only.provider !== 'sandbox') {
      faults.push(
        fault(path, profile.locate, ['only', 'provider'], 'E119', 'must be sandbox: this profile is for sandboxes and trials only'),
      );
    }
  }
  for (const other of files.keys()) {
    if (/^profiles\//.test(other) && other !== path)
      faults.push({ file: other, line: 1, column: 1, path: '', message: 'no profile of guardrails.yaml names this file', code: 'E106' });
  }
  if (!main.ok || !profile?.ok || faults.length > 0) return { ok: false, faults: sortFaults(faults) };

  const { guards, profiles, population, freshness } = main.value;
  return {
    ok: true,
    guardrails: {
      binds: eachGuard((id): ReadonlySet<Cause> => new Set(guards[id].binds === 'all' ? causes : guards[id].binds)),
      profiles: {
        standard: compile(guards, {}),
        small: compile(guards, profiles.small),
        sandbox: compile(guards, profile.value.guards),
      },
      guards,
      countsOnlyBelow: population.countsOnlyBelow,
      directoryFreshMs: durationMs(freshness.directory),
      documents: [describe(guardrailsPath, main.value), describe(path, profile.value)],
    },
  };
}

function ownerFaults(file: string, { metadata }: { readonly metadata: { readonly owner: string } }, locate: Locate): Fault[] {
  return /^(group|user):\S+$/.test(metadata.owner)
    ? []
    : [fault(file, locate, ['metadata', 'owner'], 'E113', 'an owner is `group:NAME` or `user:NAME`')];
}

function bindingFaults(document: GuardrailsDocument, locate: Locate): Fault[] {
  return guardIds.flatMap((id) => {
    const { binds } = document.guards[id];
    const missing = binds === 'all' ? [] : bindingTable[id].filter((cause) => !binds.includes(cause));
    return missing.length === 0
      ? []
      : [fault(guardrailsPath, locate, ['guards', id, 'binds'], 'E120', `must also bind ${missing.join(', ')}`)];
  });
}

function compile(guards: GuardSettings, differences: GuardDifferences): ProfileGuards {
  const merged = eachGuard((id): Readonly<Record<string, unknown>> | 'off' => {
    const { binds: _, ...standard } = guards[id];
    const change = (differences as Readonly<Record<string, unknown>>)[id];
    return change === 'off' ? 'off' : merge(standard, change);
  });
  const score = merged.scoreAgainstRung as GuardSettings['scoreAgainstRung'];
  return {
    counting: compileCounting(merged as unknown as CountingSettings),
    things: compileThings(merged.nonPerson as GuardSettings['nonPerson']),
    highestRung: Object.fromEntries(levels.map((level) => [level, score[level]])) as Record<Level, Rung>,
    scoredKinds: new Set(score.subjects),
    cooldown: cooldownOf(merged.cooldown as Omit<GuardSettings['cooldown'], 'binds'> | 'off'),
    standing: standingRules(merged),
    all: merged,
  };
}

function cooldownOf(guard: Omit<GuardSettings['cooldown'], 'binds'> | 'off'): Cooldown | 'off' {
  if (guard === 'off') return 'off';
  const { sameSubjectSameAction, samePolicySameSubject, 'mfa.require': stepUp } = guard;
  return {
    actionMs: durationMs(sameSubjectSameAction),
    actions: new Map(stepUp === undefined ? [] : [['mfa.require', durationMs(stepUp)]]),
    policyMs: durationMs(samePolicySameSubject),
  };
}

function eachGuard<T>(of: (id: GuardId) => T): Readonly<Record<GuardId, T>> {
  const all: Partial<Record<GuardId, T>> = {};
  for (const id of guardIds) all[id] = of(id);
  return all as Record<GuardId, T>;
}

/** Maps are merged member by member, everything else is replaced. */
function merge(standard: Readonly<Record<string, unknown>>, change: unknown): Record<string, unknown> {
  const merged: Record<string, unknown> = { ...standard };
  for (const [key, value] of Object.entries((change ?? {}) as Record<string, unknown>)) {
    const before = merged[key];
    merged[key] = isMap(before) && isMap(value) ? merge(before, value) : value;
  }
  return merged;
}

function isMap(value: unknown): value is Record<string, unknown> {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}

function describe(
  path: string,
  document: { readonly metadata: { readonly id: string; readonly version: number } },
): Guardrails['documents'][number] {
  const hash = createHash('sha256')
    .update(canonicalize(document) ?? '')
    .digest('hex');
  return { path, id: document.metadata.id, version: document.metadata.version, hash };
}

function fault(file: string, locate: Locate, path: readonly string[], code: string, message: string): Fault {
  return { file, ...locate(path), path: path.join('.'), message, code };
}
