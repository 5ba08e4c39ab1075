import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { newId, openWorld, type World } from './world.ts';

interface Described {
  readonly openapi: string;
  readonly paths: Record<string, Record<string, Operation>>;
}
interface Operation {
  readonly parameters: readonly { readonly name: string; readonly in: string; readonly schema: JsonSchema }[];
  readonly requestBody?: { readonly content: Record<string, { readonly schema: JsonSchema }> };
  readonly responses: Record<string, { readonly content?: Record<string, { readonly schema?: JsonSchema }> }>;
}
type JsonSchema = Parameters<typeof z.fromJSONSchema>[0];

let world: World;
let api: Described;
beforeAll(async () => {
  world = await openWorld();
  api = (await (await world.ask('/openapi.json')).json()) as Described;
});
afterAll(() => world.close());

describe('the description of the API', () => {
  it('holds every route that is mounted, and no other', () => {
    const stack = (world.app as unknown as { router: { stack: { route?: { path: string; methods: Record<string, boolean> } }[] } }).router
      .stack;
    const mounted = new Set<string>();
    for (const { route } of stack) {
      // What takes every method is the answer 405.
      if (route === undefined || Object.keys(route.methods).length > 2) continue;
      const path = route.path.replace(/[:*](\w+)/g, '{$1}');
      for (const method of Object.keys(route.methods)) mounted.add(`${method} ${path}`);
    }
    for (const apart of ['post /ssf/events/{transmitter}', 'get /hooks/{connection}', 'post /hooks/{connection}']) mounted.add(apart);
    const described = Object.entries(api.paths).flatMap(([path, methods]) => Object.keys(methods).map((method) => `${method} ${path}`));
    expect(mounted.size).toBeGreaterThan(28);
    expect(described.sort()).toEqual([...mounted].sort());
  });

  it('has schemas that compile, each parameter of a path, and a refusal for each route', () => {
    expect(api.openapi).toBe('3.1.0');
    for (const [path, methods] of Object.entries(api.paths)) {
      for (const operation of Object.values(methods)) {
        const named = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
        expect(operation.parameters.filter((one) => one.in === 'path').map(({ name }) => name)).toEqual(named);
        for (const { schema } of operation.parameters) z.fromJSONSchema(schema);
        for (const { schema } of Object.values(operation.requestBody?.content ?? {})) z.fromJSONSchema(schema);
        for (const { content } of Object.values(operation.responses))
          for (const { schema } of Object.values(content ?? {}))
            if (typeof schema === 'object' && !('$ref' in schema)) z.fromJSONSchema(schema);
        expect(operation.responses['default']?.content).toHaveProperty(['application/problem+json']);
      }
    }
  });

  it('tells limits of a list as they are', () => {
    const limit = api.paths['/api/v1/plans']?.['get']?.parameters.find(({ name }) => name === 'limit');
    expect(limit?.schema).toMatchObject({ type: 'integer', minimum: 1, maximum: 500, default: 50 });
  });

  it('fits what is answered', async () => {
    world.items.plans.push({
      id: newId(),
      decisionId: newId(),
      connection: 'sandbox',
      state: 'held',
      heldFor: 'people',
      createdAt: '2026-05-04T10:00:00.000Z',
    });
    for (const path of ['/api/v1/plans', '/healthz', '/readyz', '/api/v1/ledger/keys']) {
      const schema = api.paths[path]?.['get']?.responses['200']?.content?.['application/json']?.schema as JsonSchema;
      const answer: unknown = await (await world.ask(path, { as: 'admin' })).json();
      expect(z.fromJSONSchema(schema).safeParse(answer).error, path).toBeUndefined();
    }
  });
});
