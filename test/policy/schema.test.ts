import { readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';
import { documentKinds, rescindJsonSchema } from '../../src/app/document-kinds.ts';
import { readPolicyFolder } from '../../src/app/policy-folder.ts';
import { providerSchemas } from '../../src/app/providers.ts';
import { parseYaml } from '../../src/model/document.ts';
import { renderTemplate, settingsJsonSchema } from '../../src/settings/index.ts';

const root = join(import.meta.dirname, '../..');
const committed = (path: string) => JSON.parse(readFileSync(join(root, path), 'utf8')) as unknown;
const shipped = await readPolicyFolder(join(root, 'policies'));
const settingsSchema = settingsJsonSchema(await providerSchemas());

/** Every `$ref` below a value that leads nowhere. */
function danglingRefs(schema: unknown, value: unknown = schema): readonly string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => {
    if (key !== '$ref') return danglingRefs(schema, inner);
    const names = String(inner).split('/').slice(1);
    const found = names.reduce<unknown>((at, name) => (at as Record<string, unknown> | undefined)?.[name], schema);
    return found === undefined ? [String(inner)] : [];
  });
}

describe('the committed schemas are the generated ones; `npm run schema` writes them', () => {
  it('policies/schema.json', () => expect(committed('policies/schema.json')).toEqual(rescindJsonSchema()));
  it('docs/rescind.schema.json', () => expect(committed('docs/rescind.schema.json')).toEqual(settingsSchema));
});

it('no reference in them leads nowhere', () => {
  expect(danglingRefs(rescindJsonSchema())).toEqual([]);
  expect(danglingRefs(settingsSchema)).toEqual([]);
});

describe('a shipped document', () => {
  it.each([...shipped.keys()])('%s points editors at the schema with its first line', (path) => {
    const to = relative(dirname(path), 'schema.json');
    expect(shipped.get(path)?.split('\n')[0]).toBe(`# yaml-language-server: $schema=${to}`);
  });

  it.each([...shipped.keys()])('%s is of a kind that the schema knows, and that accepts it', (path) => {
    const parsed = parseYaml(shipped.get(path) as string, path);
    const value = parsed.ok ? (parsed.value as { readonly kind: string }) : undefined;
    const kind = documentKinds.find((each) => each.kind === value?.kind);
    expect(kind?.schema.safeParse(value).success).toBe(true);
  });
});

it('a new configuration points editors at the schema that is written beside it', () => {
  expect(renderTemplate().split('\n')[0]).toBe('# yaml-language-server: $schema=rescind.schema.json');
});

it('any value of a configuration but a whole section may be a reference', () => {
  const { properties } = settingsSchema as { readonly properties: Record<string, { readonly properties: Record<string, unknown> }> };
  expect(properties['listen']?.properties['port']).toMatchObject({ anyOf: [{ type: 'integer' }, { $ref: '#/$defs/reference' }] });
  expect(JSON.stringify(properties['connections'])).toContain('"const":"sandbox"');
});
