/** Records as the API shows them. More members may stand beside those that are named here. */
import { z } from 'zod';
import { actionEnds, actionStates } from '../model/action.ts';
import { decisionModes, outcomes } from '../model/decision.ts';
import { incidentStates, incidentVerdicts } from '../model/incident.ts';
import { planStates } from '../model/plan-state.ts';
import { levels } from '../model/risk.ts';

const id = z.string();
const instant = z.string().meta({ format: 'date-time' });
const rung = z.int().min(0).max(6);
const decidedAction = z.looseObject({
  type: z.string(),
  connection: z.string(),
  rung,
  state: z.enum(['released', 'held', 'refused', 'reported']),
});

export const signalStates = ['decided', 'undecided', 'unresolved', 'quarantined'] as const;

/** By kind, as the path names it. */
export const recordSchemas = {
  signals: z.looseObject({
    id,
    type: z.string(),
    source: z.string(),
    state: z.enum(signalStates),
    occurredAt: instant.nullable(),
    receivedAt: instant,
    subject: z.looseObject({ kind: z.string() }).nullable(),
    identityId: id.nullable(),
    decisionId: id.nullable(),
  }),
  identities: z.looseObject({
    id,
    emails: z.array(z.string()),
    accounts: z.array(z.looseObject({ id, connection: z.string(), status: z.string() })),
    privileged: z.boolean(),
    protected: z.boolean(),
    score: z.number().nullable().describe('0 to 100; null for those who do not see scores, like all that follows from it'),
    baseScore: z.number().nullable(),
    level: z.enum(levels).nullable(),
    heldLevel: z.enum(levels).nullable(),
    points: z.array(z.looseObject({ signalType: z.string(), group: z.string(), points: z.number() })),
    asOf: instant,
  }),
  decisions: z.looseObject({
    id,
    signalId: id,
    supersedes: id.nullish(),
    subject: z.looseObject({ kind: z.string(), id: z.string() }),
    identityId: id.nullable(),
    cause: z.string(),
    engine: z.int(),
    policyId: z.string().nullable(),
    policyVersion: z.int().nullable(),
    bundleHash: z.string(),
    score: z.number(),
    level: z.enum(levels),
    mode: z.enum(decisionModes).nullable(),
    rung: rung.nullable(),
    actions: z.array(decidedAction),
    outcome: z.enum(outcomes),
    reasons: z.array(z.looseObject({ code: z.string() })),
    decidedAt: instant,
  }),
  plans: z.looseObject({
    id,
    decisionId: id,
    connection: z.string(),
    state: z.enum(planStates),
    heldFor: z.string().nullable(),
    heldUntil: instant.nullish(),
    waitsFor: z
      .looseObject({
        guard: z.string(),
        approval: z.string().nullable(),
        required: z.int(),
        asks: z
          .array(
            z.looseObject({
              guard: z.string(),
              approval: z.string().nullable(),
              approvers: z.array(z.string()).describe('Empty: whoever has the role'),
              required: z.int(),
              missing: z.int(),
            }),
          )
          .describe('Each thing that it waits for, with its own approvers; all must be met'),
        lacks: z.array(z.string()).describe('Those of them that are not met yet'),
      })
      .optional()
      .describe('Of a held plan: what it waits for, who may approve it and how many must'),
    hash: z.string().optional().describe('Of a held plan: approves exactly it'),
    createdAt: instant,
  }),
  incidents: z.looseObject({
    id,
    state: z.enum(incidentStates),
    signalType: z.string(),
    sources: z.array(z.string()),
    guards: z.array(z.string()),
    people: z.int(),
    plans: z.record(z.string(), z.int()),
    openedAt: instant,
    lastAt: instant,
    verdict: z.enum(incidentVerdicts).nullable(),
    undos: z
      .array(z.looseObject({ id, undone: z.int(), held: z.int(), open: z.int(), left: z.int() }))
      .optional()
      .describe('Of one incident: the orders that undid it, and how far each has come'),
  }),
  actions: z.looseObject({
    id,
    planId: id,
    connection: z.string(),
    type: z.string(),
    state: z.enum(actionStates),
    attempts: z.int(),
    intendedAt: instant,
    finishedAt: instant.nullable(),
    verifiedAt: instant.nullable(),
    residualAccessSeconds: z.int().nullable(),
    endedAt: instant.nullish().describe('Of what can be undone: since when it is in force no more'),
    endedBy: z
      .enum(actionEnds)
      .nullish()
      .describe(
        'undone, lifted by another order of ours, superseded by a later one, gone with its account, or respected: reversed by somebody whose word stands',
      ),
  }),
  connections: z.looseObject({
    id,
    provider: z.string(),
    profile: z.string(),
    heard: z
      .looseObject({
        pushedAt: instant.nullable(),
        polledAt: instant.nullable(),
        cursorAt: instant.nullable(),
        gaps: z.array(z.looseObject({ id, from: instant, to: instant, reason: z.string() })),
        alarms: z.array(z.looseObject({ code: z.string(), since: instant })),
      })
      .describe('When events last came by hook and by poll, how far polling has come, and what is missing or alarming'),
    mode: z
      .enum(['enforce', 'report-only'])
      .describe('How far policies may go here, with `maxRung`; pauses and a policy of its own mode apart'),
    maxRung: z.int(),
    subscription: z
      .looseObject({
        state: z.enum(['none', 'inForce', 'drifted', 'unreadable']),
        address: z.string().nullable().optional().describe('Where the provider sends events to'),
        drift: z.array(z.enum(['deactivated', 'otherAddress', 'missingEvents'])).optional(),
        missing: z.array(z.string()).optional().describe('Events that it leaves out, by the names of the provider'),
        hint: z.string().optional(),
      })
      .nullable()
      .describe('As the provider tells it, at most half a minute old; null where it keeps none'),
    probe: z
      .array(z.strictObject({ check: z.string(), ok: z.boolean(), hint: z.string().optional(), for: z.enum(['read', 'write']).optional() }))
      .optional(),
  }),
  policies: z.looseObject({ id, version: z.int(), title: z.string(), mode: z.string(), bundleHash: z.string() }),
} as const satisfies Record<string, z.ZodType>;
