/** What the documentation shows is what the product takes: documents, fragments of the configuration, commands with their options. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { readPolicyFolder } from '../../src/app/policy-folder.ts';
import { runProgram } from '../../src/cli/program.ts';
import { parseConfiguration } from '../../src/cli/settings.ts';
import { compileBundle } from '../../src/engine/bundle.ts';
import { createTestJudge } from '../../src/engine/replay.ts';
import { guardsInForce } from '../../src/guard/index.ts';
import { runDetectionTests, runInlineTests } from '../../src/policy/index.ts';

const root = join(import.meta.dirname, '../..');
const pages = [
  'README.md',
  'CHANGELOG.md',
  ...readdirSync(join(root, 'docs')).flatMap((name) => (name.endsWith('.md') ? [`docs/${name}`] : [])),
];
const adapterPages = readdirSync(join(root, 'docs/adapters')).map((name) => `docs/adapters/${name}`);
const textOf = (page: string) => readFileSync(join(root, page), 'utf8');
const shipped = await readPolicyFolder(join(root, 'policies'));

const blocks = pages.flatMap((page) =>
  [...textOf(page).matchAll(/^```yaml\n(.*?)^```/gms)].map((match, n) => ({ page, n: n + 1, text: match[1] as string })),
);
const folderOf: Readonly<Record<string, string>> = { Policy: 'responses', List: 'lists', Exception: 'exceptions', Detection: 'detections' };

/** The shipped folder with the examples in it; one that has the id of a shipped document takes its place. */
function withExamples(documents: readonly Readonly<Record<string, unknown>>[]) {
  const files = new Map(shipped);
  for (const [n, document] of documents.entries()) {
    for (const [path, text] of shipped) if (idOf(text) === idOf(JSON.stringify(document))) files.delete(path);
    files.set(`${folderOf[String(document['kind'])]}/example-${n}.yaml`, JSON.stringify(document));
  }
  return compileBundle(files);
}

function idOf(text: string): unknown {
  return (parseAllDocuments(text)[0]?.toJS() as { metadata?: { id?: unknown } } | null)?.metadata?.id;
}

describe('the examples of the documentation', () => {
  it('were found', () => expect(blocks.length).toBeGreaterThan(1));

  it.each(blocks)('$page, block $n is taken as it stands', async ({ text }) => {
    const documents = parseAllDocuments(text).map((document) => document.toJS() as Readonly<Record<string, unknown>>);
    const first = documents[0] ?? {};
    if ('apiVersion' in first) {
      const compiled = withExamples(documents);
      expect(compiled.ok ? [] : compiled.faults).toEqual([]);
      if (!compiled.ok) return;
      const { bundle } = compiled;
      const results = [...runInlineTests(bundle.policies, createTestJudge(bundle), guardsInForce), ...runDetectionTests(bundle.detections)];
      const shown = results.filter(({ file }) => file.includes('/example-'));
      expect(shown.flatMap(({ name, differences }) => differences.map((difference) => `${name}: ${difference}`))).toEqual([]);
    } else {
      const own = 'connections' in first ? '' : 'connections: [{ id: main, provider: sandbox }]\n';
      const env = Object.fromEntries([...text.matchAll(/\$\{env:(\w+)\}/g)].map(([, name]) => [name, 'a-value-of-the-environment']));
      await expect(parseConfiguration({ path: 'rescind.yaml', text: own + text }, { workingDir: root, env })).resolves.toBeDefined();
    }
  });
});

it('the guide lists the pack', () => {
  const ids = [...shipped.keys()].flatMap((path) => /^responses\/(RP-\d+)/.exec(path)?.[1] ?? []);
  expect([...textOf('docs/policies.md').matchAll(/^\| (RP-\d+) \|/gm)].map(([, id]) => id)).toEqual(ids);
});

const code = /^```sh\n(.*?)^```|`(rescind [^`\n]+)`/gms;
const commands = [
  ...new Set(
    [...pages, ...adapterPages]
      .flatMap((page) => [...textOf(page).matchAll(code)].flatMap((match) => (match[2] ?? (match[1] as string)).split('\n')))
      .flatMap((line) => /(?:^|&& )(?:npm run -s rescind -- |rescind )([a-z][^#&|]*)/.exec(line)?.[1]?.trim() ?? []),
  ),
];

describe('the commands that the documentation names', () => {
  it('were found', () => expect(commands.length).toBeGreaterThan(5));

  it.each(commands)('rescind %s', async (command) => {
    const words = command.split(/\s+/);
    const end = words.findIndex((word) => !/^[a-z][a-z-]*$/.test(word));
    const names = words.slice(0, end === -1 ? 2 : Math.min(end, 2));
    const said: string[] = [];
    const console = { out: (text: string) => said.push(text), err: (text: string) => said.push(text) };
    const context = { console, env: {}, workingDir: root, version: 'test' };
    expect(await runProgram([...names, '--help'], context as unknown as Parameters<typeof runProgram>[1])).toBe(0);
    const help = said.join('');
    expect(help).toContain(`Usage: rescind ${names.join(' ')}`);
    for (const option of words.filter((word) => word.startsWith('--'))) expect(help).toContain(option);
    expect(help).not.toContain('not in this version');
    expect(help).not.toContain('[words...]');
  });
});
