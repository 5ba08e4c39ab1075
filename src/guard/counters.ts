/** Which counters the release of one action would use, and how far each may go. */
import type { CounterUse, WantedAction } from '../model/decision.ts';
import type { Signal } from '../model/signal.ts';
import type { Situation } from '../model/situation.ts';
import { personalKinds } from '../model/subject.ts';
import type { GuardId } from './binding.ts';
import type { GrowingLimit, RollingLimit } from './counting-rows.ts';
import type { Guardrails, ProfileName } from './guardrails.ts';
import { type Asked, allowedPeople, scopeOf } from './limits.ts';
import { peopleBehind } from './things.ts';

/** For each other source of the person's evidence, the highest rung that each policy would reach without it. */
export type ReachedWithout = () => ReadonlyMap<string, ReadonlyMap<string, number>>;

export interface Counting {
  readonly asked: readonly Asked[];
  readonly uses: readonly CounterUse[];
}

interface Surround {
  readonly situation: Situation;
  readonly profile: ProfileName;
  readonly guards: Guardrails;
  readonly reachedWithout: ReachedWithout;
}

/** One counter: a guard, what it counts by, and whom. */
interface Counter {
  readonly guard: GuardId;
  readonly key?: string;
  readonly fromRung: number;
  readonly limits: readonly (RollingLimit | GrowingLimit)[];
  /** Of what a percent is one; absent: of the population. */
  readonly of?: number;
  readonly untilJudged?: true;
  /** Absent: people. */
  readonly things?: true;
}

/** Actions that disturb nobody. */
const harmlessBelow = 2;

/** `stepRung` decides, so that a limit holds a step as a whole; what disturbs nobody goes ahead without it. */
export function countersOf(wanted: WantedAction, stepRung: number, surround: Surround): Counting {
  if (wanted.rung < harmlessBelow) return { asked: [], uses: [] };
  const { situation, profile, guards } = surround;
  const { cause } = situation.signal;
  const counters = listCounters(wanted, stepRung, surround).filter(
    ({ guard, fromRung }) => stepRung >= fromRung && guards.binds[guard].has(cause),
  );
  const asked = counters.flatMap((counter) => {
    const limits = counter.limits.map((limit) => ({
      limit,
      allowed: allowedPeople(limit, counter.of ?? situation.population, guards.countsOnlyBelow),
    }));
    // One more than is allowed is too many already: the rest need no name.
    const people = subjectsOf(counter, situation, Math.max(...limits.map(({ allowed }) => allowed)) + 1);
    const [subject, ...also] = people;
    if (subject === undefined) return [];
    return limits.map(
      ({ limit, allowed }): Asked => ({
        scope: scopeOf(counter.guard, profile, counter.key),
        subject,
        ...(also.length === 0 ? {} : { also }),
        windowMs: limit.windowMs,
        allowed,
        ...(counter.untilJudged ? { untilJudged: true } : {}),
        ...('times' in limit ? { growing: { times: limit.times, overMs: limit.overMs } } : {}),
      }),
    );
  });
  return { asked, uses: asked.flatMap(({ scope, subject, also = [] }) => [subject, ...also].map((each) => ({ scope, subject: each }))) };
}

function subjectsOf(counter: Counter, situation: Situation, most: number): readonly string[] {
  const { subject, identity } = situation;
  if (counter.things) return [subject.id];
  return personalKinds.includes(subject.kind) ? (identity === null ? [] : [identity.id]) : peopleBehind(situation, most);
}

function listCounters(wanted: WantedAction, stepRung: number, surround: Surround): readonly Counter[] {
  const { situation, profile, guards } = surround;
  const { signal, subject, identity } = situation;
  const rows = guards.profiles[profile].counting;
  const surge = `${signal.type}:${signal.source}`;
  const counters: Counter[] = [
    stepRung >= rows.surge.fromRung
      ? { guard: 'surge', key: surge, fromRung: rows.surge.fromRung, limits: rows.surge.limits, untilJudged: true }
      : { guard: 'surge', key: `rung2:${surge}`, fromRung: harmlessBelow, limits: [rows.surge.stepUps], untilJudged: true },
    ...sourcesOf(wanted, stepRung, surround).map(
      (source): Counter => ({ guard: 'source', key: source, ...pick(rows.source), untilJudged: true }),
    ),
    { guard: 'people', ...pick(rows.people) },
  ];
  for (const guard of ['rungs', 'policy'] as const) {
    const bands = rows[guard];
    for (const { name, from, to, limits } of bands === 'off' ? [] : bands)
      if (stepRung >= from && stepRung <= to)
        counters.push({ guard, key: guard === 'policy' ? `${wanted.policyId}:${name}` : name, fromRung: from, limits });
  }
  if (rows.group !== 'off')
    for (const [name, members] of groupsOf(situation, rows.group.keys))
      counters.push({ guard: 'group', key: name, ...pick(rows.group), of: members });
  if (identity?.tier === 'tier0') counters.push({ guard: 'tier0', ...pick(rows.tier0) });
  counters.push({ guard: 'leavers', fromRung: harmlessBelow, limits: rows.leavers });
  if (signal.cause !== 'risk' || rows.operator.riskFrom.has(signal.sourceKind))
    counters.push({ guard: 'operator', key: operatorOf(signal), ...pick(rows.operator) });
  if (subject.kind === 'network' || subject.kind === 'device') {
    const kind = `${subject.kind}s` as const;
    counters.push({ guard: 'nonPerson', key: kind, fromRung: harmlessBelow, limits: rows.things[kind], things: true });
  }
  return counters;
}

const pick = ({ fromRung, limits }: Pick<Counter, 'fromRung' | 'limits'>) => ({ fromRung, limits });

/** The trigger's, those of the events behind it, and every one without whose evidence the step would not have been reached. */
function sourcesOf(wanted: WantedAction, stepRung: number, { situation, profile, guards, reachedWithout }: Surround): readonly string[] {
  const { signal } = situation;
  const { source: row } = guards.profiles[profile].counting;
  const sources = new Set([signal.source, ...(signal.behind ?? [])]);
  if (row.decisive && stepRung >= row.fromRung && guards.binds.source.has(signal.cause)) {
    for (const [source, reached] of reachedWithout()) if ((reached.get(wanted.policyId) ?? 0) < stepRung) sources.add(source);
  }
  return [...sources];
}

/** A directory group says of a person what its name begins with: `department:sales`, `role:clerk`, `site:lisbon`. */
function groupsOf({ identity, groupSizes }: Situation, keys: readonly string[]): readonly (readonly [name: string, members: number])[] {
  return (identity?.groups ?? [])
    .filter((name) => keys.includes(name.split(':', 1)[0] as string) && name.includes(':'))
    .map((name) => [name, groupSizes?.[name] ?? 0]);
}

/** What a caller writes among its facts says nothing of who it is, except where only the service makes the signal. */
function operatorOf({ by, cause, facts }: Signal): string {
  return by ?? (cause === 'risk' ? 'unknown' : String(facts['by'] ?? 'unknown'));
}
