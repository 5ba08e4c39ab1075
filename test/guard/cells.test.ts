/** Guard by cause: every cell of the table that `guardrails.yaml` holds is a test, and its title names both. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, type RunnerTask } from 'vitest';
import { parse } from 'yaml';
import { type GuardId, guardIds, guardsInForce } from '../../src/guard/index.ts';
import type { Pause } from '../../src/model/pause.ts';
import type { CeilingEntry } from '../../src/model/settings.ts';
import { type Cause, causes } from '../../src/model/signal.ts';
import { type Cell, countingCells } from './counting-cells.ts';
import { standingCells } from './standing-cells.ts';
import { enforcing, fates, intentOf, judge, shipped, situationOf, want } from './support.ts';

/** Guards of the table that this version does not apply, and why: they have no cells. */
const absentGuards: Readonly<Partial<Record<GuardId, string>>> = {
  promotion: 'nothing promotes a policy yet: `overrides` lifts its mode by hand',
  declared: 'no incident can be declared yet, so there are no limits that it could exceed',
  drill: 'no drill runs yet, so there is no canary to keep it to',
};

/** Causes that no signal has yet, and why. The guards know them, so their cells exist, and are tested with situations made by hand. */
const causesWithoutSignals: Readonly<Partial<Record<Cause, string>>> = {
  leaver: 'nothing schedules leavers yet',
  'leaver.immediate': 'nothing ends somebody at once yet',
  declared: 'no incident can be declared yet',
  drill: 'no drill runs yet',
};

const everything: Pause = { id: 'pause-1', scope: {}, since: 0 };
const lowCeiling = { ...enforcing, enforcement: { ...enforcing.enforcement, default: { mode: 'enforce', maxRung: 2 } as CeilingEntry } };

/** What one guard does to one action, when everything else lets it pass; the cell of the table says for which causes. */
const cells: Record<string, Cell> = {
  killSwitch: {
    binds: causes,
    run: (cause) => fates(judge(intentOf([want()]), { situation: situationOf({ cause }), pauses: [everything] })),
    bound: 'session.revoke held by killSwitch',
  },
  protected: {
    binds: causes,
    run: (cause) => fates(judge(intentOf([want()]), { situation: situationOf({ cause, person: { protected: true } }) })),
    bound: 'session.revoke refused by protected',
  },
  ceiling: {
    binds: ['risk', 'partner', 'leaver', 'drill'],
    run: (cause) => fates(judge(intentOf([want()]), { situation: situationOf({ cause }), settings: lowCeiling })),
    bound: 'session.revoke reported by ceiling',
  },
  approval: {
    binds: ['risk', 'partner', 'leaver', 'leaver.immediate', 'person', 'declared', 'undo'],
    run: (cause) => fates(judge(intentOf([want('session.revoke', { approval: 'humanFast' })]), { situation: situationOf({ cause }) })),
    bound: 'session.revoke held by approval',
  },
  scoreAgainstRung: {
    binds: ['risk', 'partner'],
    run: (cause) => fates(judge(intentOf([want()]), { situation: situationOf({ cause }), level: 'medium' })),
    bound: 'session.revoke refused by scoreAgainstRung',
  },
  cooldown: {
    binds: ['risk', 'partner'],
    run: (cause) => fates(judge(intentOf([want()]), { situation: situationOf({ cause }), done: 1 })),
    bound: 'session.revoke refused by cooldown',
  },
  ...countingCells,
  ...standingCells,
  undo: {
    binds: ['undo'],
    run: (cause) => fates(judge(intentOf([want()]), { situation: orderedBy(cause), usedOf: { undo: 50 } })),
    bound: 'session.revoke held by undo',
  },
};

/** A person's own order, one of many. */
function orderedBy(cause: Cause) {
  const situation = situationOf({ cause });
  return { ...situation, signal: { ...situation.signal, facts: { by: 'ada' } } };
}

const rows = Object.entries(cells).flatMap(([guard, { binds, run, bound }]) =>
  causes.map((cause) => {
    const isBound = binds.includes(cause);
    const fate = isBound ? bound : bound.replace(/ (held|refused|reported|cut) .*/, ' released');
    return [guard, isBound ? 'binds' : 'does not bind', cause, fate, run] as const;
  }),
);

describe('guard by cause', () => {
  it.each(rows)('%s %s %s: %s', (_guard, _binds, cause, fate, run) => {
    expect(run(cause)).toEqual([fate]);
  });

  it('has a test for every cell of guardrails.yaml whose guard is applied, and its title names guard and cause', ({ task }) => {
    const { guards } = parse(shipped.get('guardrails.yaml') as string) as { guards: Record<string, { binds: 'all' | readonly Cause[] }> };
    expect(Object.keys(guards)).toEqual(expect.arrayContaining([...guardIds]));
    const wanted = Object.entries(guards)
      .filter(([guard]) => !Object.hasOwn(absentGuards, guard))
      .flatMap(([guard, { binds }]) =>
        causes.map((cause) => `${guard} ${binds === 'all' || binds.includes(cause) ? 'binds' : 'does not bind'} ${cause}`),
      );
    expect(wanted).toHaveLength((guardIds.length - Object.keys(absentGuards).length) * causes.length);
    const titles = new Set(titlesOf(task.file.tasks).map((title) => title.replace(/: .*/, '')));
    expect(wanted.filter((cell) => !titles.has(cell))).toEqual([]);
  });

  it('has no cells of guards that this version does not apply', () => {
    expect(Object.keys(absentGuards).sort()).toEqual(guardIds.filter((id) => !guardsInForce.includes(id)).sort());
    expect(Object.keys(cells).sort()).toEqual([...guardsInForce].sort());
  });

  it('knows which causes signals have by now', () => {
    const folders = ['signals', 'ssf'].map((room) => join(import.meta.dirname, '../../src', room));
    const texts = folders.flatMap((folder) => readdirSync(folder).map((name) => readFileSync(join(folder, name), 'utf8')));
    const named = causes.filter((cause) => texts.some((text) => text.includes(`cause: '${cause}'`) || text.includes(`Type, '${cause}')`)));
    expect(named).toEqual(causes.filter((cause) => !Object.hasOwn(causesWithoutSignals, cause)));
  });
});

/** Titles of the tests that run. */
function titlesOf(tasks: readonly RunnerTask[]): readonly string[] {
  return tasks.flatMap((task) =>
    task.mode === 'skip' || task.mode === 'todo' ? [] : task.type === 'suite' ? titlesOf(task.tasks) : [task.name],
  );
}
