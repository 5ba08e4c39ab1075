/** The JSON Schema that editors complete and check policy documents by. */
import { z } from 'zod';
import { policySchema } from './schema.ts';

export function policyJsonSchema(): Record<string, unknown> {
  return { title: 'Rescind policy', ...z.toJSONSchema(policySchema, { io: 'input' }) };
}
