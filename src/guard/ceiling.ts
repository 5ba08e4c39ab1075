/** How far the configuration lets policies go on one connection for one person. */
import type { CeilingEntry, Enforcement } from '../model/settings.ts';

/** The entries of the connection and of the person's groups replace the default; of several the strictest wins. */
export function ceilingFor(connection: string, groups: readonly string[], enforcement: Enforcement): CeilingEntry {
  const entries = [own(enforcement.connections, connection), ...groups.map((group) => own(enforcement.groups, group))].filter(
    (entry) => entry !== undefined,
  );
  const [first = enforcement.default, ...others] = entries;
  return others.reduce(
    (strictest, entry) => ({
      mode: strictest.mode === 'report-only' ? 'report-only' : entry.mode,
      maxRung: entry.maxRung < strictest.maxRung ? entry.maxRung : strictest.maxRung,
    }),
    first,
  );
}

function own(entries: Readonly<Record<string, CeilingEntry>>, key: string): CeilingEntry | undefined {
  return Object.hasOwn(entries, key) ? entries[key] : undefined;
}
