/** `enforcement`: how far policies may go, in the short and the full form, brought into the shape that judging reads. */
import { z } from 'zod';
import type { Rung } from '../model/action.ts';
import type { CeilingEntry, Enforcement } from '../model/settings.ts';

const modeSchema = z.enum(['enforce', 'report-only'], { error: 'must be enforce or report-only' });
const rungSchema = z.union([0, 1, 2, 3, 4, 5, 6].map((rung) => z.literal(rung as Rung)) as [z.ZodLiteral<Rung>, ...z.ZodLiteral<Rung>[]], {
  error: 'must be a rung, 0 to 6',
});
const entrySchema = z.union([modeSchema, z.strictObject({ mode: modeSchema, maxRung: rungSchema.optional() })], {
  error: 'must be enforce, report-only, or { mode, maxRung }',
});

const mapSchema = z.strictObject({
  default: modeSchema.default('report-only'),
  maxRung: rungSchema.optional(),
  connections: z.record(z.string(), entrySchema).default({}),
  groups: z.record(z.string(), entrySchema).default({}),
  receivers: z
    .record(z.string(), z.enum(['enforce', 'report-only', 'test'], { error: 'must be enforce, report-only or test' }))
    .default({}),
});

type EnforcementMap = z.output<typeof mapSchema>;

/** Rung that binds where none is written: sessions, tokens, a second factor. What goes further is asked for by name. */
const unwrittenMaxRung: Rung = 3;

/** What a person writes, for editors: the reading below takes apart what a schema cannot show. */
export const writtenEnforcementSchema = z.union([modeSchema, mapSchema]);

/** The short form is only a mode; the map may name connections, groups and receivers. */
export const enforcementSchema = z
  .preprocess((value) => (typeof value === 'string' ? { default: value } : value), mapSchema)
  .transform(normalise);

export const absentEnforcement: Enforcement = normalise(mapSchema.parse({}));

function normalise(map: EnforcementMap): Enforcement {
  const outer = map.maxRung ?? unwrittenMaxRung;
  // An entry without a rung never goes beyond what stands outside it, nor beyond what needs naming.
  const unwritten = Math.min(outer, unwrittenMaxRung) as Rung;
  const entries = (from: EnforcementMap['connections']): Record<string, CeilingEntry> =>
    Object.fromEntries(
      Object.entries(from).map(([key, entry]) => [
        key,
        typeof entry === 'string' ? { mode: entry, maxRung: unwritten } : { mode: entry.mode, maxRung: entry.maxRung ?? unwritten },
      ]),
    );
  return {
    default: { mode: map.default, maxRung: outer },
    connections: entries(map.connections),
    groups: entries(map.groups),
    receivers: map.receivers,
  };
}
