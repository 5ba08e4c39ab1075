/** Explanations as the API gives them: why a person is scored so, and why a decision fell so. More members may stand beside. */
import { z } from 'zod';
import { levels } from '../model/risk.ts';
import { severities } from '../model/signal.ts';

const instant = z.string().meta({ format: 'date-time' });
const level = z.enum(levels);
const crossing = z.looseObject({ at: instant, from: level, to: level, direction: z.enum(['up', 'down']), threshold: z.number() });
const change = z.looseObject({ before: z.number(), after: z.number() });
const factors = z.array(z.looseObject({ group: z.string(), factor: z.number() }));
const when = z.looseObject({ tier: z.array(z.string()).optional(), executive: z.boolean().optional(), hr: z.array(z.string()).optional() });

const item = z.looseObject({
  signalType: z.string(),
  group: z.string(),
  source: z.string(),
  band: z.enum(severities),
  tag: z.string().describe('what was true of the event itself; empty where nothing was'),
  key: z.string().describe('keyed hash of the session, network or device'),
  at: instant,
  points: z.number().describe('the points of all items sum to the score'),
  neutralPoints: z.number().describe('those of all items sum to the base'),
  rank: z.int().nullable().describe('place in the group; null for what was dismissed'),
  counts: z.boolean(),
  freshNats: z.number(),
  confidence: z.number(),
  tagFactor: z.number(),
  multiplier: z.number(),
  decay: z.number(),
  remains: z.number().describe('what remediation left of it, 0 to 1'),
  loweredBy: z.array(z.int()).describe('indexes of `marks`'),
  halfLifeMs: z.number().nullable(),
  belowOnePointAt: instant.nullable(),
  goneAfter: instant.nullable(),
  signals: z.array(z.string()).describe('ids of the signals that it came from, newest first'),
  moreSignals: z.boolean(),
});

const mark = z.looseObject({
  kind: z.enum(['class', 'target', 'occurrence']),
  name: z.string(),
  scope: z.string(),
  at: instant,
  scoreWithout: z.number(),
});

const dropped = z.union([
  z.looseObject({ kind: z.literal('item'), signalType: z.string(), source: z.string(), at: instant }),
  z.looseObject({ kind: z.literal('multiplier'), when }),
]);

const risk = {
  score: z.number(),
  base: z.number(),
  nats: z.number(),
  level,
  heldLevel: level,
  groups: z.array(z.string()),
  gaps: z.array(z.string()),
  items: z.array(item),
  marks: z.array(mark),
  multipliers: z.array(z.looseObject({ when, groups: factors })),
  factors,
  statisticalCap: change.nullable(),
  crumbRule: change.nullable(),
  next: z.array(crossing).describe('downward steps of the held level, if nothing else happens'),
  lowering: z
    .looseObject({ without: z.array(dropped), score: z.number(), level, points: z.number() })
    .nullable()
    .describe('the smallest change that would lower the level'),
};

const threshold = z.object({ enter: z.number(), leave: z.number() });
const withheld = z.array(z.string()).describe('what the caller may not see and is not counted in');

export const identityExplanationSchema = z.looseObject({
  id: z.string(),
  as: z.enum(['known-now', 'known-then']),
  at: instant,
  bundleHash: z.string(),
  decision: z.looseObject({ id: z.string(), decidedAt: instant, configHash: z.string(), sameScore: z.boolean() }).nullable(),
  ...risk,
  withheld,
  levels: z.object({ low: threshold, medium: threshold, high: threshold, critical: threshold }),
  curve: z.looseObject({
    from: instant,
    to: instant,
    samples: z.array(z.object({ at: instant, score: z.number() })),
    crossings: z.array(crossing),
    events: z.array(z.object({ kind: z.enum(['signal', 'mark']), name: z.string(), at: instant })),
  }),
});
export type IdentityExplanation = z.output<typeof identityExplanationSchema>;

const reason = z.looseObject({ code: z.string(), ref: z.string().optional(), detail: z.string().optional() });
const clause = z.looseObject({
  step: z.string().optional(),
  clause: z.string(),
  value: z.enum(['true', 'false', 'unknown', 'error', 'withheld']),
});

export const decisionExplanationSchema = z.looseObject({
  id: z.string(),
  same: z.boolean().describe('whether the decision, made again, comes out byte for byte'),
  engine: z.looseObject({ stored: z.int(), running: z.int() }),
  differences: z.array(z.looseObject({ path: z.string() })),
  bundleHash: z.string(),
  configHash: z.string(),
  decidedAt: instant,
  explained: z
    .looseObject({
      signal: z.looseObject({ id: z.string(), type: z.string(), source: z.string(), severity: z.string() }),
      outcome: z.string(),
      mode: z.string().nullable(),
      policyId: z.string().nullable(),
      reasons: z.array(reason),
      gaps: z.array(z.string()),
      candidates: z.array(
        z.looseObject({
          policyId: z.string(),
          version: z.int(),
          step: z.string().nullable(),
          reasons: z.array(reason),
          clauses: z.array(clause),
        }),
      ),
      counters: z.array(z.looseObject({ scope: z.string(), windowMs: z.number(), allowed: z.number(), used: z.number().nullable() })),
      actions: z.array(z.looseObject({ type: z.string(), connection: z.string(), state: z.string(), by: z.string().optional() })),
      plans: z.array(
        z.looseObject({ connection: z.string(), state: z.string(), heldFor: z.string().nullable(), actions: z.array(z.string()) }),
      ),
      risk: z.looseObject(risk).nullable(),
      withheld,
    })
    .nullable()
    .describe('null where it does not come out the same'),
});
export type DecisionExplanation = z.output<typeof decisionExplanationSchema>;
