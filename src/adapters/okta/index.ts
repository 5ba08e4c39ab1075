/** Provider `okta`, the half that reads: what its events mean. */
export { createOktaFeed, type FeedOptions, type LogAnswer } from './feed.ts';
export { createOktaHook, type HookOptions } from './hook.ts';
export { headings, type NormaliseContext, normalise } from './normalise.ts';
export { type BodyFault, type BodyResult, hookBodyLimitBytes, readHookBody, readLogPage } from './read-bodies.ts';
