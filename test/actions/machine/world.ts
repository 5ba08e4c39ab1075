/** Two processes, a store, a provider, a kill switch and people, at one instant; and everything that could happen next. */
import { createExecutor, type PlanView } from '../../../src/actions/index.ts';
import type { ActionType } from '../../../src/model/action.ts';
import type { PlannedAction } from '../../../src/model/decision.ts';
import type { AccountId, ActionId, DecisionId, PlanId } from '../../../src/model/ids.ts';
import type { Identity } from '../../../src/model/subject.ts';
import { createMemoryPlans, type Omission, type PlanRecord } from './memory-plans.ts';
import { changeOf, holdMs } from './people.ts';
import { createProcess, type Process, type Request } from './process.ts';
import { createProvider, type Order } from './provider.ts';
import type { Faults, Scenario } from './scenario.ts';
import { createWitness } from './witness.ts';

export interface Choice {
  readonly name: string;
  /** What happens in time of itself; everything else may happen or not. */
  readonly must: boolean;
  /** Who has just begun with something, and makes its first request in the same step: in between nothing could be told apart. */
  readonly begins?: Process;
  go(): void;
}

export interface World {
  /** In an order that depends on the world alone. */
  choices(): readonly Choice[];
  /** Does it, lets everybody come to their next request, and has it looked at. Throws `Violation`. */
  take(choice: Choice): Promise<void>;
  /** Two worlds of one fingerprint go on alike. */
  fingerprint(): string;
  /** Whether a pause runs: what waits for its end goes in circles meanwhile. */
  isPaused(): boolean;
}

export interface Planted {
  readonly without?: ReadonlySet<Omission>;
  readonly create?: typeof createExecutor;
}

const startAt = Date.UTC(2026, 4, 4, 10);
const deadlineMs = 900_000;
/** Deadlines lie beyond it, so that no world depends on how near they are. */
const horizonMs = 600_000;
const undoneBy: Readonly<Partial<Record<ActionType, ActionType>>> = { 'account.suspend': 'account.restore', 'group.remove': 'group.add' };

