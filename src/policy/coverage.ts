/** What a set of policies answers, as tables: signals, ATT&CK techniques, controls, and what connections can do of it. */
import { type ActionType, actionTypeNames, actionTypes, type Rung, restoringTypes } from '../model/action.ts';
import type { SignalCatalogue } from '../model/catalogue.ts';
import type { CompiledPolicies, CompiledPolicy } from './compiled.ts';

export type Support = 'done' | 'substitute' | 'refused';

/** What a connection does of an action by its adapter's manifest; a type that is not there is refused. */
export interface Offer {
  readonly connection: string;
  readonly actions: Readonly<Partial<Record<ActionType, { readonly support: 'full' | 'substitute' }>>>;
}

/** A policy in a cell: `rung` is the highest that it may ask for. */
export interface Cell {
  readonly policyId: string;
  readonly rung: Rung;
}

export interface Coverage {
  readonly signals: readonly { readonly type: string; readonly group: string; readonly policies: readonly Cell[] }[];
  readonly attack: readonly { readonly technique: string; readonly policies: readonly Cell[] }[];
  readonly controls: readonly { readonly framework: string; readonly control: string; readonly policies: readonly Cell[] }[];
  readonly actions: readonly {
    readonly type: ActionType;
    readonly rung: Rung;
    readonly policies: readonly Cell[];
    readonly connections: Readonly<Record<string, Support>>;
  }[];
}

/** In the order of names, so that two outputs can be compared line by line. */
export function coverageOf({ policies, bySignalType }: CompiledPolicies, { types }: SignalCatalogue, offers: readonly Offer[]): Coverage {
  const techniques = policies.flatMap((policy) => policy.document.metadata.attack ?? []);
  const controls = policies.flatMap(({ document }) =>
    Object.entries(document.metadata.controls ?? {}).flatMap(([framework, names]) => names.map((control) => ({ framework, control }))),
  );
  return {
    signals: [...types]
      .map(([type, { group }]) => ({ type, group, policies: (bySignalType.get(type) ?? []).map(cellOf) }))
      .sort((a, b) => compare(a.type, b.type)),
    attack: [...new Set(techniques)].sort(compare).map((technique) => ({
      technique,
      policies: policies.filter(({ document }) => document.metadata.attack?.includes(technique)).map(cellOf),
    })),
    controls: [...new Map(controls.map((each) => [`${each.framework} ${each.control}`, each])).values()]
      .sort((a, b) => compare(a.framework, b.framework) || compare(a.control, b.control))
      .map(({ framework, control }) => ({
        framework,
        control,
        policies: policies.filter(({ document }) => document.metadata.controls?.[framework]?.includes(control)).map(cellOf),
      })),
    actions: actionTypeNames
      .filter((type) => !restoringTypes.includes(type))
      .map((type) => ({
        type,
        rung: actionTypes[type].rung,
        policies: policies.filter(({ steps }) => steps.some(({ actions }) => actions.some((action) => action.type === type))).map(cellOf),
        connections: Object.fromEntries(offers.map((offer) => [offer.connection, supportOf(type, offer)])),
      })),
  };
}

function cellOf({ id, steps }: CompiledPolicy): Cell {
  return { policyId: id, rung: Math.max(...steps.map(({ rung }) => rung)) as Rung };
}

function supportOf(type: ActionType, { actions }: Offer): Support {
  const capability = actions[type];
  return capability === undefined ? 'refused' : capability.support === 'full' ? 'done' : 'substitute';
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
