/** Spans of time in documents. */
export { durationPattern, parseDuration } from '../model/duration.ts';