export function createWorld(scenario: Scenario, { without = new Set(), create = createExecutor }: Planted = {}): World {
  let now = startAt;
  let lastNumber = 0;
  const jobs = new Map<PlanId, { startAt: number; stale: boolean }>();
  const left: Record<keyof Faults, number> = { ...scenario };
  /** Jobs in hand while something changed. */
  const changedMeanwhile = new Set<PlanId>();
  let pausesLeft = scenario.pauses;
  let undosLeft = scenario.undos;
  const wordsLeft = new Set(scenario.words);
  const orphans = new Set<Order>();
  const settings = { lanePatienceMs: 20, sweepEveryMs: 0, ...scenario.settings };
  const ownClaimMs = settings.ownClaimMs ?? 30_000;

  const alive = (number: number) => processes.some((process) => process.number === number);
  const provider = createProvider(scenario);
  const plans = createMemoryPlans({
    alive,
    known: knownOf,
    send: (sent) => {
      for (const { values } of sent) send(values[0] as PlanId, (values[1] as number | undefined) ?? now);
    },
    without,
  });
  const witness = createWitness(scenario, plans, provider, alive);
  const begin = (name: string): Process =>
    createProcess({
      name,
      number: ++lastNumber,
      plans,
      provider,
      create,
      settings,
      now: () => now,
      send: (planId, at) => send(planId, at ?? now),
      queued: (planId) => jobs.has(planId),
      watch: witness,
      digest,
    });
  const processes = [begin('p1'), begin('p2')];
  scenario.plans.forEach(({ name, types, account = '1', state = 'released', cause = 'risk' }) => {
    insert(name, types, account, cause);
    const row = plans.rows.get(name as PlanId) as PlanRecord;
    if (state === 'released') send(row.plan.id, now);
    else Object.assign(row, { state: 'held', heldFor: state, heldUntil: now + holdMs });
  });

  function insert(name: string, types: readonly ActionType[], account: string, cause: PlanRecord['cause'], undoes?: ActionType): void {
    const id = name as PlanId;
    const actions = types.map((type, n): PlannedAction => {
      return { id: `${name}${n}` as ActionId, type, accountId: account as AccountId, parameters: undoes === undefined ? {} : { undoes } };
    });
    plans.rows.set(id, {
      plan: { id, decisionId: `d${name}` as DecisionId, identityId: null, lane: account, connection: 'okta', actions, createdAt: now },
      cause,
      source: 'okta',
      policyId: 'RP-004',
      state: 'released',
      heldFor: null,
      heldUntil: null,
      deadlineAt: now + deadlineMs,
      nextAt: null,
      claimedBy: null,
      claimedAt: 0,
      records: [],
    });
  }

  function send(planId: PlanId, at: number): void {
    const known = jobs.get(planId);
    jobs.set(planId, { startAt: known === undefined ? at : Math.min(at, known.startAt), stale: false });
  }

  /** Times are told from now on: two worlds differ by them only where something is still to come. */
  function digest(answer: unknown): string {
    return JSON.stringify(answer, (key, value) => {
      if (value instanceof Map) return undefined;
      if (key === 'nextAt' && typeof value === 'number') return value - now;
      if (key === 'claimedBy' && value !== null) return 'somebody';
      return key.endsWith('At') && typeof value === 'number' ? 'then' : value;
    });
  }

  /** What stood in the way of a job may be gone: it is worth another try. */
  const freshen = (which: (id: PlanId) => boolean = () => true) => {
    for (const [id, job] of jobs) if (which(id)) job.stale = false;
    for (const { busy } of processes) for (const id of busy) if (which(id as PlanId)) changedMeanwhile.add(id as PlanId);
  };

  function start(process: Process, name: string, work: () => Promise<unknown>, after?: (answer: unknown) => void): void {
    process.busy.add(name);
    process.history += ` ${name}:`;
    const end = (answer?: unknown) => {
      if (!processes.includes(process)) return;
      process.busy.delete(name);
      if (process.busy.size === 0) process.history = '';
      after?.(answer);
    };
    // A round of upkeep that fails is followed by another.
    work().then(end, () => end());
  }

  function runJob(process: Process, id: PlanId): void {
    jobs.delete(id);
    changedMeanwhile.delete(id);
    start(
      process,
      id,
      () => process.executor.handle(id),
      (disposition) => {
        if (disposition === 'retry' && !jobs.has(id)) jobs.set(id, { startAt: now, stale: !changedMeanwhile.has(id) });
      },
    );
  }

  function requestChoices(process: Process, request: Request): Choice[] {
    return request.ways.flatMap(({ name, costs, go }): Choice[] => {
      if (costs !== undefined && left[costs] === 0) return [];
      return [
        {
          name: `${process.name} ${request.what}${name}`,
          must: costs === undefined,
          go() {
            if (costs !== undefined) left[costs] -= 1;
            // Whoever was told of an error tries again.
            if (costs === 'storeErrors') freshen();
            go();
          },
        },
      ];
    });
  }

  const isLoose = (process: Process, { state, claimedBy, claimedAt }: PlanRecord) =>
    state === 'released' &&
    claimedBy !== null &&
    (claimedBy === process.number
      ? process.busy.size === 0 && claimedAt < now - ownClaimMs
      : !alive(claimedBy) || without.has('takeBack: gone'));

  function processChoices(process: Process): Choice[] {
    const isIdle = process.busy.size === 0;
    const choices = [...process.requests].flatMap((request) => requestChoices(process, request));
    const rows = [...plans.rows.values()];
    if (isIdle)
      for (const [id, job] of jobs)
        if (job.startAt <= now && !job.stale)
          choices.push({ name: `${process.name} takes the job of ${id}`, must: true, begins: process, go: () => runJob(process, id) });
    if (!process.busy.has('recover') && rows.some((row) => isLoose(process, row)))
      choices.push({
        name: `${process.name} recovers`,
        must: true,
        begins: process,
        go: () => start(process, 'recover', () => process.executor.recover()),
      });
    const isForgotten = ({ state, claimedBy, nextAt, plan: { id } }: PlanRecord) =>
      state === 'released' && claimedBy === null && (nextAt ?? 0) <= now && !jobs.has(id) && !processes.some(({ busy }) => busy.has(id));
    if (isIdle && rows.some(isForgotten))
      choices.push({
        name: `${process.name} sweeps`,
        must: true,
        begins: process,
        go: () => start(process, 'sweep', () => process.executor.sweep()),
      });
    // One that holds nothing leaves nothing.
    const holds = process.busy.has('recover') || rows.some(({ claimedBy }) => claimedBy === process.number);
    if (left.deaths > 0 && holds) choices.push({ name: `${process.name} dies`, must: false, go: () => die(process) });
    if (left.lostLocks > 0 && holds)
      choices.push({
        name: `${process.name} loses its lock`,
        must: false,
        go() {
          left.lostLocks -= 1;
          process.number = ++lastNumber;
          process.history += ' lost';
          freshen();
        },
      });
    return choices;
  }

  function die(process: Process): void {
    left.deaths -= 1;
    for (const { order } of process.requests) {
      if (order === undefined || !scenario.lateArrivals) continue;
      orphans.add(order);
      witness.onOrphan(order.idempotencyKey);
    }
    for (const id of process.busy) if (plans.rows.has(id as PlanId)) send(id as PlanId, now);
    freshen();
    processes[processes.indexOf(process)] = begin(process.name);
  }

  function timeChoice(others: readonly Choice[]): Choice[] {
    const sleepers = processes.flatMap((process) => [...process.sleepers]);
    const isQuiet = !others.some(({ must }) => must);
    if (sleepers.length === 0 && !isQuiet) return [];
    const rows = [...plans.rows.values()].filter(({ state }) => state === 'released');
    const instants = [
      ...sleepers.map(({ dueAt }) => dueAt),
      ...(isQuiet ? [...jobs.values()].map((job) => job.startAt) : []),
      ...(isQuiet
        ? rows.flatMap(({ nextAt, claimedBy, claimedAt }) => (claimedBy === null ? (nextAt ?? []) : claimedAt + ownClaimMs + 1))
        : []),
    ].filter((at) => at > now);
    if (instants.length === 0) return [];
    const until = Math.min(...instants);
    return [
      {
        name: `${until - now} ms pass`,
        must: true,
        go() {
          for (const process of processes) if (process.busy.size > 0) process.history += ` +${until - now}`;
          now = until;
          if (now - startAt > horizonMs) throw new Error('a world went beyond its horizon');
          freshen((id) => plans.rows.get(id)?.nextAt !== null);
          for (const sleeper of sleepers) if (sleeper.dueAt <= now) sleeper.wake();
        },
      },
    ];
  }

  function pauseChoices(): Choice[] {
    const endPause = () => {
      plans.pauses.clear();
      freshen();
    };
    if (plans.pauses.size > 0) return [{ name: 'the pause ends', must: false, go: endPause }];
    if (pausesLeft === 0) return [];
    const press = () => {
      pausesLeft -= 1;
      plans.pauses.set('pause', {});
    };
    return [{ name: 'the kill switch is pressed', must: false, go: press }];
  }

  function say(word: string, row: PlanRecord): void {
    const change = changeOf(word, row, plans.isPaused(row), now, without);
    if (change === undefined) return;
    plans.change([change], now);
    if (change.state === 'released') send(row.plan.id, now);
  }

  function peopleChoices(): Choice[] {
    const words = [...wordsLeft].flatMap((text): Choice[] => {
      const [word = '', name = ''] = text.split(' ');
      const row = plans.rows.get(name as PlanId);
      if (row === undefined) return [];
      const go = () => {
        wordsLeft.delete(text);
        say(word, row);
      };
      return [{ name: `somebody says: ${text}`, must: false, go }];
    });
    return [...words, ...undoChoices()];
  }

  function undoChoices(): Choice[] {
    if (undosLeft === 0) return [];
    return [...plans.undos.values()]
      .filter(({ undoDecisionId, endedBy }) => undoDecisionId === null && endedBy === null)
      .map(({ actionId, type, accountId }) => ({
        name: `${actionId} is to be undone`,
        must: false,
        go() {
          const name = `U${undosLeft--}`;
          insert(name, [undoneBy[type] as ActionType], accountId, 'undo', type);
          plans.markUndoDecided(actionId, `d${name}` as DecisionId);
          send(name as PlanId, now);
        },
      }));
  }

  const orphanChoices = (): Choice[] =>
    [...orphans].map((order) => ({
      name: `the late call ${order.type} arrives`,
      must: false,
      go() {
        orphans.delete(order);
        witness.onArrival(order as never);
        provider.arrive(order);
      },
    }));

  let offered: readonly Choice[] | undefined;
  const choices = (): readonly Choice[] => {
    offered ??= offer();
    return offered;
  };
  const offer = (): readonly Choice[] => {
    const calling = processes.find(({ requests }) => [...requests].some(({ kind }) => kind !== 'store'));
    // What is between a process and the provider is nobody else's business, as long as it alone may call: no other order tells more.
    if (calling !== undefined && scenario.lostLocks === 0 && !scenario.lateArrivals) return processChoices(calling);
    // Two that have nothing in hand and have claimed nothing are one and the same.
    const claimed = new Set([...plans.rows.values()].map(({ claimedBy }) => claimedBy));
    const alike = processes.every(({ busy, ended, number }) => busy.size === 0 && ended.size === 0 && !claimed.has(number));
    const others = [
      ...(alike ? processes.slice(0, 1) : processes).flatMap(processChoices),
      ...pauseChoices(),
      ...peopleChoices(),
      ...orphanChoices(),
    ];
    return [...others, ...timeChoice(others)];
  };

  const textOf = ({ history, busy, ended, requests, sleepers }: Process) =>
    JSON.stringify([
      history,
      [...busy].map((id) => [id, changedMeanwhile.has(id as PlanId)]),
      [...ended].filter((id) => jobs.has(id)).sort(),
      [...requests].map(({ what }) => what),
      [...sleepers].map(({ dueAt }) => dueAt - now),
    ]);

  return {
    choices,
    async take(choice) {
      witness.look();
      offered = undefined;
      const before = plans.changes;
      choice.go();
      if (plans.changes !== before) freshen();
      await settled();
      const [first] = (scenario.storeErrors === 0 && choice.begins?.requests) || [];
      if (first !== undefined) {
        first.ways[0]?.go();
        if (plans.changes !== before) freshen();
        await settled();
      }
      witness.compare();
      if (!choices().some(({ must }) => must)) witness.rest();
    },
    fingerprint() {
      const told = processes.map((process) => ({ process, text: textOf(process) })).sort((a, b) => (a.text < b.text ? -1 : 1));
      const nameOf = (number: number | null) => {
        const at = told.findIndex(({ process }) => process.number === number);
        return number === null || at >= 0 ? at : scenario.lostLocks > 0 ? `gone ${number}` : 'gone';
      };
      return JSON.stringify([
        [...plans.rows.values()].map((row) => [
          row.plan.id,
          row.state,
          row.heldFor,
          nameOf(row.claimedBy),
          scenario.storeErrors > 0 && row.claimedBy !== null ? now - row.claimedAt : 0,
          row.nextAt === null ? null : Math.max(0, row.nextAt - now),
          row.records.map(({ state, attempts, code, finishedAt, verifiedAt }) => [
            state,
            attempts,
            code,
            finishedAt === null,
            verifiedAt === null,
          ]),
        ]),
        [...plans.pauses.keys()],
        [...plans.undos.values()].map(({ actionId, undoDecisionId, endedBy }) => [actionId, undoDecisionId, endedBy]),
        [...provider.effects].sort(),
        [...provider.inForce].sort(),
        [...jobs].map(([id, job]) => [id, Math.max(0, job.startAt - now), job.stale]).sort(),
        told.map(({ text }) => text),
        [...orphans].map(({ idempotencyKey }) => idempotencyKey).sort(),
        [left, pausesLeft, undosLeft, [...wordsLeft]],
        witness.memory(nameOf),
      ]);
    },
    isPaused: () => plans.pauses.size > 0,
  };
}

/** Everybody has come to their next request. */
const settled = () => new Promise<void>((resolve) => setImmediate(resolve));

/** Nobody in particular: these worlds are about plans. */
function knownOf({ plan }: PlanRecord): { accounts: Map<AccountId, string>; identity: Identity | null; owners: PlanView['owners'] } {
  const ids = plan.actions.flatMap(({ accountId }) => (accountId === null ? [] : [accountId]));
  return { accounts: new Map(ids.map((id) => [id, String(id)])), identity: null, owners: new Map() };
}
