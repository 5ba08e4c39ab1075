import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, sep } from 'node:path';
import { describe, expect, it } from 'vitest';
import { findViolations, importRules, importsOf, placeRules, renderRules, type SourceFile, steps } from './rules.ts';
import { readSource } from './source-text.ts';

const root = join(import.meta.dirname, '../..');
const files: readonly SourceFile[] = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .map((name) => ({ path: `src/${name.split(sep).join('/')}`, text: readFileSync(join(root, 'src', name), 'utf8') }));

describe('the house as it stands', () => {
  it('was looked at: every rule has files, and they import each other', () => {
    expect(files.length).toBeGreaterThan(150);
    for (const { name, of } of importRules)
      expect(
        files.some(({ path }) => of.test(path)),
        name,
      ).toBe(true);
    for (const step of steps) expect(importRules.map(({ name }) => name)).toContain(step);
    expect(files.flatMap(({ path, text }) => importsOf(path, readSource(text))).length).toBeGreaterThan(500);
  });

  it('keeps the rule of imports', () => {
    expect(findViolations(files)).toEqual([]);
  });

  it('docs/architecture.md shows the rules; RESCIND_WRITE_DOCS=1 writes them', () => {
    const path = join(root, 'docs/architecture.md');
    const [before, after] = ['<!-- rules -->', '<!-- /rules -->'];
    if (process.env['RESCIND_WRITE_DOCS'] === '1') {
      const [head, rest] = readFileSync(path, 'utf8').split(before) as [string, string];
      writeFileSync(path, `${head}${before}\n\n${renderRules()}\n\n${after}${rest.split(after)[1]}`);
    }
    expect(readFileSync(path, 'utf8')).toContain(`${before}\n\n${renderRules()}\n\n${after}`);
  });
});

/** What is planted, where, and the rule that must find it. */
const planted: readonly (readonly [what: string, rule: string, path: string, text: string])[] = [
  ['a word that imports a room', 'model', 'src/model/planted.ts', "export { score } from '../risk/index.ts';"],
  ['a word that needs more than zod', 'model', 'src/model/planted.ts', "import { createHash } from 'node:crypto';"],
  ['a late import', 'ssf', 'src/ssf/planted.ts', "const x = await import('../store/open.ts');"],
  ['a door that calls out', 'signals', 'src/signals/planted.ts', "import { createHttpClient } from '../adapters/http.ts';"],
  ['a door that scores', 'signals', 'src/signals/planted.ts', "import { assess } from '../risk/index.ts';"],
  ['a step that imports a step', 'context', 'src/context/planted.ts', "import { decide } from '../policy/index.ts';"],
  ['a step that imports a step, over lines', 'risk', 'src/risk/planted.ts', "import {\n  decide,\n} from '../policy/index.ts';"],
  ['I/O in a pure room', 'policy', 'src/policy/planted.ts', "import { readFileSync } from 'node:fs';"],
  ['a type import too', 'guard', 'src/guard/planted.ts', "import type { RiskModel } from '../risk/index.ts';"],
  ['double quotes too', 'guard', 'src/guard/planted.ts', 'import pg from "pg";'],
  ['an executor that knows a table', 'actions', 'src/actions/planted.ts', "import { planStore } from '../store/plan-store.ts';"],
  [
    'the verifier sharing code with the writer',
    'ledger/verifier',
    'src/ledger/verifier/planted.ts',
    "import { hashLeaf } from '../tree.ts';",
  ],
  ['a receiver that knows what is told', 'sinks', 'src/sinks/planted.ts', "import { createTelling } from '../app/telling.ts';"],
  ['a log that knows policies', 'ledger', 'src/ledger/planted.ts', "import '../policy/index.ts';"],
  ['a shared file that knows a provider', 'adapters', 'src/adapters/planted.ts', "import { sandbox } from './sandbox/index.ts';"],
  [
    'an adapter that imports another',
    'adapters/<provider>',
    'src/adapters/okta/planted.ts',
    "import { sandbox } from '../sandbox/index.ts';",
  ],
  [
    'an adapter that imports the store',
    'adapters/<provider>',
    'src/adapters/okta/planted.ts',
    "import { openStore } from '../../store/open.ts';",
  ],
  [
    'an adapter with a client of its own making',
    'adapters/<provider>',
    'src/adapters/okta/planted.ts',
    "import { Agent } from '../guarded-agents.ts';",
  ],
  ['a store that decides', 'store', 'src/store/planted.ts', "import { review } from '../guard/index.ts';"],
  ['a configuration that opens the database', 'settings', 'src/settings/planted.ts', "import { openStore } from '../store/open.ts';"],
  ['the server reaching behind its port', 'server', 'src/server/planted.ts', "import { openStore } from '../store/open.ts';"],
  ['judging that does I/O', 'engine', 'src/engine.ts', "import { openStore } from './store/open.ts';"],
  ['the journey knowing the wiring', 'pipeline', 'src/pipeline/planted.ts', "import { systemClock } from '../app/system.ts';"],
  ['the app calling a command', 'app', 'src/app/planted.ts', "import { runProgram } from '../cli/program.ts';"],
  ['a command calling the entry', 'cli', 'src/cli/planted.ts', "import { main } from '../main.ts';"],
  ['an entry that does the work', 'main', 'src/main.ts', "import { startApp } from './app.ts';"],
  ['a file outside every room', 'every file has a room', 'src/planted.ts', 'export const a = 1;'],
  ['a room that nobody argued for', 'every file has a room', 'src/planted/a.ts', 'export const a = 1;'],
  ['express outside the server', 'express only in server', 'src/app/planted.ts', "import express from 'express';"],
  ['the environment outside main', 'the environment only in main', 'src/store/planted.ts', 'const url = process.env.DATABASE_URL;'],
  ['the environment by import', 'the environment only in main', 'src/store/planted.ts', "import { env } from 'node:process';"],
  ['a clock of its own', 'time, timers and chance only in app/system.ts', 'src/actions/planted.ts', 'const at = Date.now();'],
  ['a clock handed on', 'time, timers and chance only in app/system.ts', 'src/actions/planted.ts', 'const clock = { now: Date.now };'],
  ['a date of today', 'time, timers and chance only in app/system.ts', 'src/actions/planted.ts', 'const at = new Date();'],
  ['a timer of its own', 'time, timers and chance only in app/system.ts', 'src/ledger/planted.ts', 'setTimeout(run, 10);'],
  ['chance of its own', 'time, timers and chance only in app/system.ts', 'src/store/planted.ts', `const id = \`\${crypto.randomUUID()}\`;`],
  ['a timer by import', 'no timers of Node by name', 'src/store/planted.ts', "import { scheduler } from 'node:timers/promises';"],
  [
    'SQL that asks for the time',
    'SQL never asks for the time',
    'src/store/planted.ts',
    'const text = `update plan\n  set state = $1,\n  finished_at = now()\n`;',
  ],
  [
    'SQL that asks by keyword',
    'SQL never asks for the time',
    'src/store/planted.ts',
    "const text = 'delete from pause where ended_at < CURRENT_TIMESTAMP';",
  ],
  ['a default export', 'no default exports', 'src/context/planted.ts', 'export default 1;'],
  [
    'a provider named outside the composition',
    'providers are named only by the composition',
    'src/cli/planted.ts',
    "import { sandbox } from '../adapters/sandbox/index.ts';",
  ],
  ['a vague name', 'names say what is inside', 'src/store/utils.ts', 'export const a = 1;'],
];

