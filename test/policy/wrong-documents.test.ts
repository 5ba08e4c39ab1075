import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readPolicyFolder } from '../../src/app/policy-folder.ts';
import { compileBundle } from '../../src/engine/bundle.ts';
import { lintVersions } from '../../src/policy/index.ts';
import {
  exceptionPath,
  goodException,
  goodList,
  goodPolicy,
  listPath,
  policyPath,
  type WrongDocument,
  wrongDocuments,
} from './wrong-documents.ts';

const shipped = await readPolicyFolder(join(import.meta.dirname, '../../policies'));
const good: ReadonlyMap<string, string> = new Map([
  ...['risk.yaml', 'guardrails.yaml', 'profiles/sandbox.yaml'].map((path) => [path, shipped.get(path) as string] as const),
  [policyPath, goodPolicy],
  ['responses/a.yaml', goodPolicy.replace('RP-900', 'RP-901')],
  [listPath, goodList],
  [exceptionPath, goodException],
]);

interface Prepared {
  readonly text: string;
  readonly place: string;
}

function prepare({ file, from, to, elsewhere, what }: WrongDocument): Prepared {
  const before = good.get(file) ?? '';
  if (from !== undefined && !before.includes(from)) throw new Error(`${what}: the good ${file} does not hold ${from}`);
  const marked = from === undefined ? to : before.replace(from, () => to);
  const text = marked.replace('▸', '');
  const at = elsewhere === undefined ? Math.max(0, marked.indexOf('▸')) : text.indexOf(elsewhere) + elsewhere.search(/\S/);
  const lines = text.slice(0, at).split('\n');
  return { text, place: `${file}:${lines.length}:${(lines.at(-1) as string).length + 1}` };
}

function faultsOf(files: ReadonlyMap<string, string>): readonly string[] {
  const compiled = compileBundle(files);
  return compiled.ok ? [] : compiled.faults.map(({ code, file, line, column }) => `${code} ${file}:${line}:${column}`);
}

const prepared = wrongDocuments.map((wrong) => ({ ...wrong, ...prepare(wrong) }));

it('is a table of more than sixty, on a set without a fault', () => {
  expect(prepared.length).toBeGreaterThanOrEqual(60);
  expect(faultsOf(good)).toEqual([]);
});

describe('a wrong document has one fault, with its code and its place', () => {
  it.each(prepared)('$code $place: $what', ({ code, file, text, place, more }) => {
    const told = [...new Set(faultsOf(new Map([...good, [file, text]])))];
    if (more) expect(told).toContain(`${code} ${place}`);
    else expect(told).toEqual([`${code} ${place}`]);
  });
});

it('every fault of every file is told at once', () => {
  const files = new Map(good);
  const wanted = prepared.filter(({ file, from, more }) => file === policyPath && from !== undefined && !more);
  wanted.forEach(({ text }, n) => {
    files.set(`responses/RP-${100 + n}.yaml`, text.replace('id: RP-900', `id: RP-${100 + n}`));
  });
  const told = new Set(faultsOf(files).map((fault) => fault.replace(/ responses\/RP-(\d+)\.yaml/, ' $1')));
  expect([...told].sort()).toEqual(wanted.map(({ code, place }, n) => `${code} ${place.replace(policyPath, String(100 + n))}`).sort());
});

describe('E109: a version that did not rise', () => {
  const after = (change: (text: string) => string) => new Map([...good, [policyPath, change(goodPolicy)]]);
  it.each<[string, (text: string) => string, readonly string[]]>([
    ['nothing has changed', (text) => text, []],
    ['only comments and tests have', (text) => `# new\n${text.replace('name: fires', 'name: it fires')}`, []],
    ['a condition has', (text) => text.replace('40.0', '41.0'), [`E109 ${policyPath}:6:3`]],
    ['a condition has, and the version with it', (text) => text.replace('40.0', '41.0').replace('version: 1', 'version: 2'), []],
    ['the version has fallen', (text) => text.replace('version: 1', 'version: 0'), [`E109 ${policyPath}:6:3`]],
    ['it is another document', (text) => text.replace('id: RP-900', 'id: RP-902').replace('40.0', '41.0'), []],
  ])('%s', (_what, change, wanted) => {
    expect(lintVersions(good, after(change)).map(({ code, file, line, column }) => `${code} ${file}:${line}:${column}`)).toEqual(wanted);
  });

  it('follows a document to another file, and reads every kind', () => {
    const moved = new Map([...good].filter(([file]) => file !== policyPath));
    moved.set('responses/moved.yaml', goodPolicy.replace('40.0', '41.0'));
    moved.set('risk.yaml', (good.get('risk.yaml') as string).replace('halfLife: 30d', 'halfLife: 31d'));
    expect(lintVersions(good, moved).map(({ code, file }) => `${code} ${file}`)).toEqual(['E109 risk.yaml', 'E109 responses/moved.yaml']);
  });
});
