import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Bundle } from '../../src/engine/bundle.ts';
import { diffBundles, diffValues } from '../../src/engine/differences.ts';
import { rejudge } from '../../src/engine/replay.ts';
import { bundleOf, type Recorded, record, replay, settings, shippedFiles, write } from './recorded.ts';

const count = 10_000;
let bundle: Bundle;
let records: readonly Recorded[];
let text: string;
beforeAll(() => {
  bundle = bundleOf(shippedFiles());
  records = record(count, 20_261_127, bundle);
  text = write(records);
});

describe('ten thousand recorded decisions', { timeout: 60_000 }, () => {
  it('are of every kind', () => {
    const seen = (of: (record: Recorded) => unknown) => new Set(records.map(of));
    expect([...seen(({ judgement }) => judgement.level)].sort()).toEqual(['critical', 'high', 'low', 'medium', 'none']);
    expect(seen(({ judgement }) => judgement.outcome).size).toBeGreaterThanOrEqual(5);
    expect(seen(({ judgement }) => judgement.mode)).toContain('enforce');
    expect(records.filter(({ judgement }) => judgement.policyId !== null).length).toBeGreaterThan(count / 20);
    expect(seen(({ judgement }) => judgement.score).size).toBeGreaterThan(count / 4);
  });

  it('come out the same, byte for byte, from their text and a bundle compiled anew', () => {
    expect(replay(text, bundleOf(shippedFiles()))).toEqual({ judged: count, differing: 0 });
  });

  it('come out the same in another process, in another zone and locale', () => {
    const child = spawnSync(process.execPath, [join(import.meta.dirname, 'replay-process.ts')], {
      input: text,
      env: { TZ: 'Pacific/Kiritimati', LC_ALL: 'tr_TR.UTF-8' },
      encoding: 'utf8',
    });
    expect(JSON.parse(child.stdout)).toEqual({ judged: count, differing: 0 });
  });
});

/** What is changed in which file, and the name under which it must be found. */
const changes: readonly (readonly [
  what: string,
  file: string,
  from: RegExp,
  to: string,
  path: string,
  before: unknown,
  after: unknown,
  moves: string,
])[] = [
  [
    'condition',
    'responses/RP-017-partner-word.yaml',
    /^when: '(.*)'$/m,
    `when: '($1) && risk.groupsActive < 1'`,
    'when',
    expect.not.stringContaining('&& risk.groupsActive < 1'),
    expect.stringContaining('&& risk.groupsActive < 1'),
    'policyId',
  ],
  ['half-life', 'risk.yaml', /(caep_risk_high: \{[^}]*halfLife: )3d/, '$12d', 'types.caep_risk_high.halfLife', '3d', '2d', 'score'],
  [
    'multiplier',
    'risk.yaml',
    /(tier: \[standing\] \}, groups: all, factor: )1\.5/,
    '$11.6',
    'multipliers.rows.0.factor',
    1.5,
    1.6,
    'score',
  ],
];

describe('one planted change', { timeout: 60_000 }, () => {
  it.each(changes)('of a %s is found and named', (_what, file, from, to, path, before, after, moves) => {
    const files = shippedFiles();
    const old = files.get(file) as string;
    expect(old.match(from)).not.toBeNull();
    const changed = bundleOf(files.set(file, old.replace(from, to)));
    expect(diffBundles(bundle, changed)).toEqual([{ path: `${file}: ${path}`, before, after }]);
    const moved = records.flatMap(({ snapshot, judgement }) => diffValues(judgement, rejudge(snapshot, changed, settings)));
    expect(moved.map((difference) => difference.path)).toContain(moves);
  });
});
