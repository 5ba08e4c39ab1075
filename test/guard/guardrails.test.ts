import { describe, expect, it } from 'vitest';
import { bindingTable, guardIds, guardsInForce, parseGuardrails } from '../../src/guard/index.ts';
import { guardrailsOf, guards, shipped } from './support.ts';

const edit = (path: string, from: string | RegExp, to: string) => {
  const before = shipped.get(path) ?? '';
  const after = before.replace(from, to);
  if (after === before) throw new Error(`nothing to edit: ${from}`);
  return new Map([...shipped, [path, after]]);
};
const faultsOf = (files: ReadonlyMap<string, string>) => {
  const result = parseGuardrails(files);
  return result.ok ? [] : result.faults.map((fault) => `${fault.file}:${fault.line} ${fault.code} ${fault.path}: ${fault.message}`);
};

describe('the shipped guard documents', () => {
  it('load, and hold the limits that the worst case is computed from', () => {
    const hour = 3_600_000;
    expect(guards.profiles.standard.counting.people).toEqual({
      fromRung: 2,
      limits: [
        { windowMs: hour, count: 10, percent: 0.5 },
        { windowMs: 24 * hour, count: 20, percent: 1 },
      ],
    });
    expect(guards.profiles.small.counting.people.limits.map(({ count, percent }) => [count, percent])).toEqual([
      [3, 0],
      [5, 0],
    ]);
    expect(guards.profiles.sandbox.counting.people.limits.map(({ count }) => count)).toEqual([1000, 2000]);
    expect(guards.profiles.standard.highestRung).toEqual({ none: 1, low: 1, medium: 2, high: 4, critical: 5 });
    expect(guards.profiles.sandbox.highestRung).toEqual(guards.profiles.standard.highestRung);
  });

  it('merge a profile member by member and switch off only what the profile names', () => {
    expect(guards.profiles.sandbox.all.killSwitch).toMatchObject({ resume: { people: 1, orPauserAfter: '30m' }, within: '1s' });
    expect(guards.profiles.sandbox.all.rungs).toBe('off');
    expect(guards.profiles.standard.all.rungs).not.toBe('off');
    expect(guards.profiles.small.all.surge).toMatchObject({ people: 3, window: '60m' });
  });

  it('bind exactly the causes of the table', () => {
    for (const id of guardIds) expect([...guards.binds[id]].sort(), id).toEqual([...bindingTable[id]].sort());
  });

  it('say which guards apply in this version, all of them guards that exist', () => {
    for (const id of guardsInForce) expect(guardIds).toContain(id);
  });

  it('have a hash of meaning: comments and spelling do not move it, a limit does', () => {
    const hash = (files: ReadonlyMap<string, string>) => guardrailsOf(files).documents.map((document) => document.hash);
    expect(hash(edit('guardrails.yaml', 'apiVersion:', '# a comment\napiVersion:'))).toEqual(hash(shipped));
    expect(hash(edit('guardrails.yaml', 'min: 10, window: 1h', 'min: 11, window: 1h'))).not.toEqual(hash(shipped));
    expect(guards.documents.map(({ path, id, version }) => [path, id, version])).toEqual([
      ['guardrails.yaml', 'GR-001', 1],
      ['profiles/sandbox.yaml', 'sandbox', 1],
    ]);
  });
});

