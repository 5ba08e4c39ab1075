/** `session.revoke`: which sessions an order means, and whether they are gone. */
import { toRfc3339 } from '../../model/clock.ts';
import type { ActionOrder } from '../contract.ts';
import type { Verb } from './verbs.ts';

type Scope = { readonly scope: 'all' } | { readonly scope: 'one'; readonly sessionId?: string; readonly deviceId?: string };

/**
 * `scope: all` (the default) or `scope: one` with `sessionId`, `deviceId`, or both (then the sessions that are both); what names one
 * session is never widened to its person.
 */
export function readScope({ parameters: { scope, sessionId, deviceId } }: ActionOrder): Scope | { readonly refused: string } {
  const ids = {
    ...(typeof sessionId === 'string' ? { sessionId } : {}),
    ...(typeof deviceId === 'string' ? { deviceId } : {}),
  };
  const named = Object.keys(ids).length > 0;
  const wanted = scope ?? (named ? 'one' : 'all');
  if (wanted === 'all') return { scope: 'all' };
  if (wanted !== 'one') return { refused: 'parameterInvalid' };
  return named ? { scope: 'one', ...ids } : { refused: 'parameterMissing' };
}

export const sessionRevoke: Verb = {
  ask(order) {
    const scope = readScope(order);
    return 'refused' in scope ? scope : { path: 'sessions/revoke', body: { ...scope, before: toRfc3339(order.intendedAt) } };
  },
  judge(access, order) {
    const scope = readScope(order);
    if ('refused' in scope) return { inForce: null, code: scope.refused };
    const meant = access.sessions.filter(
      (session) =>
        scope.scope === 'all' ||
        ((scope.sessionId === undefined || session.id === scope.sessionId || session.sids.includes(scope.sessionId)) &&
          (scope.deviceId === undefined || session.deviceId === scope.deviceId)),
    );
    if (meant.some((session) => session.begunAt <= order.intendedAt)) return { inForce: false, code: 'sessionsRemain' };
    // What hangs on a session that still lives was not meant; of all else the revoked sessions may have been the origin.
    const living = new Set(access.sessions.map((session) => session.id));
    const left = access.tokens.filter(
      (token) => token.begunAt <= order.intendedAt && !(token.sessionId !== null && living.has(token.sessionId)),
    );
    return { inForce: true, residualAccessMs: Math.max(0, ...left.map((token) => token.expiresAt - access.asOf)) };
  },
};
