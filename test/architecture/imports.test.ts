import { readdirSync, readFileSync } from 'node:fs';
import { join, sep } from 'node:path';
import { describe, expect, it } from 'vitest';
import { findViolations, importsOf, roomsWithRules, type SourceFile, steps } from './rules.ts';

const root = join(import.meta.dirname, '../..');
const files: readonly SourceFile[] = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .map((name) => ({ path: `src/${name.split(sep).join('/')}`, text: readFileSync(join(root, 'src', name), 'utf8') }));

describe('the house as it stands', () => {
  it('was looked at: every room has files, and they import each other', () => {
    expect(files.length).toBeGreaterThan(150);
    for (const room of roomsWithRules)
      expect(
        files.some((file) => file.path.startsWith(`src/${room}/`)),
        room,
      ).toBe(true);
    for (const step of steps) expect(roomsWithRules).toContain(step);
    expect(files.flatMap(importsOf).length).toBeGreaterThan(500);
  });

  it('keeps the rule of imports', () => {
    expect(findViolations(files)).toEqual([]);
  });
});

describe('a planted violation is found', () => {
  it.each([
    ['a step that imports a step', 'src/risk/planted.ts', "import { decide } from '../policy/index.ts';"],
    ['a type import too', 'src/guard/planted.ts', "import type { RiskModel } from '../risk/index.ts';"],
    ['a word that imports a room', 'src/model/planted.ts', "export { score } from '../risk/index.ts';"],
    ['an adapter that imports another', 'src/adapters/okta/planted.ts', "import { sandbox } from '../sandbox/index.ts';"],
    ['an adapter that imports the store', 'src/adapters/okta/planted.ts', "import { openStore } from '../../store/open.ts';"],
    ['the server reaching behind its port', 'src/server/planted.ts', "import { openStore } from '../store/open.ts';"],
    ['the verifier sharing code with the writer', 'src/ledger/verifier/planted.ts', "import { hashLeaf } from '../tree.ts';"],
    ['a late import', 'src/ssf/planted.ts', "const x = await import('../store/open.ts');"],
    ['express outside the server', 'src/signals/planted.ts', "import express from 'express';"],
    ['the environment outside main', 'src/store/planted.ts', 'const url = process.env.DATABASE_URL;'],
    ['a clock of its own', 'src/actions/planted.ts', 'const at = Date.now();'],
    ['a timer of its own', 'src/ledger/planted.ts', 'setTimeout(run, 10);'],
    ['SQL that asks for the time', 'src/store/planted.ts', 'const text = `update plan set finished_at = now()`;'],
    ['I/O in a pure room', 'src/policy/planted.ts', "import { readFileSync } from 'node:fs';"],
    ['a default export', 'src/context/planted.ts', 'export default 1;'],
    ['a provider named outside the composition', 'src/cli/planted.ts', "import { sandbox } from '../adapters/sandbox/index.ts';"],
    ['a vague name', 'src/store/utils.ts', 'export const a = 1;'],
  ])('%s', (_what, path, text) => {
    expect(findViolations([{ path, text }]).map((violation) => violation.path)).toEqual([path]);
  });

  it('and its innocent likes are not', () => {
    const innocent = [
      { path: 'src/signals/planted.ts', text: "import { verifySet } from '../ssf/index.ts';\n// Date.now() stands in a comment only" },
      { path: 'src/app/planted.ts', text: "import { openStore } from '../store/open.ts';" },
      { path: 'src/store/database-clock.ts', text: 'export const text = `select clock_timestamp()`;' },
      { path: 'src/adapters/okta/planted.ts', text: "import type { Adapter } from '../contract.ts';" },
    ];
    expect(findViolations(innocent)).toEqual([]);
  });
});
