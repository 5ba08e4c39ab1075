/** Decisions as records: situations of every kind judged by the shipped pack, and the text from which they can be judged again. */
import { readdirSync, readFileSync } from 'node:fs';
import { join, sep } from 'node:path';
import fc from 'fast-check';
import { type Bundle, compileBundle } from '../../src/engine/bundle.ts';
import { rejudge } from '../../src/engine/replay.ts';
import { conclude, consider, questionsOf, type Snapshot } from '../../src/engine.ts';
import { actionTypeNames } from '../../src/model/action.ts';
import type { Judgement } from '../../src/model/decision.ts';
import { levels } from '../../src/model/risk.ts';
import type { JudgingSettings } from '../../src/model/settings.ts';
import { causes } from '../../src/model/signal.ts';
import type { Situation } from '../../src/model/situation.ts';
import { anyHistory, itemsOf, readAt, stateOf } from '../risk/histories.ts';
import { asItStands } from '../risk/room.ts';
import { hourMs, minuteMs } from '../risk/support.ts';

const folder = join(import.meta.dirname, '../../policies');

/** The files of the shipped pack by path. */
export function shippedFiles(): Map<string, string> {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.yaml'));
  return new Map(names.map((name) => [name.split(sep).join('/'), readFileSync(join(folder, name), 'utf8')]));
}

export function bundleOf(files: ReadonlyMap<string, string>): Bundle {
  const compiled = compileBundle(files);
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.faults));
  return compiled.bundle;
}

const connection = { provider: 'okta', profile: 'standard' as const, actions: actionTypeNames };
export const settings: JudgingSettings = {
  enforcement: {
    default: { mode: 'enforce', maxRung: 6 },
    connections: { entra: { mode: 'report-only', maxRung: 3 } },
    groups: {},
    receivers: {},
  },
  overrides: { 'RP-017': 'enforce' },
  profile: 'standard',
  connections: { okta: connection, entra: { ...connection, provider: 'entra' }, sandbox: { ...connection, profile: 'sandbox' } },
};

const partly = <T extends Record<string, fc.Arbitrary<unknown>>>(members: T) => fc.record(members, { requiredKeys: [] });

function anySituation(bundle: Bundle): fc.Arbitrary<Situation> {
  const matched = [...bundle.policies.bySignalType.keys()];
  const account = fc.record({
    id: fc.constantFrom('acc-1', 'acc-2', 'acc-3'),
    connection: fc.constantFrom('okta', 'entra', 'sandbox'),
    externalId: fc.constant('x'),
    status: fc.constantFrom('active', 'suspended', 'unknown'),
  });
  const signal = fc.record({
    type: fc.oneof({ weight: 3, arbitrary: fc.constantFrom(...matched) }, fc.constantFrom(...bundle.risk.types.keys())),
    source: fc.constantFrom('okta', 'i', 'partner'),
    sourceKind: fc.constantFrom('idp', 'transmitters', 'edr'),
    cause: fc.oneof({ weight: 4, arbitrary: fc.constantFrom('risk', 'partner') }, fc.constantFrom(...causes)),
    severity: fc.constantFrom('low', 'medium', 'high'),
    occurredAt: fc.constantFrom(readAt, readAt - minuteMs, readAt - hourMs, readAt - 30 * hourMs, readAt + minuteMs, readAt + hourMs),
    kind: fc.constantFrom('person', 'person', 'account', 'session', 'device', 'network'),
    facts: partly({
      malware: fc.constantFrom('confirmed', 'suspected'),
      initiator: fc.constantFrom('admin', 'user'),
      failures: fc.nat(40),
    }),
    circumstances: partly({
      ip: fc.constantFrom('198.51.100.7', '203.0.113.9'),
      country: fc.constantFrom('NO', 'SE'),
      asn: fc.nat(70_000),
      city: fc.constantFrom('Oslo', 'Tromsø'),
      proxy: fc.boolean(),
      unusual: fc.subarray(['new device', 'velocity']),
      rated: fc.constantFrom('low', 'medium', 'high'),
    }),
  });
  const person = fc.record({
    tier: fc.constantFrom('none', 'standing', 'tier0', 'unknown'),
    protected: fc.boolean(),
    executive: fc.boolean(),
    groups: fc.subarray(['staff', 'break-glass']),
    accounts: fc.uniqueArray(account, { maxLength: 3, selector: ({ id }) => id }),
  });
  const surroundings = partly({
    session: partly({ mfa: fc.constantFrom('none', 'weak', 'strong'), deviceBound: fc.constantFrom('yes', 'no'), ageMinutes: fc.nat(900) }),
    device: partly({ compliance: fc.constantFrom('compliant', 'nonCompliant'), managed: fc.constantFrom('yes', 'no'), people: fc.nat(9) }),
    geo: partly({ egress: fc.constantFrom('own', 'shared', 'none'), anonymizer: fc.constantFrom('none', 'tor'), peopleSeen: fc.nat(9) }),
    hr: fc.record({ status: fc.constantFrom('active', 'notice', 'terminated') }),
  });
  return fc
    .record({
      signal,
      person,
      surroundings,
      history: anyHistory,
      held: fc.constantFrom(...levels),
      population: fc.constantFrom(20, 1_000, 40_000),
    })
    .map(({ signal: { kind, ...sent }, person: one, surroundings: around, history, held, population }) => {
      const personal = ['person', 'account', 'session'].includes(kind);
      return {
        signal: { ...sent, id: 'signal-1', receivedAt: readAt, claim: { kind, person: [] }, marks: [], dedupeKey: 'k' },
        subject: { kind, id: 'person-1' },
        identity: personal ? { ...one, id: 'person-1' } : null,
        evidence: stateOf(itemsOf(history), asItStands, bundle.risk),
        heldLevel: held,
        surroundings: around,
        population,
        sourceSince: readAt - 20 * 24 * hourMs,
        sources: { j: { kind: 'idp', since: 0 } },
        configHash: 'c',
        now: readAt,
        evidenceKey: '',
      } as unknown as Situation;
    });
}

export interface Recorded {
  readonly snapshot: Snapshot;
  readonly judgement: Judgement;
}

/** Judges as the pipeline does; the same seed yields the same records. */
export function record(count: number, seed: number, bundle: Bundle): Recorded[] {
  const extra = fc.record({
    used: fc.constantFrom(0, 1, 8, 60, 900),
    pauses: fc.constantFrom([], [], [], [{ id: 'pause-1', scope: { connection: 'okta' }, since: 0 }]),
  });
  return fc.sample(fc.tuple(anySituation(bundle), extra), { numRuns: count, seed }).map(([situation, { used, pauses }]) => {
    const draft = consider(situation, bundle, settings, pauses);
    const readings = questionsOf(draft).map(({ scope, windowMs }) => ({ scope, windowMs, used }));
    const { judgement, snapshot } = conclude(draft, readings);
    return { snapshot, judgement };
  });
}

/** One line a record. */
export const write = (records: readonly Recorded[]): string => records.map((each) => JSON.stringify(each)).join('\n');

export interface Replayed {
  readonly judged: number;
  readonly differing: number;
}

/** Judges every line again and compares the bytes. */
export function replay(text: string, bundle: Bundle): Replayed {
  const lines = text.split('\n');
  const differing = lines.filter((line) => {
    const { snapshot, judgement } = JSON.parse(line) as Recorded;
    return JSON.stringify(rejudge(snapshot, bundle, settings)) !== JSON.stringify(judgement);
  });
  return { judged: lines.length, differing: differing.length };
}
