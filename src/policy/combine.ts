/** Several policies, one set of actions: the union, and of the same action the strongest parameters. */
import type { ActionParameters } from '../model/action.ts';
import type { PolicyCooldown, WantedAction } from '../model/decision.ts';
import { parseDuration } from './duration.ts';

/** Parameters that say what an action falls on: two groups are two actions, two strengths are one. */
const naming = ['group', 'role', 'factor', 'playbook', 'event', 'receiver', 'propose', 'to', 'template'] as const;

/** Reports add nothing to what is enforced: only actions of the same standing meet. */
export function combineActions(wanted: readonly WantedAction[]): readonly WantedAction[] {
  const byEffect = new Map<string, WantedAction>();
  for (const action of wanted) {
    const key = keyOf(action);
    const known = byEffect.get(key);
    byEffect.set(key, known === undefined ? action : together(known, action));
  }
  return [...byEffect.values()];
}

function together(known: WantedAction, action: WantedAction): WantedAction {
  const { unsupported: _, ...kept } = known;
  // What one of them cannot do without more, such as a session that nobody named, the other may say.
  const neither = known.unsupported && action.unsupported ? { unsupported: true as const } : {};
  return { ...kept, ...strictest(known, action), ...neither, parameters: strongest(known.parameters, action.parameters) };
}

function keyOf({ type, connection, accountId, enforced, policyId, parameters }: WantedAction): string {
  let key = `${type}\n${connection}\n${accountId ?? ''}\n${enforced ? 'enforced' : policyId}`;
  for (const name of naming) if (parameters[name] !== undefined) key += `\n${name}\n${parameters[name]}`;
  return key;
}

/** The approvals of both are demanded, each of its own approvers, and the longer cooldown; exempt is only what both exempt. */
function strictest(a: WantedAction, b: WantedAction): Partial<WantedAction> {
  const alsoApproved = [
    ...(a.alsoApproved ?? []),
    ...(b.approval === undefined ? [] : [{ policyId: b.policyId, name: b.approval }]),
    ...(b.alsoApproved ?? []),
  ];
  return {
    direct: a.direct && b.direct,
    ...(alsoApproved.length === 0 ? {} : { alsoApproved }),
    ...(a.cooldown === undefined && b.cooldown === undefined ? {} : { cooldown: longest(a.cooldown, b.cooldown) }),
  };
}

function longest(a: PolicyCooldown = {}, b: PolicyCooldown = {}): PolicyCooldown {
  return {
    actionMs: Math.max(a.actionMs ?? 0, b.actionMs ?? 0),
    policyMs: Math.max(a.policyMs ?? 0, b.policyMs ?? 0),
  };
}

function strongest(a: ActionParameters, b: ActionParameters): ActionParameters {
  const merged: Record<string, string | number | boolean> = { ...b, ...a };
  for (const name of Object.keys(merged)) {
    const [left, right] = [a[name], b[name]];
    if (left === undefined || right === undefined || left === right) continue;
    merged[name] = strongerOf(name, left, right);
  }
  return merged;
}

function strongerOf(name: string, a: string | number | boolean, b: string | number | boolean): string | number | boolean {
  const spans = [parseDuration(String(a)), parseDuration(String(b))];
  if (name === 'for' && spans[0] !== undefined && spans[1] !== undefined) return spans[0] >= spans[1] ? a : b;
  // A longer suspension needs an approval of its own.
  if (name === 'expires' && spans[0] !== undefined && spans[1] !== undefined) return spans[0] <= spans[1] ? a : b;
  if (a === 'all' || a === 'phishingResistant') return a;
  return b === 'all' || b === 'phishingResistant' ? b : a;
}
