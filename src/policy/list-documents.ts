/** The document `kind: List`: named address ranges or texts, each with somebody who answers for it and a day on which it ends. */
import { z } from 'zod';
import { fromRfc3339, type Instant, toRfc3339 } from '../model/clock.ts';
import type { DocumentKind } from '../model/document-kind.ts';
import type { Loaded } from './document-set.ts';
import { type CompiledList, compileList, isRange } from './lists.ts';
import { documentId, metadataShape, ownerForm } from './schema.ts';
import { findSecrets } from './secrets.ts';

const dayMs = 86_400_000;

export const listSchema = z.strictObject({
  apiVersion: z.literal('rescind/v1'),
  kind: z.literal('List'),
  metadata: z.strictObject({ id: documentId, ...metadataShape }),
  type: z.enum(['cidr', 'text']),
  entries: z
    .array(
      z.strictObject({
        value: z.string().trim().min(1).max(500),
        /** Owner and expiry are judged as E122. */
        owner: z.string().max(200).optional(),
        note: z.string().trim().min(1).max(500).optional(),
        expires: z.string().max(40).optional(),
      }),
    )
    .max(10_000),
});

export type ListDocument = z.output<typeof listSchema>;

/** Reports every fault of a list; an entry that has expired is none, for a restart after a date must not stop anything. */
export function compileListDocument({ document, report }: Loaded<ListDocument>): CompiledList {
  if (!ownerForm.test(document.metadata.owner)) report('E113', ['metadata', 'owner'], 'an owner is `group:NAME` or `user:NAME`');
  for (const path of findSecrets(document)) report('E115', path, 'looks like a secret');
  const entries = document.entries.map((entry, index) => {
    const at = ['entries', index];
    if (document.type === 'cidr' && !isRange(entry.value))
      report('E101', [...at, 'value'], 'expected an address or a range like 198.51.100.0/24');
    if (entry.owner === undefined) report('E122', at, 'an entry needs an `owner`');
    else if (!ownerForm.test(entry.owner)) report('E113', [...at, 'owner'], 'an owner is `group:NAME` or `user:NAME`');
    if (entry.expires === undefined) report('E122', at, 'an entry needs `expires`');
    const until = entry.expires === undefined ? undefined : endOf(entry.expires);
    if (entry.expires !== undefined && until === undefined)
      report('E101', [...at, 'expires'], 'expected a date, YYYY-MM-DD, or an instant like 2027-01-31T18:00:00Z');
    return { value: entry.value, until: until ?? Number.NEGATIVE_INFINITY };
  });
  return compileList(entries);
}

/** An entry holds through the whole of its last day, in UTC; with a time, up to that instant. */
export function endOf(expires: string): Instant | undefined {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(expires)) return fromRfc3339(expires);
  const midnight = fromRfc3339(`${expires}T00:00:00Z`);
  // The thirtieth of February is read as a day of March.
  return midnight === undefined || !toRfc3339(midnight).startsWith(expires) ? undefined : midnight + dayMs;
}

export const listKind: DocumentKind = { kind: 'List', place: 'lists/*.yaml', schema: listSchema };
