import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { errorTable } from '../../src/model/errors.ts';
import { renderErrorsPage } from './errors-page.ts';

const root = join(import.meta.dirname, '../..');
const sources = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts') && !name.endsWith('model/errors.ts'))
  .map((name) => readFileSync(join(root, 'src', name), 'utf8'))
  .join('\n');

it.each(Object.keys(errorTable))('%s is used', (code) => expect(sources).toContain(`'${code}'`));

it('docs/errors.md says what the table says; RESCIND_WRITE_DOCS=1 writes it', () => {
  const page = join(root, 'docs/errors.md');
  if (process.env['RESCIND_WRITE_DOCS'] === '1') writeFileSync(page, renderErrorsPage());
  expect(readFileSync(page, 'utf8')).toBe(renderErrorsPage());
});
