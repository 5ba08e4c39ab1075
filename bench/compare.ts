/**
 * `node bench/compare.ts REVISION`: a row of the bench at another revision and here, in turns, so that a noisy minute strikes both.
 * `--row NAME` (ingest.set.push), `--rounds N` (9), `--least SHARE` (0.85). Compares the ratios to the row's own baseline; exit 1 where
 * the median here is less than that share of the median there.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { median, type Row, round } from './row.ts';

const root = join(import.meta.dirname, '..');
const { revision, row, rounds, least } = readArguments();
const folder = mkdtempSync(join(tmpdir(), 'rescind-compare-'));
try {
  const tree = execFileSync('git', ['archive', '--format=tar', revision], { cwd: root, maxBuffer: 2 ** 30 });
  execFileSync('tar', ['-x', '-C', folder], { input: tree });
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  const there: number[] = [];
  const here: number[] = [];
  for (let n = 0; n < rounds; n++) {
    const sides = [() => there.push(ratioOf(folder)), () => here.push(ratioOf(root))];
    for (const side of n % 2 === 0 ? sides : sides.reverse()) side();
    process.stdout.write(`${n + 1} of ${rounds}: ${revision} ${there[n]}, here ${here[n]}\n`);
  }
  const share = median(here) / median(there);
  process.stdout.write(`${row}: ${revision} ${median(there)}, here ${median(here)}, ${round(share)} of it\n`);
  process.exitCode = share >= least ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** The row's ratio to its baseline in one run of the bench of that folder. */
function ratioOf(cwd: string): number {
  const { stdout, stderr } = spawnSync(process.execPath, ['bench/main.ts', '--only', row, '--json'], { cwd, encoding: 'utf8' });
  for (const line of stdout.split('\n').filter((each) => each !== '')) {
    const { name, ratio } = JSON.parse(line) as Row;
    if (name === row && ratio !== undefined) return ratio;
  }
  throw new Error(`no ratio of ${row} in ${cwd}: ${stderr}`);
}

function readArguments() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { row: { type: 'string' }, rounds: { type: 'string' }, least: { type: 'string' } },
  });
  const [only, ...more] = positionals;
  const numbers = { rounds: Number(values.rounds ?? 9), least: Number(values.least ?? 0.85) };
  if (only === undefined || more.length > 0 || !(numbers.rounds >= 1) || !(numbers.least > 0)) {
    process.stderr.write('node bench/compare.ts REVISION [--row NAME] [--rounds N] [--least SHARE]\n');
    process.exit(2);
  }
  return { revision: only, row: values.row ?? 'ingest.set.push', ...numbers };
}
