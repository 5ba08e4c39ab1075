/** What is asked of one incident as a whole. */
import { z } from 'zod';
import { AppError } from '../../model/errors.ts';
import { incidentVerdicts } from '../../model/incident.ts';
import { operators, scoreReaders } from '../authentication.ts';
import type { ServerParts } from '../parts.ts';
import { recordSchemas } from '../record-schemas.ts';
import { defineRoute, type Route } from '../route-table.ts';
import { confirmSchema, previewSchema, progressSchema, undoers } from './undo.ts';

const exportSchema = z.looseObject({
  id: z.string(),
  incident: recordSchemas.incidents,
  entries: z.array(
    z.looseObject({ decision: recordSchemas.decisions, leafIndex: z.int().nullable(), proof: z.string().describe('Where its proof is') }),
  ),
});
const judgedSchema = z.looseObject({
  id: z.string(),
  verdict: z.enum(incidentVerdicts),
  plansRefused: z.int(),
  decisionsJudged: z.int(),
  decisionsLeft: z.int().describe('Decisions that could not be judged; saying it again tries them again'),
});
const gone = 'There is no such incident.';

export function incidentRoutes(parts: ServerParts): readonly Route[] {
  return [
    defineRoute({
      method: 'get',
      path: '/api/v1/incidents/{id}/export',
      summary: 'The incident with its decisions and where each stands in the decision log',
      access: scoreReaders,
      answers: { 200: { description: 'To be kept', schema: exportSchema } },
      async handle({ params }) {
        const exported = await parts.exportIncident(params['id'] ?? '');
        if (exported === undefined) throw new AppError('notFound', gone);
        return exported;
      },
    }),
    defineRoute({
      method: 'post',
      path: '/api/v1/incidents/{id}/verdict',
      summary: 'One word for the whole incident; false dismisses the evidence and ends what is held. Cannot be withdrawn',
      access: operators,
      body: z.strictObject({ verdict: z.enum(incidentVerdicts), reason: z.string().trim().min(1).max(500) }),
      answers: { 202: { description: 'Judged, and each of its decisions with it', schema: judgedSchema } },
      async handle({ params, body, caller, response }) {
        const judged = await parts.judgeIncident(params['id'] ?? '', body, caller);
        if (judged === undefined) throw new AppError('notFound', gone);
        response.status(202);
        return judged;
      },
    }),
    defineRoute({
      method: 'post',
      path: '/api/v1/incidents/{id}/undo/preview',
      summary: 'What undoing the whole incident would take back, and what nothing gives back, per person',
      access: operators,
      body: z.strictObject({}),
      answers: { 200: { description: 'Nothing is changed', schema: previewSchema } },
      async handle({ params, caller }) {
        const preview = await parts.undo.preview({ incident: params['id'] ?? '' }, caller);
        if (preview === undefined) throw new AppError('notFound', gone);
        return preview;
      },
    }),
    defineRoute({
      method: 'post',
      path: '/api/v1/incidents/{id}/undo',
      summary: 'Undoes exactly what the preview of this hash showed; what is held stays held',
      access: undoers,
      body: confirmSchema,
      answers: { 202: { description: 'The order', schema: progressSchema } },
      async handle({ params, body, caller, response }) {
        const order = await parts.undo.order({ incident: params['id'] ?? '' }, body.hash, body.reason, caller);
        if (order === undefined) throw new AppError('notFound', gone);
        response.status(202);
        return order;
      },
    }),
  ];
}
