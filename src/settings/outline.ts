/** What a configuration names, read without its secrets: for checks on machines where no environment variable is set. */
import { parseYaml } from '../model/document.ts';

export interface SettingsOutline {
  readonly connections: readonly { readonly id: string; readonly provider: string }[];
  /** Guard profiles that are written for the organisation or a connection. */
  readonly profiles: readonly string[];
  /** How many people the configuration names itself. */
  readonly people: number;
  readonly transmitters: readonly string[];
  /** Groups of `operators.groups` that somebody is in. */
  readonly operatorGroups: readonly string[];
}

/** Takes what is well formed and leaves the rest alone; `undefined` where the text is no YAML map. `readSettings` tells the faults. */
export function outlineSettings(text: string): SettingsOutline | undefined {
  const parsed = parseYaml(text, '');
  if (!parsed.ok || !isMap(parsed.value)) return undefined;
  const { connections, transmitters, operators, identities, profile } = parsed.value;
  const groups = isMap(operators) && isMap(operators['groups']) ? operators['groups'] : {};
  return {
    connections: items(connections).flatMap(({ id, provider }) =>
      typeof id === 'string' && typeof provider === 'string' ? [{ id, provider }] : [],
    ),
    profiles: [profile, ...items(connections).map((connection) => connection['profile'])].filter((name) => typeof name === 'string'),
    people: items(identities).length,
    transmitters: items(transmitters).flatMap(({ id }) => (typeof id === 'string' ? [id] : [])),
    operatorGroups: Object.keys(groups).filter((name) => Array.isArray(groups[name]) && groups[name].length > 0),
  };
}

function items(value: unknown): readonly Readonly<Record<string, unknown>>[] {
  return Array.isArray(value) ? value.filter(isMap) : [];
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
