/** How far a policy may go: the configuration's ceiling for one connection, and the policy's own share of subjects. */
import { createHash } from 'node:crypto';
import type { CeilingEntry, JudgingSettings } from '../model/settings.ts';
import type { Situation } from '../model/situation.ts';

/** The entries of the connection and of the person's groups replace the default; of several the strictest wins. */
export function ceilingOf(connection: string, situation: Situation, { enforcement }: JudgingSettings): CeilingEntry {
  let strictest: CeilingEntry | undefined;
  const take = (entry: CeilingEntry | undefined): void => {
    if (entry === undefined) return;
    strictest =
      strictest === undefined
        ? entry
        : {
            mode: strictest.mode === 'report-only' ? 'report-only' : entry.mode,
            maxRung: entry.maxRung < strictest.maxRung ? entry.maxRung : strictest.maxRung,
          };
  };
  if (Object.hasOwn(enforcement.connections, connection)) take(enforcement.connections[connection]);
  for (const group of situation.identity?.groups ?? []) if (Object.hasOwn(enforcement.groups, group)) take(enforcement.groups[group]);
  return strictest ?? enforcement.default;
}

/** The same subjects fall into the share every time, people under whatever name; another salt draws others. */
export function inRollout(rollout: { readonly percent: number; readonly salt: string }, subjectId: string): boolean {
  if (rollout.percent >= 100) return true;
  const drawn = createHash('sha256').update(`${rollout.salt}\n${subjectId}`).digest().readUInt32BE(0) / 0x1_0000_0000;
  return drawn * 100 < rollout.percent;
}
