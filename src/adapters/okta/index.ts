/** Provider `okta`, the half that reads: what its events mean. */
export { headings, type NormaliseContext, normalise } from './normalise.ts';
export { type BodyFault, type BodyResult, hookBodyLimitBytes, readHookBody, readLogPage } from './read-bodies.ts';
