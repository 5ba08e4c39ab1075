/** Doubts about documents as a whole: what is past, unmapped, untested, or relies on what is not configured. */
import { parseYaml } from '../model/document.ts';
import { putBackType, undoType } from '../model/undo.ts';
import { verdictType } from '../model/verdict.ts';
import type { CompiledPolicy } from './compiled.ts';
import type { Doubt, DoubtContext } from './doubts.ts';
import { scorePercent, wantedScore } from './mutation.ts';

/** Made by the service for its own work, which no policy answers. */
const ownTypes = new Set([undoType, putBackType, 'drill', 'operator_order', verdictType]);

export function documentDoubts(context: DoubtContext, doubt: Doubt): void {
  const { policies, configured } = context;
  for (const policy of policies.policies) {
    mappingDoubts(policy, doubt);
    directDoubts(policy, doubt);
    if (configured) {
      offerDoubts(policy, configured.offered, doubt);
      approverDoubts(policy, configured.operatorGroups, doubt);
    }
  }
  unmatchedDoubts(context, doubt);
  mutationDoubts(context, doubt);
  dateDoubts(context, doubt);
}

/** W210 */
function mappingDoubts({ file, document: { metadata } }: CompiledPolicy, doubt: Doubt): void {
  const mapped = (metadata.attack?.length ?? 0) + Object.values(metadata.controls ?? {}).flat().length;
  if (mapped === 0) doubt('W210', file, ['metadata'], 'is mapped to no ATT&CK technique and to no control');
}

/** W214: not a doubt about one of them, but a list that somebody should know by heart. */
function directDoubts({ file, document, steps }: CompiledPolicy, doubt: Doubt): void {
  if (document.direct !== true) return;
  const exempt = steps.filter(({ direct }) => direct).map(({ name, rung }) => `${name} (${rung})`);
  doubt('W214', file, ['direct'], `acts without a score, at ${exempt.join(', ')}: ${document.directReason}`);
}

/** W213 */
function offerDoubts({ file, steps }: CompiledPolicy, offered: ReadonlySet<string>, doubt: Doubt): void {
  for (const { index, actions } of steps) {
    actions.forEach(({ type }, at) => {
      if (!offered.has(type)) doubt('W213', file, ['respond', 'ladder', index, 'actions', at, 'type'], `no connection offers ${type}`);
    });
  }
}

/** W216 */
function approverDoubts({ file, document }: CompiledPolicy, groups: ReadonlySet<string>, doubt: Doubt): void {
  const check = (name: string, path: readonly PropertyKey[]) => {
    if (name.startsWith('group:') && !groups.has(name.slice('group:'.length)))
      doubt('W216', file, path, `${name} has no entry in operators.groups: what it is asked falls to the admins`);
  };
  check(document.metadata.owner, ['metadata', 'owner']);
  for (const [name, { approvers }] of Object.entries(document.approvals ?? {})) {
    approvers.forEach((approver, index) => {
      check(approver, ['approvals', name, 'approvers', index]);
    });
  }
}

/** W205, in one line: most types move the score and start nothing. */
function unmatchedDoubts({ policies, counted, model, files }: DoubtContext, doubt: Doubt): void {
  const unmatched = [...model.types.keys()].filter((type) => !policies.bySignalType.has(type) && !counted.has(type) && !ownTypes.has(type));
  if (unmatched.length > 0 && files.has('risk.yaml'))
    doubt(
      'W205',
      'risk.yaml',
      ['types'],
      `${unmatched.length} signal types are matched by no policy and counted by no detection: ${unmatched.sort().join(', ')}`,
    );
}

/** W208 */
function mutationDoubts({ mutations }: DoubtContext, doubt: Doubt): void {
  for (const score of mutations) {
    const percent = scorePercent(score);
    const first = score.survivors[0];
    if (percent >= 100 * wantedScore || first === undefined) continue;
    doubt(
      'W208',
      score.file,
      first.path,
      `the tests notice ${score.killed} of ${score.total} wrong versions (${Math.floor(percent)} %); not: ${first.change}`,
    );
  }
}

/** W215 and W209, of documents of any kind: dates are days, and a day is past when the next has begun. */
function dateDoubts({ files, today }: DoubtContext, doubt: Doubt): void {
  for (const [file, text] of files) {
    const parsed = parseYaml(text, file);
    const document = parsed.ok
      ? (parsed.value as {
          readonly metadata?: { readonly reviewBy?: unknown };
          readonly kind?: unknown;
          readonly entries?: unknown;
        } | null)
      : null;
    const reviewBy = document?.metadata?.reviewBy;
    if (typeof reviewBy === 'string' && reviewBy < today)
      doubt('W215', file, ['metadata', 'reviewBy'], `was to be reviewed by ${reviewBy}`);
    if (document?.kind !== 'List' || !Array.isArray(document.entries)) continue;
    document.entries.forEach((entry: { readonly expires?: unknown } | null, index) => {
      const expires = entry?.expires;
      if (typeof expires === 'string' && expires.slice(0, 10) < today)
        doubt('W209', file, ['entries', index], `the entry expired on ${expires}`);
    });
  }
}
