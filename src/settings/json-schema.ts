/** The JSON Schema of `rescind.yaml`, for editors. What only a reading can judge (names that meet, addresses that exist) is not in it. */
import type { z } from 'zod';
import { jsonSchemaOf } from '../model/document-kind.ts';
import { commonConnectionSchema } from './connections.ts';
import { writtenEnforcementSchema } from './enforcement.ts';
import { lists, sections } from './schema.ts';

type Json = Readonly<Record<string, unknown>>;

/** `providers`: what a connection of each says beside the members that all share. */
export function settingsJsonSchema(providers: ReadonlyMap<string, z.ZodType>): Record<string, unknown> {
  const written = { ...sections, enforcement: writtenEnforcementSchema };
  const single = Object.entries(written).map(([name, schema]) => [name, jsonSchemaOf(schema)] as const);
  const listed = Object.entries(lists).map(([name, schema]) => [name, { type: 'array', items: jsonSchemaOf(schema) }] as const);
  const properties = Object.fromEntries([...single, ...listed, ['connections', { type: 'array', items: connectionOf(providers) }]]);
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'Rescind configuration',
    type: 'object',
    properties: allowReferences(properties) as Json,
    additionalProperties: false,
    $defs: {
      reference: { description: 'taken from the environment or from a file', type: 'string', pattern: '\\$\\{(env|file):[^}]+\\}' },
    },
  };
}

/** The members of a connection follow its provider. */
function connectionOf(providers: ReadonlyMap<string, z.ZodType>): Json {
  const common = jsonSchemaOf(commonConnectionSchema) as { readonly properties: Json; readonly required: readonly string[] };
  return {
    type: 'object',
    required: common.required,
    properties: { provider: { type: 'string', enum: [...providers.keys()].sort() } },
    allOf: [...providers].map(([provider, schema]) => {
      const own = jsonSchemaOf(schema) as { readonly properties?: Json; readonly required?: readonly string[] };
      return {
        if: { required: ['provider'], properties: { provider: { const: provider } } },
        // biome-ignore lint/suspicious/noThenProperty: the schema language's own word; the object is never awaited
        then: {
          type: 'object',
          properties: { ...common.properties, provider: { type: 'string', const: provider }, ...own.properties },
          required: [...common.required, ...(own.required ?? [])],
          additionalProperties: false,
        },
      };
    }),
  };
}

const narrowing = ['pattern', 'enum', 'const', 'format'];

/** Any value may be a reference instead: a number, a switch, or a text of a certain form would otherwise be marked as wrong. */
function allowReferences(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(allowReferences);
  if (typeof node !== 'object' || node === null) return node;
  const schema = node as Json;
  if (typeof schema['type'] === 'string' && isScalar(schema)) return { anyOf: [schema, { $ref: '#/$defs/reference' }] };
  return Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, kept.has(key) ? value : allowReferences(value)]));
}

/** Keys of objects are never references, and a condition on the provider must see the word itself. */
const kept = new Set(['propertyNames', 'if', 'required', 'default', 'provider']);

function isScalar(schema: Json): boolean {
  const { type } = schema;
  return type === 'integer' || type === 'number' || type === 'boolean' || (type === 'string' && narrowing.some((key) => key in schema));
}
