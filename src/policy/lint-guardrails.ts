/** What a policy says of guards for itself: it may tighten `guardrails.yaml`, never loosen it (E110). */
import { actionTypes, type Rung } from '../model/action.ts';
import { isActionType } from './action-parameters.ts';
import type { Report } from './document-set.ts';
import { parseDuration } from './duration.ts';
import type { PolicyDocument } from './schema.ts';

type Limit = { readonly window: string } & ({ readonly count: number } | { readonly percent: number; readonly min: number });

/** The guards as `guardrails.yaml` writes them, as far as a policy can meet them. */
export interface GuardBounds {
  readonly policy: { readonly rung3to4: readonly Limit[]; readonly rung5to6: readonly Limit[] };
  readonly group: { readonly limits: readonly Limit[] };
  readonly quietHours: { readonly effect: 'approval' | 'hold' };
  readonly corroboration: { readonly groups: number; readonly orProof: boolean };
  readonly cooldown: { readonly sameSubjectSameAction: string; readonly samePolicySameSubject: string };
  readonly expiry: Readonly<Record<'account.suspend' | 'ip.block' | 'device.disable', { readonly max: string }>>;
}

export function lintGuardrails(document: PolicyDocument, bounds: GuardBounds, report: Report): void {
  lintLimits(document, bounds, report);
  lintQuiet(document, bounds, report);
  lintCooldown(document, bounds, report);
  lintExpiry(document, bounds, report);
}

function lintLimits({ guardrails }: PolicyDocument, { policy, group }: GuardBounds, report: Report): void {
  for (const [type, text] of Object.entries(guardrails?.limits ?? {})) {
    if (!isActionType(type)) continue;
    const [count, window] = text.split('/') as [string, string];
    const rows = rowsOf(actionTypes[type].rung, policy);
    const loosest = rows.find((row) => mayPass(Number(count), window, row) > floorOf(row));
    if (loosest) {
      report('E110', ['guardrails', 'limits', type], `${text} is looser than ${floorOf(loosest)}/${loosest.window} of the guard policy`);
    }
  }
  const own = guardrails?.perGroup;
  const looser = own && group.limits.find((row) => 'percent' in row && (own.percent > row.percent || own.min > row.min));
  if (looser && 'percent' in looser) {
    report(
      'E110',
      ['guardrails', 'perGroup'],
      `is looser than ${looser.percent} % or ${looser.min} in ${looser.window} of the guard group`,
    );
  } else if (own && group.limits.some((row) => ms(own.window) < ms(row.window))) {
    report('E110', ['guardrails', 'perGroup', 'window'], 'is shorter than the window of the guard group');
  }
}

function rowsOf(rung: Rung, { rung3to4, rung5to6 }: GuardBounds['policy']): readonly Limit[] {
  return rung >= 5 ? rung5to6 : rung >= 3 ? rung3to4 : [];
}

/** How many the policy's own limit lets through inside the window of the guard. */
function mayPass(count: number, window: string, row: Limit): number {
  return count * Math.max(1, Math.ceil(ms(row.window) / ms(window)));
}

/** What a guard allows in the smallest organisation: its percent may only be more. */
function floorOf(row: Limit): number {
  return 'count' in row ? row.count : row.min;
}

function lintQuiet({ guardrails }: PolicyDocument, { quietHours, corroboration }: GuardBounds, report: Report): void {
  if (guardrails?.quietHours?.effect === 'approval' && quietHours.effect === 'hold') {
    report('E110', ['guardrails', 'quietHours', 'effect'], 'the guard quietHours holds');
  }
  const own = guardrails?.corroboration;
  if (!own) return;
  if (own.groups < corroboration.groups) {
    report('E110', ['guardrails', 'corroboration', 'groups'], `the guard corroboration asks for ${corroboration.groups}`);
  }
  if (own.unlessProof === true && !corroboration.orProof) {
    report('E110', ['guardrails', 'corroboration', 'unlessProof'], 'the guard corroboration makes no exception for proof');
  }
}

function lintCooldown({ cooldown }: PolicyDocument, bounds: GuardBounds, report: Report): void {
  for (const name of ['sameSubjectSameAction', 'samePolicySameSubject'] as const) {
    const own = cooldown?.[name];
    if (own !== undefined && ms(own) < ms(bounds.cooldown[name])) {
      report('E110', ['cooldown', name], `${own} is shorter than ${bounds.cooldown[name]} of the guard cooldown`);
    }
  }
}

function lintExpiry({ respond }: PolicyDocument, { expiry }: GuardBounds, report: Report): void {
  respond.ladder.forEach((step, index) => {
    step.actions.forEach((action, at) => {
      const { type, expires } = action;
      if (!isActionType(type) || !Object.hasOwn(expiry, type) || typeof expires !== 'string') return;
      const { max } = expiry[type as keyof GuardBounds['expiry']];
      if ((parseDuration(expires) ?? 0) > ms(max)) {
        report('E110', ['respond', 'ladder', index, 'actions', at, 'expires'], `${expires} is longer than ${max} of the guard expiry`);
      }
    });
  });
}

function ms(duration: string): number {
  return parseDuration(duration) as number;
}
