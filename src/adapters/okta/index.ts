/** Provider `okta`: what its events mean, and what is done on it. */
import type { AdapterDefinition } from '../contract.ts';
import { createOktaAdapter } from './adapter.ts';
import { manifest } from './manifest.ts';
import { oktaSettingsSchema } from './settings.ts';

export { createOktaFeed, type FeedOptions, type LogAnswer } from './feed.ts';
export { createOktaHook, type HookOptions } from './hook.ts';
export { headings, type NormaliseContext, normalise } from './normalise.ts';
export { type BodyFault, type BodyResult, hookBodyLimitBytes, readHookBody, readLogPage } from './read-bodies.ts';
export { type OktaSettings, oktaSettingsSchema } from './settings.ts';

export const okta: AdapterDefinition<typeof oktaSettingsSchema> = {
  provider: 'okta',
  manifest,
  settings: oktaSettingsSchema,
  create: createOktaAdapter,
};
