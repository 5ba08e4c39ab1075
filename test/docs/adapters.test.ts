import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import type { Manifest } from '../../src/adapters/contract.ts';
import { providerNames } from '../../src/app/providers.ts';
import { parseConfiguration } from '../../src/cli/settings.ts';
import { renderAdapterPages, renderPage } from './adapter-pages.ts';

const root = join(import.meta.dirname, '../..');
const pages = await renderAdapterPages();

it('docs/adapters says what the manifests say; RESCIND_WRITE_DOCS=1 writes it', () => {
  if (process.env['RESCIND_WRITE_DOCS'] === '1') {
    mkdirSync(join(root, 'docs/adapters'), { recursive: true });
    for (const [path, text] of pages) writeFileSync(join(root, path), text);
  }
  for (const [path, text] of pages) expect(readFileSync(join(root, path), 'utf8'), path).toBe(text);
  expect(readdirSync(join(root, 'docs/adapters')).sort()).toEqual(['README.md', ...providerNames.map((name) => `${name}.md`)].sort());
});

describe.each(providerNames)('the page of %s', (provider) => {
  const text = readFileSync(join(root, 'src/adapters', provider, 'README.md'), 'utf8');
  const examples = [...text.matchAll(/^```yaml\n(.*?)^```/gms)].map(([, example]) => example as string);

  it('shows a configuration that is taken as it stands', async () => {
    expect(examples.length).toBeGreaterThan(0);
    for (const example of examples) {
      const env = Object.fromEntries([...example.matchAll(/\$\{env:(\w+)\}/g)].map(([, name]) => [name, 'a-value-of-the-environment']));
      const settings = await parseConfiguration({ path: `${provider}/README.md`, text: example }, { workingDir: root, env });
      expect(settings.connections.map((connection) => connection.provider)).toContain(provider);
      expect((parse(example) as { connections: unknown[] }).connections.length).toBeGreaterThan(0);
    }
  });

  it('says where it comes from', () => expect(text).toMatch(/^## Sources\n/m));
});

it('a page shows what is done instead, what undoes it, and permissions apart', () => {
  const manifest: Manifest = {
    provider: 'acme',
    actions: {
      'account.disable': {
        support: 'substitute',
        by: 'suspension',
        readBack: true,
        inverse: 'account.restore',
        residual: 'Nothing | at all.',
      },
    },
    permissions: { read: ['acme.users.read'], write: ['acme.users.manage', 'acme.sessions.manage'] },
    ...{ marks: [], concurrency: 3 },
  };
  const page = renderPage({ provider: 'acme', manifest }, '# Acme\n');
  expect(page).toMatch(/^# Acme\n\n## Permissions\n/);
  expect(page).toContain('```text\nacme.users.read\n```');
  expect(page).toContain('```text\nacme.users.manage\nacme.sessions.manage\n```');
  expect(page).toContain('| `account.disable` | substitute | yes | `account.restore` | Nothing \\| at all. |');
  expect(page).toContain('`account.disable` is done as: suspension.');
});
