/** Detections are part of what is judged by. */
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { readPolicyFolder } from '../../../src/app/policy-folder.ts';
import { type Bundle, compileBundle } from '../../../src/engine/bundle.ts';
import { runDetectionTests } from '../../../src/policy/index.ts';
import { confidenceIn } from '../../../src/risk/factors.ts';

const files = await readPolicyFolder(join(import.meta.dirname, '../../../policies'));
const fatigue = 'detections/DT-002-mfa-fatigue.yaml';

/** The shipped pack with one text of one file replaced. */
function bundleWith(path: string, from: string, to: string): Bundle {
  const text = files.get(path) ?? '';
  expect(text).toContain(from);
  const compiled = compileBundle(new Map([...files, [path, text.replace(from, to)]]));
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.faults));
  return compiled.bundle;
}
const shipped = bundleWith(fatigue, '', '');

it.each(runDetectionTests(shipped.detections))('$policyId: $name', ({ differences }) => expect(differences).toEqual([]));

it('the shipped detections stand in the bundle under their hashes, and a change of meaning makes another bundle', () => {
  expect([...shipped.detections.byId.keys()]).toEqual(['DT-002', 'DT-003']);
  expect(shipped.documents.map(({ path }) => path)).toContain(fatigue);
  expect(bundleWith(fatigue, 'gte: 5', 'gte: 6').hash).not.toBe(shipped.hash);
  expect(bundleWith(fatigue, '- { name: four,', '- { name: only four,').hash).toBe(shipped.hash);
});

it('a fault of a detection keeps the bundle from loading, beside the faults of others', () => {
  const broken = compileBundle(new Map([...files, [fatigue, 'kind: Detection'], ['responses/RP-900.yaml', 'kind: Policy']]));
  expect(broken.ok ? [] : [...new Set(broken.faults.map((fault) => fault.file))]).toEqual([fatigue, 'responses/RP-900.yaml']);
});

it('a detection is believed as it says, unless a rule of risk.yaml says otherwise', () => {
  const believed = ({ risk }: Bundle, source: string, type: string) =>
    confidenceIn(source, type, 0, { tier: 'none', executive: false, sources: { [source]: { kind: 'siem', since: 0 } } }, risk).value;
  expect(believed(shipped, 'DT-002', 'mfa_fatigue')).toBe(0.9);
  expect(believed(shipped, 'okta-main', 'mfa_fatigue')).toBe(1);
  const doubted = bundleWith('risk.yaml', '  rules: []', '  rules: [{ sources: [DT-002], confidence: 0.5 }]');
  expect(believed(doubted, 'DT-002', 'mfa_fatigue')).toBe(0.5);
  expect(believed(doubted, 'DT-003', 'signin_failures')).toBe(0.9);
});
