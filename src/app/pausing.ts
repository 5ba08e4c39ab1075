/** The kill switch: who may set it, who may end it, and what is written of both. */
import { durationMs } from '../guard/index.ts';
import { type Instant, toRfc3339 } from '../model/clock.ts';
import { AppError } from '../model/errors.ts';
import type { EntryId } from '../model/ids.ts';
import type { Log } from '../model/log.ts';
import type { Notice } from '../model/notice.ts';
import type { Pause, PauseScope } from '../model/pause.ts';
import { type PauseRecord, runningPauses } from '../store/pause-read.ts';
import { askToResume, duePauses, endPause, setPause, takeReminders } from '../store/pause-write.ts';
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

/** What keeping pauses needs of a process. */
export type PausingParts = Pick<Core, 'store' | 'ids' | 'append' | 'telling' | 'clock' | 'judging' | 'settings'>;

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
    await core.telling.tell(tx, [{ type: 'pause.set', about: id, data: { pauseId: id, scope, ...pageIfAll(scope) }, people: [] }], at);
  });
  await core.judging.refreshPauses();
  // Nothing at all acts now: whoever is on call must know.
  if (isAll(scope)) log.error({ pauseId: id, by }, 'pause.everything');
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
  if (!(await end(core, found, by, at))) return { refused: 'Somebody else ended it just now.' };
  await core.judging.refreshPauses();
  return { id: found.id };
}

/** Pauses whose time is up end by themselves, and what they held stays held; of those that run on people are reminded. */
export async function keepPauses(parts: PausingParts): Promise<void> {
  const at = parts.clock.now();
  for (const due of await duePauses(parts.store, at)) await end(parts, due, 'time', at);
  if (parts.judging.state().pauses.length > 0) await remind(parts, at);
}

/** Whichever process comes first reminds, once an interval. */
async function remind(parts: PausingParts, at: Instant): Promise<void> {
  const everyMs = durationMs(killSwitchOf(parts).remindEvery);
  await parts.store.transaction(async (tx) => {
    const told = (await takeReminders(tx, at, everyMs)).map(
      ({ id, scope, since }): Notice => ({
        type: 'pause.reminded',
        about: id,
        data: { pauseId: id, scope, since: toRfc3339(since), ...pageIfAll(scope) },
        people: [],
      }),
    );
    await parts.telling.tell(tx, told, at);
  });
}

async function end(parts: PausingParts, { id: pauseId, scope }: Pick<Pause, 'id' | 'scope'>, by: string, at: Instant): Promise<boolean> {
  return parts.store.transaction(async (tx) => {
    if (!(await endPause(tx, { id: pauseId, endedBy: by, endedAt: at }))) return false;
    await parts.append(tx, [{ id: parts.ids.next<EntryId>(at), type: 'pause.ended', at, core: { pauseId, by }, pii: null }]);
    await parts.telling.tell(tx, [{ type: 'pause.ended', about: pauseId, data: { pauseId, scope }, people: [] }], at);
    return true;
  });
}

function isAll(scope: PauseScope): boolean {
  return Object.keys(scope).length === 0;
}

/** Nothing at all acts: that is worth waking somebody. */
function pageIfAll(scope: PauseScope): { readonly page?: true } {
  return isAll(scope) ? { page: true } : {};
}

/** Two people who both ask, or the one who paused once the time is up. */
export function mayEnd(pause: PauseRecord, by: string, at: Instant, { people, orPauserAfterMs }: ResumeRule): boolean {
  if (people <= 1) return true;
  if (by === pause.setBy && orPauserAfterMs !== undefined && at - pause.since >= orPauserAfterMs) return true;
  const { askedBy, askedAt } = pause;
  return askedBy !== null && askedBy !== by && askedAt !== null && at - askedAt < wishKeptMs;
}

/** Where nothing but sandboxes can be acted on, their profile counts. */
function killSwitchOf({ settings, judging }: Pick<Core, 'settings' | 'judging'>) {
  const onlySandboxes = settings.connections.every((connection) => connection.profile === 'sandbox');
  return judging.state().bundle.guards.profiles[onlySandboxes ? 'sandbox' : settings.profile].standing.killSwitch;
}

function ruleOf(core: Pick<Core, 'settings' | 'judging'>): ResumeRule {
  const { resume: rule } = killSwitchOf(core);
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
