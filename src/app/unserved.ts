/** What the configuration may say already and this version does not serve: said at the start, never silently ignored. */
import { AppError } from '../model/errors.ts';
import type { Log } from '../model/log.ts';
import type { Settings } from '../settings/index.ts';

/** Warns for each part that has no effect; refuses what nobody could work without. */
export function reportUnserved(settings: Settings, log: Log): void {
  if (settings.keys?.provider === 'kms-command')
    throw new AppError('config.invalid', 'keys.provider: kms-command is not in this version; use file');
  const unserved = [
    ...settings.receivers.map(({ id }) => `receivers.${id}`),
    ...settings.transmitters.filter(({ delivery }) => delivery === 'poll').map(({ id }) => `transmitters.${id}: poll delivery`),
    ...(settings.operators.oidc === undefined ? [] : ['operators.oidc']),
    ...(settings.signers.length === 0 ? [] : ['signers']),
    ...(settings.network.proxy === undefined ? [] : ['network.proxy']),
  ];
  for (const part of unserved) log.warn({ part }, 'config.notServed');
}
