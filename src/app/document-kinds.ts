/** Every kind of document that a policy folder may hold: a new kind is one more line here. */
import { guardProfileKind, guardrailsKind } from '../guard/index.ts';
import { type DocumentKind, foldSchemas } from '../model/document-kind.ts';
import { detectionKind, exceptionKind, listKind, policyKind } from '../policy/index.ts';
import { riskModelKind } from '../risk/index.ts';

export const documentKinds: readonly DocumentKind[] = [
  policyKind,
  listKind,
  exceptionKind,
  detectionKind,
  riskModelKind,
  guardrailsKind,
  guardProfileKind,
];

/** What `policies/schema.json` holds. */
export function rescindJsonSchema(): Record<string, unknown> {
  return foldSchemas('Rescind policy folder', documentKinds);
}
