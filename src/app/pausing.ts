/** The kill switch: who may set it, who may end it, and what is written of both. */
import { durationMs } from '../guard/index.ts';
import { type Instant, toRfc3339 } from '../model/clock.ts';
import { AppError } from '../model/errors.ts';
import type { EntryId } from '../model/ids.ts';
import type { Log } from '../model/log.ts';
import type { PauseScope } from '../model/pause.ts';
import { type PauseRecord, runningPauses } from '../store/pause-read.ts';
import { askToResume, duePauses, endPause, setPause } from '../store/pause-write.ts';
import type { Core } from './core.ts';

interface ResumeRule {
  readonly people: number;
  readonly orPauserAfterMs: number | undefined;
}

export interface GivenPause {
  readonly scope: PauseScope;
  readonly reason: string;
  /** When it ends by itself; absent: when people end it. */
  readonly until?: Instant | undefined;
  readonly by: string;
}

/** Until when somebody's wish to resume waits for a second one's. */
const wishKeptMs = 3_600_000;

/** Throws `request.unprocessable` where the scope names what is not there, or `until` is past. */
export async function pause(core: Core, given: GivenPause, log: Log): Promise<{ readonly id: string }> {
  const { scope, reason, until, by } = given;
  checkScope(scope, core);
  const at = core.clock.now();
  if (until !== undefined && until <= at) throw new AppError('request.unprocessable', 'until: is past');
  const id = core.ids.next<EntryId>(at);
  await core.store.transaction(async (tx) => {
    await setPause(tx, { id, scope, reason, setBy: by, setAt: at, until: until ?? null });
    const told = { pauseId: id, scope: { ...scope }, by, ...(until === undefined ? {} : { until: toRfc3339(until) }) };
    await core.append(tx, [{ id: core.ids.next<EntryId>(at), type: 'pause.set', at, core: told, pii: null }]);
    await core.telling.tell(tx, [{ type: 'pause.set', about: id, data: { pauseId: id, scope }, people: [] }], at);
  });
  await core.judging.refreshPauses();
  // Nothing at all acts now: whoever is on call must know.
  if (Object.keys(scope).length === 0) log.error({ pauseId: id, by }, 'pause.everything');
  return { id };
}

export async function resume(
  core: Core,
  id: string | undefined,
  by: string,
): Promise<{ readonly id: string } | { readonly refused: string }> {
  const running = await runningPauses(core.store);
  const found = id === undefined ? (running.length === 1 ? running[0] : undefined) : running.find((each) => each.id === id);
  if (found === undefined)
    return {
      refused: running.length === 0 ? 'Nothing is paused.' : id === undefined ? 'Several pauses run; name one.' : 'No such pause runs.',
    };
  const at = core.clock.now();
  if (!mayEnd(found, by, at, ruleOf(core))) {
    await askToResume(core.store, { id: found.id, by, at });
    return { refused: 'Noted. A second person must ask for the same within the hour, or whoever paused may after half an hour.' };
  }
  if (!(await end(core, found.id, by, at))) return { refused: 'Somebody else ended it just now.' };
  await core.judging.refreshPauses();
  return { id: found.id };
}

/** Pauses whose time is up end by themselves; what they held stays held. */
export async function endPausesInTime(core: Pick<Core, 'store' | 'ids' | 'append' | 'clock'>): Promise<void> {
  const at = core.clock.now();
  for (const id of await duePauses(core.store, at)) await end(core, id, 'time', at);
}

async function end(core: Pick<Core, 'store' | 'ids' | 'append'>, pauseId: string, by: string, at: Instant): Promise<boolean> {
  return core.store.transaction(async (tx) => {
    if (!(await endPause(tx, { id: pauseId, endedBy: by, endedAt: at }))) return false;
    await core.append(tx, [{ id: core.ids.next<EntryId>(at), type: 'pause.ended', at, core: { pauseId, by }, pii: null }]);
    return true;
  });
}

/** Two people who both ask, or the one who paused once the time is up. */
export function mayEnd(pause: PauseRecord, by: string, at: Instant, { people, orPauserAfterMs }: ResumeRule): boolean {
  if (people <= 1) return true;
  if (by === pause.setBy && orPauserAfterMs !== undefined && at - pause.since >= orPauserAfterMs) return true;
  const { askedBy, askedAt } = pause;
  return askedBy !== null && askedBy !== by && askedAt !== null && at - askedAt < wishKeptMs;
}

/** Where nothing but sandboxes can be acted on, their profile says how many must agree. */
function ruleOf({ settings, judging }: Core): ResumeRule {
  const onlySandboxes = settings.connections.every((connection) => connection.profile === 'sandbox');
  const { resume: rule } = judging.state().bundle.guards.profiles[onlySandboxes ? 'sandbox' : settings.profile].standing.killSwitch;
  return { people: rule.people, orPauserAfterMs: rule.orPauserAfter === undefined ? undefined : durationMs(rule.orPauserAfter) };
}

/** A pause of something that is not there would hold nothing, and look as if it did. */
function checkScope({ source, policy, connection }: PauseScope, { settings, judging }: Core): void {
  const connections = settings.connections.map(({ id }) => id);
  const sources = [...connections, ...settings.transmitters.map(({ id }) => id), 'operators'];
  const unknown = (member: string) => new AppError('request.unprocessable', `scope.${member}: there is none of this name`);
  if (connection !== undefined && !connections.includes(connection)) throw unknown('connection');
  if (source !== undefined && !sources.includes(source) && !source.startsWith('api:')) throw unknown('source');
  if (policy !== undefined && !judging.state().bundle.policies.policies.some(({ id }) => id === policy)) throw unknown('policy');
}
