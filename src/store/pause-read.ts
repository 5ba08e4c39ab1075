/** Running pauses, and the SQL that asks whether one of them covers a plan. */
import type { Instant } from '../model/clock.ts';
import type { Pause, PauseScope } from '../model/pause.ts';
import type { Db } from './db.ts';

/**
 * True while a running pause covers the row `plan` of the surrounding statement: every member of its scope fits. A plan of several
 * actions is covered as a whole when one of them is.
 */
export const pauseCoversPlan = `exists (
  select 1 from pause p where p.ended_at is null
    and coalesce(p.scope::jsonb->>'source', plan.source) = plan.source
    and coalesce(p.scope::jsonb->>'connection', plan.connection) = plan.connection
    and (p.scope::jsonb->>'policy' is null or p.scope::jsonb->>'policy' = plan.policy_id)
    and (p.scope::jsonb->>'action' is null
      or plan.actions::jsonb @> jsonb_build_array(jsonb_build_object('type', p.scope::jsonb->>'action'))))`;

/** A pause with who set it and why; ended ones too. */
export interface PauseRecord extends Pause {
  readonly reason: string;
  readonly setBy: string;
  readonly endedAt: Instant | null;
  readonly endedBy: string | null;
  /** Who asked last for its end, and could not end it alone. */
  readonly askedBy: string | null;
  readonly askedAt: Instant | null;
}

interface PauseColumns {
  id: string;
  scope: string;
  reason: string;
  setBy: string;
  setAt: Instant;
  endedAt: Instant | null;
  endedBy: string | null;
  until: Instant | null;
  askedBy: string | null;
  askedAt: Instant | null;
}

/** The pauses in force, oldest first. */
export async function runningPauses(db: Db): Promise<readonly PauseRecord[]> {
  return readPauses(db, 'where ended_at is null order by id', []);
}

/** All pauses, newest first; `before` is the id of the last one seen. */
export async function listPauses(db: Db, page: { before?: string; limit: number }): Promise<readonly PauseRecord[]> {
  return readPauses(db, 'where $1::uuid is null or id < $1::uuid order by id desc limit $2', [page.before ?? null, page.limit]);
}

async function readPauses(db: Db, rest: string, values: unknown[]): Promise<readonly PauseRecord[]> {
  const { rows } = await db.query<PauseColumns>(
    `select id, scope, reason, set_by as "setBy", set_at as "setAt", ended_at as "endedAt", ended_by as "endedBy",
      until, asked_by as "askedBy", asked_at as "askedAt" from pause ${rest}`,
    values,
  );
  return rows.map(({ setAt, scope, until, ...row }) => ({
    ...row,
    scope: JSON.parse(scope) as PauseScope,
    since: setAt,
    ...(until === null ? {} : { until }),
  }));
}
