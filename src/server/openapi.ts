/** The API's description (OpenAPI 3.1), made from the route table. */
import { z } from 'zod';
import { errorTable } from '../model/errors.ts';
import type { Route } from './route-table.ts';

const problem = {
  type: 'object',
  required: ['type', 'title', 'status', 'code', 'detail'],
  properties: {
    type: { type: 'string' },
    title: { type: 'string' },
    status: { type: 'integer' },
    code: { type: 'string', enum: Object.keys(errorTable) },
    detail: { type: 'string' },
  },
} as const;

export function describeApi(routes: readonly Route[], version: string): Record<string, unknown> {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const route of routes) {
    const path = route.path.replace('+}', '}');
    const parameters = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
      name,
      in: 'path',
      required: true,
      schema: { type: 'string' },
    }));
    paths[path] = { ...paths[path], [route.method]: describeRoute(route, parameters) };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Rescind',
      version,
      description: 'Takes access away from the right person, at the right moment, for a reason that can be shown.',
    },
    paths,
    components: { securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } }, schemas: { Problem: problem } },
  };
}

function describeRoute(route: Route, parameters: readonly unknown[]): Record<string, unknown> {
  const query =
    route.query === undefined
      ? undefined
      : (schemaOf(route.query, 'input') as { properties?: Record<string, unknown>; required?: string[] });
  const queryParameters = Object.entries(query?.properties ?? {}).map(([name, schema]) => ({
    name,
    in: 'query',
    required: query?.required?.includes(name) ?? false,
    schema,
  }));
  return {
    summary: route.summary,
    parameters: [...parameters, ...queryParameters],
    ...(route.access === 'anyone' ? {} : { security: [{ bearer: [] }], 'x-roles': route.access }),
    ...(route.body === undefined
      ? {}
      : { requestBody: { required: true, content: { 'application/json': { schema: schemaOf(route.body, 'input') } } } }),
    responses: {
      ...Object.fromEntries(
        Object.entries(route.answers).map(([status, { description, schema, type }]) => [
          status,
          {
            description,
            ...(schema === undefined && type === undefined
              ? {}
              : { content: { [type ?? 'application/json']: schema === undefined ? {} : { schema: schemaOf(schema, 'output') } } }),
          },
        ]),
      ),
      default: { description: 'Refused', content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } } },
    },
  };
}

function schemaOf(schema: z.ZodType, io: 'input' | 'output'): unknown {
  const { $schema: _dialect, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: 'any', override: keepDefault });
  return rest;
}

/** A default around a conversion is left out otherwise. */
function keepDefault({
  zodSchema,
  jsonSchema,
}: {
  readonly zodSchema: z.core.$ZodTypes;
  readonly jsonSchema: z.core.JSONSchema.BaseSchema;
}): void {
  const { def } = zodSchema._zod;
  if (def.type === 'default') jsonSchema.default = def.defaultValue as never;
}
