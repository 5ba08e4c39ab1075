/** The document `kind: Exception`: for some subjects, for at most thirty days, policies go less far. It never makes one go further. */
import { z } from 'zod';
import { fromRfc3339, type Instant } from '../model/clock.ts';
import type { DocumentKind } from '../model/document-kind.ts';
import type { Situation } from '../model/situation.ts';
import { personalKinds } from '../model/subject.ts';
import type { Loaded } from './document-set.ts';
import { type CompiledList, compileList, isRange, lasting } from './lists.ts';
import { documentId, metadataShape, ownerForm } from './schema.ts';
import { findSecrets } from './secrets.ts';
import { thingOf } from './targets.ts';

const effects = ['report-only', 'excluded'] as const;
const thirtyDaysMs = 30 * 86_400_000;
const identityId = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

const subjectSchema = z.union(
  [
    z.strictObject({ group: z.string().min(1).max(200) }),
    z.strictObject({ list: documentId }),
    z.strictObject({ kind: z.enum(['person', 'device', 'network', 'host', 'asset']), id: z.string().trim().min(1).max(500) }),
  ],
  { error: 'must be { group }, { list }, or { kind: person, device, network, host or asset, id }' },
);

export const exceptionSchema = z.strictObject({
  apiVersion: z.literal('rescind/v1'),
  kind: z.literal('Exception'),
  metadata: z.strictObject({ id: documentId, ...metadataShape }),
  subject: subjectSchema,
  policies: z.array(documentId).min(1).max(64),
  /** One that strengthens, and a missing approver, are judged as E121. */
  effect: z.string().max(40),
  reason: z.string().trim().min(1).max(2000),
  approvedBy: z.string().max(200).optional(),
  startsAt: z.string().max(40),
  expiresAt: z.string().max(40),
});

export type ExceptionDocument = z.output<typeof exceptionSchema>;

export interface CompiledException {
  readonly id: string;
  readonly effect: (typeof effects)[number];
  readonly policies: readonly string[];
  readonly runs: (now: Instant) => boolean;
  readonly covers: (situation: Situation, lists: ReadonlyMap<string, CompiledList>) => boolean;
}

/** `undefined` where the document cannot be meant; faults are reported either way. Dates that have passed are none. */
export function compileException(
  { document, report }: Loaded<ExceptionDocument>,
  known: { readonly policies: { has(id: string): boolean }; readonly lists: { has(id: string): boolean } },
): CompiledException | undefined {
  const { metadata, subject, effect, approvedBy } = document;
  if (!ownerForm.test(metadata.owner)) report('E113', ['metadata', 'owner'], 'an owner is `group:NAME` or `user:NAME`');
  for (const path of findSecrets(document)) report('E115', path, 'looks like a secret');
  document.policies.forEach((id, index) => {
    if (!known.policies.has(id)) report('E106', ['policies', index], `there is no policy \`${id}\``);
  });
  if ('list' in subject && !known.lists.has(subject.list)) report('E106', ['subject', 'list'], `there is no list \`${subject.list}\``);
  if ('id' in subject && subject.kind === 'person' && !identityId.test(subject.id))
    report('E101', ['subject', 'id'], 'a person is named by identity id, as decisions name them');
  if ('id' in subject && subject.kind === 'network' && !isRange(subject.id))
    report('E101', ['subject', 'id'], 'a network is an address or a range like 198.51.100.0/24');
  if (approvedBy === undefined) report('E121', [], 'an exception needs `approvedBy`');
  else if (!/^user:\S+$/.test(approvedBy)) report('E121', ['approvedBy'], 'an approver is a person: `user:NAME`');
  else if ('id' in subject && approvedBy === `user:${subject.id}`)
    report('E121', ['approvedBy'], 'nobody approves an exception for themselves');
  const [starts, expires] = (['startsAt', 'expiresAt'] as const).map((name) => {
    const at = fromRfc3339(document[name]);
    if (at === undefined) report('E101', [name], 'expected an instant like 2026-05-28T00:00:00Z');
    return at;
  });
  if (!isEffect(effect)) report('E121', ['effect'], 'an exception never strengthens: `report-only` or `excluded`');
  if (starts === undefined || expires === undefined || !isEffect(effect)) return undefined;
  if (expires <= starts) report('E101', ['expiresAt'], 'must be after `startsAt`');
  if (expires - starts > thirtyDaysMs) report('E121', ['expiresAt'], 'an exception lasts 30 days at most');
  return {
    id: metadata.id,
    effect,
    policies: document.policies,
    runs: (now) => starts <= now && now < expires,
    covers: (situation, lists) => covers(subject, situation, lists),
  };
}

function isEffect(text: string): text is CompiledException['effect'] {
  return (effects as readonly string[]).includes(text);
}

/** People by identity id or directory group, under whatever name a sender called them; everything else by its own id. */
function covers(subject: ExceptionDocument['subject'], situation: Situation, lists: ReadonlyMap<string, CompiledList>): boolean {
  const { identity, now } = situation;
  if ('group' in subject) return identity?.groups.includes(subject.group) ?? false;
  const { kind } = situation.subject;
  const id = personalKinds.includes(kind) ? identity?.id : thingOf(situation);
  if (id === undefined) return false;
  if ('list' in subject) return lists.get(subject.list)?.names(id, now) ?? false;
  if (subject.kind === 'person') return personalKinds.includes(kind) && subject.id === id;
  if (subject.kind !== kind) return false;
  return kind === 'network' ? compileList(lasting([subject.id])).names(id, now) : subject.id === id;
}

export const exceptionKind: DocumentKind = { kind: 'Exception', place: 'exceptions/*.yaml', schema: exceptionSchema };
