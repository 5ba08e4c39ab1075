/** Whether the checks would notice: copies of the scoring room, each with one fault in it, are held against them. */
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { agreementChecks } from './agreement.ts';
import { goldenChecks } from './goldens.ts';
import { propertiesOfScore } from './properties-of-score.ts';
import { propertiesOfState } from './properties-of-state.ts';
import { type Room, roomOf } from './room.ts';

interface Fault {
  readonly title: string;
  readonly file: string;
  readonly from: string;
  readonly to: string;
  /** Names of checks begin so; each must be among those that fail. */
  readonly caughtBy: readonly string[];
}

const faults: readonly Fault[] = [
  {
    title: 'the cap on place and habit is gone',
    file: 'score.ts',
    from: 'Math.min(statistical, model.statisticalNats) + other',
    to: 'statistical + other',
    caughtBy: ['N18'],
  },
  {
    title: 'crumbs of another kind lift the cap',
    file: 'score.ts',
    from: 'if (other < model.activeNats) sum',
    to: 'if (other < 0) sum',
    caughtBy: ['N7'],
  },
  {
    title: 'cap and crumb rule are both gone',
    file: 'score.ts',
    from: 'return Math.round(sum * 1e9) / 1e9;',
    to: 'return Math.round((statistical + other) * 1e9) / 1e9;',
    caughtBy: ['G24', '16'],
  },
  {
    title: 'an MFA counts however soon after fatigue',
    file: 'relief.ts',
    from: 'markAt - voidedAt >= model.quietMs',
    to: 'markAt - voidedAt >= 0',
    caughtBy: ['N1', 'N8'],
  },
  {
    title: 'fatigue after an MFA leaves it standing',
    file: 'relief.ts',
    from: 'markAt - voidedAt >= model.quietMs',
    to: 'Math.abs(markAt - voidedAt) >= model.quietMs',
    caughtBy: ['20'],
  },
  {
    title: 'the hour after fatigue ends a moment late',
    file: 'relief.ts',
    from: 'markAt - voidedAt >= model.quietMs',
    to: 'markAt - voidedAt > model.quietMs',
    caughtBy: ['N4'],
  },
  {
    title: 'dismissed fatigue still voids an MFA',
    file: 'relief.ts',
    from: ' && !dismisses(family, key, time)) newest',
    to: ') newest',
    caughtBy: ['N9'],
  },
  {
    title: "a family's dismissal takes every source",
    file: 'relief.ts',
    from: "(mark[2] === '*' || mark[2] === family.source)",
    to: 'true',
    caughtBy: ['N13', '18', '20'],
  },
  {
    title: "a family's dismissal takes nothing",
    file: 'relief.ts',
    from: 'time <= mark[3] &&',
    to: 'false &&',
    caughtBy: ['N9', 'N12', '18', '20'],
  },
  {
    title: "a family's dismissal reaches into the future",
    file: 'relief.ts',
    from: 'time <= mark[3] &&',
    to: '',
    caughtBy: ['9', '20'],
  },
  {
    title: 'the score comes from evidence that is not rounded',
    file: 'score.ts',
    from: 'return Math.round(sum * 1e9) / 1e9;',
    to: 'return sum;',
    caughtBy: ['N19', '20'],
  },
  {
    title: 'the score is cut, not rounded',
    file: 'score.ts',
    from: 'return Math.round(100 * (1 - Math.exp(-nats)) * 1e4) / 1e4;',
    to: 'return Math.floor(100 * (1 - Math.exp(-nats)) * 1e4) / 1e4;',
    caughtBy: ['G1', '20'],
  },
  {
    title: 'evidence goes a moment early',
    file: 'evidence.ts',
    from: 'at - time > livesKept * halfLifeMs',
    to: 'at - time >= livesKept * halfLifeMs',
    caughtBy: ['11'],
  },
  {
    title: 'of a family the oldest are kept',
    file: 'evidence.ts',
    from: '(one, other) => other[1] - one[1] ||',
    to: '(one, other) => one[1] - other[1] ||',
    caughtBy: ['G9', '20'],
  },
];

const folder = mkdtempSync(join(tmpdir(), 'rescind-planted-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const source = join(import.meta.dirname, '../../src');

/** A copy of the room beside the words that it is made of. */
async function roomWith(name: string, fault?: Fault): Promise<Room> {
  const copy = join(folder, name);
  cpSync(join(source, 'risk'), join(copy, 'risk'), { recursive: true });
  symlinkSync(join(source, 'model'), join(copy, 'model'));
  symlinkSync(join(source, '../node_modules'), join(copy, 'node_modules'));
  if (fault !== undefined) {
    const path = join(copy, 'risk', fault.file);
    const text = readFileSync(path, 'utf8');
    if (text.split(fault.from).length !== 2) throw new Error(`not exactly once in ${fault.file}: ${fault.from}`);
    writeFileSync(path, text.replace(fault.from, fault.to));
  }
  const load = (file: string) => import(/* @vite-ignore */ pathToFileURL(join(copy, 'risk', file)).href);
  const { bandOf, oneOccurrence } = await load('evidence.ts');
  return roomOf({ ...(await load('index.ts')), bandOf, oneOccurrence });
}

function failuresOf(room: Room): readonly string[] {
  const checks = [...goldenChecks(room), ...propertiesOfState(room), ...propertiesOfScore(room), ...agreementChecks(room)];
  // The two on bounds are the dearest, and no fault here needs them.
  const quick = checks.filter(({ name }) => !name.startsWith('10:') && !name.includes('beyond what is kept'));
  return quick.flatMap(({ name, run }) => {
    try {
      run({ numRuns: 100, seed: 1, endOnFailure: true });
      return [];
    } catch {
      return [name];
    }
  });
}

describe('a fault in the scoring room is found', { timeout: 60_000 }, () => {
  it('and a copy without one passes', async () => {
    expect(failuresOf(await roomWith('as-it-stands'))).toEqual([]);
  });

  it.each(faults.map((fault, n) => ({ ...fault, n })))('where $title', async (fault) => {
    const failures = failuresOf(await roomWith(`fault-${fault.n}`, fault));
    const missing = fault.caughtBy.filter((check) => !failures.some((name) => name.startsWith(`${check}:`)));
    expect(missing, failures.join('\n')).toEqual([]);
  });
});
