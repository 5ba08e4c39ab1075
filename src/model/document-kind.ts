/** Kinds of documents that a policy folder holds, as far as editors must know them. */
import { z } from 'zod';

export interface DocumentKind {
  /** What stands behind `kind:`. */
  readonly kind: string;
  /** Where such documents lie in the folder, for people: `responses/*.yaml`. */
  readonly place: string;
  readonly schema: z.ZodType;
}

/** JSON Schema (2020-12) of what a person writes; defaults and conversions are not in it. */
export function jsonSchemaOf(schema: z.ZodType): Record<string, unknown> {
  const { $schema: _, ...body } = z.toJSONSchema(schema, { io: 'input' });
  return body;
}

/** With what stands in it several times written once; to be placed at `at`, a JSON pointer. */
function sharingSchemaOf(schema: z.ZodType, at: string): Record<string, unknown> {
  const { $schema: _, ...body } = z.toJSONSchema(schema, { io: 'input', reused: 'ref' });
  return JSON.parse(JSON.stringify(body).replaceAll('"$ref":"#/', `"$ref":"${at}/`)) as Record<string, unknown>;
}

/** One schema for all: which rules bind a document is decided by its `kind`, so that an editor's messages are about that kind alone. */
export function foldSchemas(title: string, kinds: readonly DocumentKind[]): Record<string, unknown> {
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title,
    type: 'object',
    required: ['apiVersion', 'kind'],
    properties: { apiVersion: { const: 'rescind/v1' }, kind: { enum: kinds.map(({ kind }) => kind) } },
    allOf: kinds.map(({ kind }) => ({
      if: { required: ['kind'], properties: { kind: { const: kind } } },
      // biome-ignore lint/suspicious/noThenProperty: the schema language's own word; the object is never awaited
      then: { $ref: `#/$defs/${kind}` },
    })),
    $defs: Object.fromEntries(
      kinds.map(({ kind, place, schema }) => [kind, { description: place, ...sharingSchemaOf(schema, `#/$defs/${kind}`) }]),
    ),
  };
}
