/** Signals that a limit or a surge gathers: one thing for a person to look at, whatever the number of people. */

export const incidentStates = ['open', 'judged', 'closed'] as const;
/** `closed`: it went quiet before anybody judged it; it may still be judged. */
export type IncidentState = (typeof incidentStates)[number];

export const incidentVerdicts = ['true', 'false'] as const;
export type IncidentVerdict = (typeof incidentVerdicts)[number];

/** From this person on a surge is an incident, though it still lets people through. */
export const surgeGathersFrom = 5;

/** Counters of the guard `surge`, but for those that let one person in a hundred through, and those of sandboxes. */
export function isSurgeScope(scope: string): boolean {
  return /^surge:(?!rung2:|sandbox\/)/.test(scope);
}

/** What came from a source before its first hit belongs to it: the window of a surge. */
export const gatheredBackMs = 3_600_000;
/** Without a hit for so long, the next one is another incident: the longest window of a limit. */
export const quietMs = 86_400_000;
