import { join } from 'node:path';
import { expect, it } from 'vitest';
import { readPolicyFolder } from '../../src/app/policy-folder.ts';
import { compileBundle, createTestJudge } from '../../src/engine.ts';
import { guardsInForce } from '../../src/guard/index.ts';
import { runInlineTests } from '../../src/policy/index.ts';

const folder = join(import.meta.dirname, '../../policies');
const compiled = compileBundle(await readPolicyFolder(folder));
if (!compiled.ok) throw new Error(JSON.stringify(compiled.faults, null, 1));
const { bundle } = compiled;
const results = runInlineTests(bundle.policies, createTestJudge(bundle), guardsInForce);

it.each(results.filter((result) => result.outcome !== 'skipped'))('$policyId: $name', ({ differences }) => expect(differences).toEqual([]));

for (const result of results.filter((one) => one.outcome === 'skipped'))
  it.skip(`${result.policyId}: ${result.name} (${result.differences[0]})`, () => {});

it('ships every policy as a report', () => {
  expect(bundle.policies.policies.map((policy) => [policy.id, policy.mode])).toEqual([['RP-017', 'report-only']]);
});
