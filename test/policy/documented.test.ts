/** What the guide shows is what the program reads. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { readPolicyFolder } from '../../src/app/policy-folder.ts';
import { compileBundle, createTestJudge } from '../../src/engine.ts';
import { guardsInForce } from '../../src/guard/index.ts';
import { runInlineTests } from '../../src/policy/index.ts';

const root = join(import.meta.dirname, '../..');
const guide = readFileSync(join(root, 'docs/policies.md'), 'utf8');
const examples = [...guide.matchAll(/```yaml\n(.*?)```/gs)].map(([, text]) => text as string);
const folders: Readonly<Record<string, string>> = { Policy: 'responses', List: 'lists', Exception: 'exceptions' };

it('every example of the guide is a document that loads beside the pack, and its tests pass', async () => {
  const shown = examples.map((text) => parse(text) as { readonly kind: string; readonly metadata: { readonly id: string } });
  expect(shown.map(({ kind }) => kind)).toEqual(['Policy', 'List', 'Exception']);
  const files = new Map(await readPolicyFolder(join(root, 'policies')));
  examples.forEach((text, n) => {
    files.set(`${folders[shown[n]?.kind ?? '']}/${shown[n]?.metadata.id}.yaml`, text);
  });
  const compiled = compileBundle(files);
  expect(compiled.ok ? [] : compiled.faults).toEqual([]);
  if (!compiled.ok) return;
  const results = runInlineTests(compiled.bundle.policies, createTestJudge(compiled.bundle), guardsInForce);
  expect(results.filter((result) => result.policyId === 'RP-100').map(({ outcome, differences }) => [outcome, differences])).toEqual(
    Array.from({ length: 4 }, () => ['passed', []]),
  );
});

it('the guide lists the pack', async () => {
  const files = await readPolicyFolder(join(root, 'policies'));
  const ids = [...files.keys()].flatMap((path) => /^responses\/(RP-\d+)/.exec(path)?.[1] ?? []);
  expect([...guide.matchAll(/^\| (RP-\d+) \|/gm)].map(([, id]) => id)).toEqual(ids);
});
