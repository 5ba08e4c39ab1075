/** Every requirement of a push receiver is named by the title of a test. */
import { readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

const range = (letter: string, from: number, to: number) => Array.from({ length: to - from + 1 }, (_, n) => `${letter}${from + n}`);

const required = [
  'A13',
  ...range('A', 20, 33),
  ...range('A', 60, 64),
  ...range('A', 65, 68),
  'Z3.2',
  'Z3.3',
  'Z3.9',
  'Z3.12',
  ...range('A', 40, 53),
  ...range('B', 1, 16),
  'B20',
  'B22',
  'B23',
  'B24',
  'B30',
  'B33',
  'B35',
  'B36',
  'B37',
  'B39',
  'Z3.17',
  ...range('C', 10, 19),
  ...range('C', 30, 33),
  'C35',
  'C36',
  'C37',
  'Z3.10',
  'Z3.14',
  'F75',
  'H1',
  'H6',
  'H7',
  'H9',
  'I1',
  ...range('I', 4, 7),
  ...range('I', 12, 16),
  ...range('G', 1, 8),
  ...range('G', 20, 29),
  'G40',
  'G41',
  'G50',
  'G51',
  'G60',
  'G61',
  ...range('G', 70, 76),
  'Z3.18',
  'H10',
];

it('each id stands in the title of a test', () => {
  const titles = ['test/ssf', 'test/signals'].flatMap((folder) =>
    readdirSync(folder)
      .filter((file) => file.endsWith('.test.ts') && file !== 'requirements.test.ts')
      .map((file) => readFileSync(`${folder}/${file}`, 'utf8')),
  );
  const named = new Set(titles.join('\n').match(/\b(?:[A-J]\d+|Z3\.\d+)\b/g));
  expect(required.filter((id) => !named.has(id))).toEqual([]);
});
