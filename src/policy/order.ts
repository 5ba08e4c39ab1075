/** What a person's order asks for. It has no policy: what is wanted stands in the signal, which only the service makes. */
import type { Rung } from '../model/action.ts';
import { actionTypes } from '../model/action.ts';
import type { Intent, Reason, WantedAction } from '../model/decision.ts';
import { type OrderedAction, orderType } from '../model/order.ts';
import type { JudgingSettings } from '../model/settings.ts';
import type { Situation } from '../model/situation.ts';
import type { SubjectKind } from '../model/subject.ts';
import { fallsOnAccounts, parameterFaults, rungOf } from './action-parameters.ts';
import type { PolicyAction } from './schema.ts';

/** Stands for the policy in records of what no policy asked for. */
const noPolicy = 'none';
/** The approval of somebody else than who gave the order. */
const secondPerson = 'secondPerson';

/** One that says what is ordered; anything else of the type wants nothing, as no policy asks for it. */
export function isOrder({ signal }: Situation): boolean {
  return signal.type === orderType && signal.cause === 'person' && typeof signal.facts['actions'] === 'string';
}

/** Why an action cannot be ordered about a person; undefined where it can. */
export function orderFault({ type, parameters }: OrderedAction): string | undefined {
  const kinds: readonly SubjectKind[] = actionTypes[type].kinds;
  if (!kinds.includes('person')) return `${type} is not for people`;
  const [fault] = parameterFaults(type, asWritten(type, parameters), true);
  return fault && `parameters.${fault.parameter}: ${fault.message}`;
}

/**
 * All actions are one step, of the highest rung among them. Neither mode nor ceiling is asked. `personFromRung`: from which rung on a
 * connection's guards want a second person.
 */
export function intendOrder(situation: Situation, settings: JudgingSettings, personFromRung: (connection: string) => number): Intent {
  const ordered = JSON.parse(String(situation.signal.facts['actions'])) as readonly OrderedAction[];
  const rung = Math.max(0, ...ordered.map(({ type, parameters }) => rungOf(type, asWritten(type, parameters)))) as Rung;
  const wanted = ordered.flatMap((action) =>
    targetsOf(action, situation, settings).map(({ connection, accountId }): WantedAction => {
      const configured = Object.hasOwn(settings.connections, connection) ? settings.connections[connection] : undefined;
      return {
        type: action.type,
        connection,
        accountId,
        parameters: action.parameters,
        policyId: noPolicy,
        step: orderType,
        rung,
        enforced: true,
        direct: true,
        nowOrNever: true,
        ...(rung >= personFromRung(connection) ? { approval: secondPerson } : {}),
        ...(configured?.actions.includes(action.type) ? {} : { unsupported: true }),
      };
    }),
  );
  const missing = [...new Set(wanted.filter(({ unsupported }) => unsupported).map(({ connection }) => connection))];
  return {
    policyId: null,
    policyVersion: null,
    mode: 'order',
    rung,
    step: orderType,
    wanted,
    fallbacks: [],
    reasons: missing.map((connection): Reason => ({ code: 'unsupported', ref: connection })),
    trace: [],
  };
}

type Target = Pick<WantedAction, 'connection' | 'accountId'>;

/** What no connection offers still has one target, so that it is recorded. */
function targetsOf({ type, connection }: OrderedAction, { identity }: Situation, settings: JudgingSettings): readonly Target[] {
  const meant = (name: string) => (connection === undefined ? Object.hasOwn(settings.connections, name) : name === connection);
  const found: readonly Target[] = fallsOnAccounts(type)
    ? (identity?.accounts ?? []).filter((account) => meant(account.connection)).map((account) => ({ ...account, accountId: account.id }))
    : Object.keys(settings.connections)
        .filter((name) => meant(name) && settings.connections[name]?.actions.includes(type))
        .sort()
        .map((name) => ({ connection: name, accountId: null }));
  return found.length > 0 ? found : [{ connection: connection ?? 'none', accountId: null }];
}

function asWritten(type: OrderedAction['type'], parameters: OrderedAction['parameters']): PolicyAction {
  return { type, ...parameters } as PolicyAction;
}