describe('a planted violation is found', () => {
  it.each(planted)('%s', (_what, rule, path, text) => {
    expect(findViolations([{ path, text }])).toEqual([expect.objectContaining({ path, rule })]);
  });

  it('by every rule there is', () => {
    const proven = new Set(planted.map(([, rule]) => rule));
    for (const { name } of [...importRules, ...placeRules]) expect(proven, name).toContain(name);
  });

  it('and its innocent likes are not', () => {
    const innocent = [
      { path: 'src/signals/planted.ts', text: "import { verifySet } from '../ssf/index.ts';\n// Date.now() stands in a comment only" },
      {
        path: 'src/signals/remarked.ts',
        text: "/* import { assess } from '../risk/index.ts'; */ const a = 'process.env, Date.now() and export default in words';",
      },
      { path: 'src/app/planted.ts', text: "import { openStore } from '../store/open.ts';" },
      { path: 'src/store/database-clock.ts', text: 'export const text = `select clock_timestamp()`;' },
      { path: 'src/store/planted.ts', text: `const at = \`\${clock.now()}\`; const later = [now(), new Date(at)];` },
      {
        path: 'src/adapters/okta/planted.ts',
        text: "import type { Adapter } from '../contract.ts';\nexport { client } from './client.ts';",
      },
    ];
    expect(findViolations(innocent)).toEqual([]);
  });
});

describe('reading a source', () => {
  it.each([
    ['a string that looks like a comment hides nothing', "const glob = 'src/**'; Date.now(); const end = '*/';"],
    ['an address in a string hides nothing', "const url = 'https://x.example'; Date.now();"],
    ['a pattern with a quote hides nothing', 'const quoted = /[\'"`]/g; Date.now();'],
    ['a template hides nothing that it computes', `const text = \`a \${[{ at: Date.now() }].length} b\`;`],
    ['a template ends where it ends', `const text = \`a \${b} // c\`; Date.now();`],
    ['a division is no pattern', "const half = a / 2; const text = 'x/y'; Date.now();"],
  ])('%s', (_what, text) => {
    expect(readSource(text).code).toContain('Date.now()');
  });
});
