/** What of the configuration can change a decision, in the shape in which it is stored beside decisions. */
import type { Manifest } from '../adapters/contract.ts';
import type { JudgingSettings } from '../model/settings.ts';
import type { Settings } from './schema.ts';

/** `manifests` by provider; a connection of a provider without one offers no actions. */
export function judgingSettings(settings: Settings, manifests: ReadonlyMap<string, Pick<Manifest, 'actions'>>): JudgingSettings {
  const { timeZone, workingHours } = settings.organisation;
  return {
    enforcement: settings.enforcement,
    overrides: settings.overrides,
    profile: settings.profile,
    calendar: {
      ...(timeZone === undefined ? {} : { timeZone }),
      ...(workingHours === undefined ? {} : { workingHours }),
    },
    connections: Object.fromEntries(
      settings.connections.map(({ id, provider, profile }) => [
        id,
        { provider, profile, actions: Object.keys(manifests.get(provider)?.actions ?? {}).sort() },
      ]),
    ),
  };
}