describe('faults of guard documents', () => {
  it.each([
    ['a missing file', new Map(), ['guardrails.yaml:1 E101 : the file is missing']],
    [
      'a missing profile',
      new Map([['guardrails.yaml', shipped.get('guardrails.yaml') ?? '']]),
      [/^guardrails\.yaml:\d+ E101 profiles\.sandbox\.file: there is no file profiles\/sandbox\.yaml$/],
    ],
    [
      'an unknown guard',
      edit('guardrails.yaml', '  ceiling:', '  ceilling: { binds: all }\n  ceiling:'),
      [/^guardrails\.yaml:\d+ E101 guards\.ceilling: unknown key$/],
    ],
    [
      'an unknown member',
      edit('guardrails.yaml', 'perConnection: 2', 'perConection: 2'),
      [/guards\.adminFloor\.perConnection/, /E101 guards\.adminFloor\.perConection: unknown key$/],
    ],
    ['a missing guard', edit('guardrails.yaml', /^ {2}people:.*\n/m, ''), [/E101 guards\.people: /]],
    [
      'a limit that is none',
      edit('guardrails.yaml', '{ percent: 0.5, min: 10, window: 1h }', '{ percent: 0.5, window: 1h }'),
      [/E101 guards\.people\.limits\.0: must be \{ count, window \}/],
    ],
    [
      'a limit of nobody',
      edit('guardrails.yaml', '{ percent: 0.5, min: 10, window: 1h }', '{ percent: 0.5, min: 0, window: 1h }'),
      [/E101 guards\.people\.limits\.0/],
    ],
    [
      'a span that is none',
      edit('guardrails.yaml', 'orPauserAfter: 30m', 'orPauserAfter: soon'),
      [/E101 guards\.killSwitch\.resume\.orPauserAfter: must be a duration/],
    ],
    [
      'protection that ends sometimes',
      edit('guardrails.yaml', 'breakGlass: never', 'breakGlass: sometimes'),
      [/E101 guards\.protected\.breakGlass: must be never$/],
    ],
    ['a rung above the table', edit('guardrails.yaml', 'critical: 5', 'critical: 7'), [/E101 guards\.scoreAgainstRung\.critical/]],
    [
      'the sandbox profile for others (E119)',
      edit('profiles/sandbox.yaml', 'provider: sandbox', 'provider: okta'),
      ['profiles/sandbox.yaml:6 E119 only.provider: must be sandbox: this profile is for sandboxes and trials only'],
    ],
    [
      'a profile that touches protected people',
      edit('profiles/sandbox.yaml', 'guards:', 'guards:\n  protected: { changeBy: 1 }'),
      [/^profiles\/sandbox\.yaml:\d+ E101 guards\.protected: unknown key$/],
    ],
    [
      'a profile that switches off the ceiling',
      edit('profiles/sandbox.yaml', 'guards:', 'guards:\n  ceiling: off'),
      [/E101 guards\.ceiling: unknown key$/],
    ],
    ['a profile that switches off people', edit('profiles/sandbox.yaml', /people: \{ limits.*\}/, 'people: off'), [/E101 guards\.people/]],
    [
      'a profile that nothing names',
      new Map([...shipped, ['profiles/mine.yaml', '']]),
      ['profiles/mine.yaml:1 E106 : no profile of guardrails.yaml names this file'],
    ],
  ] as [string, ReadonlyMap<string, string>, (string | RegExp)[]][])('tell of %s', (_, files, expected) => {
    const faults = faultsOf(files);
    expect(faults).toHaveLength(expected.length);
    for (const [index, pattern] of expected.entries()) {
      if (typeof pattern === 'string') expect(faults[index]).toBe(pattern);
      else
        expect(
          faults.some((fault) => pattern.test(fault)),
          `${pattern} in ${faults}`,
        ).toBe(true);
    }
  });

  it('tell of the faults of both files at once', () => {
    const files = new Map([
      ...edit('guardrails.yaml', 'critical: 5', 'critical: 7'),
      ...[...edit('profiles/sandbox.yaml', 'rungs: off', 'rungs: never')].slice(1),
    ]);
    expect(faultsOf(files).map((fault) => fault.split(':')[0])).toEqual(['guardrails.yaml', 'profiles/sandbox.yaml']);
  });

  it.each(guardIds.filter((id) => bindingTable[id].length > 1))('E120: %s may not bind fewer causes than the table', (id) => {
    const [first, ...others] = bindingTable[id];
    const files = edit(
      'guardrails.yaml',
      new RegExp(`^  ${id}:(\\s*\\{?\\s*)binds: (all|\\[[^\\]]*\\])`, 'm'),
      `  ${id}:$1binds: [${others.join(', ')}]`,
    );
    const faults = faultsOf(files);
    expect(faults).toEqual([
      expect.stringMatching(new RegExp(`E120 guards\\.${id}\\.binds: must also bind ${String(first).replace('.', '\\.')}$`)),
    ]);
  });

  it('let a guard bind more causes', () => {
    expect(faultsOf(edit('guardrails.yaml', 'people: { binds: [risk, partner]', 'people: { binds: all'))).toEqual([]);
  });
});
