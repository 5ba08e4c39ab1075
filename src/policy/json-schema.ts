/** The JSON Schema that editors complete and check the documents of a policy folder by. */
import { z } from 'zod';
import { detectionSchema } from './detection/schema.ts';
import { policySchema } from './schema.ts';

export function policyJsonSchema(): Record<string, unknown> {
  return {
    title: 'Rescind policy document',
    ...z.toJSONSchema(z.discriminatedUnion('kind', [policySchema, detectionSchema]), { io: 'input' }),
  };
}
