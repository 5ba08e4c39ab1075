/** Copies of events with members dropped and changed in type: a reading is always whole, and there is always one. */
import { existsSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { headings, type NormaliseContext, normalise } from '../../../src/adapters/okta/index.ts';
import { faultsOf } from './check.ts';
import { ada, app, bob, connection, group, type Json, laptop, logEvent, ownAppId, receivedAt } from './events.ts';

const copies = 100_000;
const seed = Math.floor(Math.random() * 2 ** 31);
const context: NormaliseContext = { connection, ownClientIds: new Set([ownAppId]), receivedAt };

/** One of each row, with everything in it that a reading looks up; and what others wrote, where it is there. */
const originals: readonly unknown[] = [
  ...headings.flatMap(([, rows]) => rows).map(([type], n) => richEvent(type, n % 4 === 0 ? ownAppId : '00T1')),
  ...fixtures(),
];

function richEvent(type: string, requestApiTokenId: string): Json {
  return logEvent(type.replace('.*', '.anything'), {
    actor: ada,
    target: [group, app, laptop, bob, { id: 'x', type: 'PolicyAction', detailEntry: { policyAction: 'TERMINATE_ALL_SESSIONS' } }],
    debugContext: {
      debugData: {
        risk: '{previousLevel=LOW, level=MEDIUM, reasons=New Device, New IP}',
        behaviors: '{New Device=POSITIVE, New IP=POSITIVE, Velocity=NEGATIVE}',
        logOnlySecurityData: '{"risk":{"level":"LOW"},"behaviors":{"New Device":"POSITIVE"}}',
        threatSuspected: 'false',
        factor: 'OKTA_VERIFY_PUSH',
        externalSessionId: 'idxOther',
      },
    },
    transaction: { id: 'txn-1', type: 'WEB', detail: { requestApiTokenId } },
  });
}

function fixtures(): readonly unknown[] {
  const files = ['panther-analysis.jsonl', 'okta-openapi-examples.jsonl'].map((name) => `../shared/fixtures/idp-events/${name}`);
  const lines = files.flatMap((file) => (existsSync(file) ? readFileSync(file, 'utf8').split('\n') : []));
  return lines.flatMap((line) => {
    const row = line === '' ? undefined : JSON.parse(line);
    return row?.provider === 'okta' ? [row.event_native ?? row.event] : [];
  });
}

type Path = readonly (string | number)[];

function pathsIn(value: unknown, at: Path = []): readonly Path[] {
  if (typeof value !== 'object' || value === null) return [at];
  return [at, ...Object.entries(value).flatMap(([name, one]) => pathsIn(one, [...at, name]))];
}

function changed(value: unknown, path: Path, to: unknown): unknown {
  const [name, ...rest] = path;
  if (name === undefined) return to;
  const copy: Json | unknown[] = Array.isArray(value) ? [...value] : { ...(value as Json) };
  const member = changed((copy as Json)[name], rest, to);
  if (member === gone) delete (copy as Json)[name];
  else (copy as Json)[name] = member;
  return copy;
}

const gone = Symbol('gone');
const places = originals.map((event) => pathsIn(event));

const replacement: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 4, arbitrary: fc.constant(gone) },
  {
    weight: 8,
    arbitrary: fc.constantFrom<unknown>(null, true, false, 0, -1, 1e308, 0.5, '', 'unknown', [], {}, [[]], [null], { id: null }),
  },
  {
    weight: 6,
    arbitrary: fc.constantFrom<unknown>(
      ...[
        '\0',
        'a\0b',
        '\ud800',
        'x\udfff',
        '\\u0000',
        'x'.repeat(600),
        'é'.repeat(300),
        `x${'😀'.repeat(300)}`,
        '__proto__',
        'constructor',
      ],
      ...[
        'SUCCESS',
        'FAILURE',
        'CHALLENGE',
        'ABANDONED',
        'User',
        'Device',
        'PublicClientApp',
        'SystemPrincipal',
        ownAppId,
        '00uBob',
        'A@B',
      ],
      ...['2026-05-04 09:00:00', '2099-01-01T00:00:00Z', '0000-00-00', '::1', '1.2.3.4', '999.999.999.999', 'fe80::1%x'],
      ...['{level=HIGH}', '{level=LOW, level=HIGH}', '{"level":', '{"behaviors":7}', 'Velocity=POSITIVE', '=POSITIVE', '{=POSITIVE,,}'],
      ...[bob, ada, [bob], [bob, ada], [laptop], { level: 'HIGH' }, { Velocity: 'POSITIVE' }, ['New Country=POSITIVE', 7]],
    ),
  },
  { weight: 2, arbitrary: fc.string({ unit: 'binary' }) },
  { weight: 1, arbitrary: fc.jsonValue({ maxDepth: 3 }) },
);

const change = fc.tuple(fc.nat(), replacement);
const copy = fc.tuple(fc.nat(originals.length - 1), fc.array(change, { minLength: 1, maxLength: 6 })).map(([n, changes]) =>
  changes.reduce<unknown>((event, [at, to]) => {
    const paths = places[n] as readonly Path[];
    const path = paths[at % paths.length] as Path;
    // Most of a copy stays an event, so that what lies behind the form is reached.
    return path.length === 0 ? event : reaches(event, path) ? changed(event, path, to) : event;
  }, originals[n]),
);

/** An earlier change may have taken away what a later one is about. */
function reaches(event: unknown, path: Path): boolean {
  let value = event;
  for (const name of path.slice(0, -1)) {
    value = typeof value === 'object' && value !== null && Object.hasOwn(value, name) ? (value as Json)[name] : undefined;
  }
  return typeof value === 'object' && value !== null;
}

it(`${copies} changed copies are read without an error, each into something whole`, { timeout: 120_000 }, () => {
  const counts: Record<string, number> = {};
  process.stdout.write(`seed ${seed}, ${originals.length} originals\n`);
  fc.assert(
    fc.property(copy, (event) => {
      const result = normalise(event, context);
      const word = result.kind === 'none' ? result.reason : result.kind;
      counts[word] = (counts[word] ?? 0) + 1;
      const faults = faultsOf(result, context);
      if (faults.length > 0) throw new Error(faults.join('; '));
    }),
    { numRuns: copies, seed },
  );
  process.stdout.write(`${JSON.stringify(counts)}\n`);
  // A fuzz that breaks the form of everything proves nothing about what lies behind it.
  expect(counts['signal']).toBeGreaterThan(copies / 10);
  for (const word of ['confirmation', 'context', 'notDone', 'unknownType', 'unstorable', 'malformed'])
    expect(counts[word]).toBeGreaterThan(0);
});

it('the same event is read the same, and is left as it was', () => {
  fc.assert(
    fc.property(copy, (event) => {
      const before = JSON.stringify(event);
      expect(normalise(event, context)).toEqual(normalise(event, context));
      expect(JSON.stringify(event)).toBe(before);
    }),
    { numRuns: 2_000, seed },
  );
});

it('any JSON at all is read into something whole', () => {
  fc.assert(
    fc.property(fc.oneof(fc.jsonValue(), fc.anything()), (value) => {
      expect(faultsOf(normalise(value, context), context)).toEqual([]);
    }),
    { numRuns: 5_000, seed },
  );
});
