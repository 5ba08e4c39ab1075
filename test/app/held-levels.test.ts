/** Held levels fall when their time has come, whoever looks, and nobody waits for a lock. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createHeldLevels } from '../../src/app/held-levels.ts';
import { createIdMaker, type IdentityId } from '../../src/model/ids.ts';
import { silentLog } from '../../src/model/log.ts';
import { type EvidenceState, emptyEvidence, type Level } from '../../src/model/risk.ts';
import { assess, serialiseEvidence } from '../../src/risk/index.ts';
import { requestRecheck } from '../../src/store/held-level.ts';
import { dayMs, hourMs, type Sent, shipped, situationOf, T } from '../risk/support.ts';
import { createManualClock, type ManualClock } from '../support/clock.ts';
import { type TestDatabase, testDatabase } from '../support/database.ts';
import { systemRandom } from '../support/system-clock.ts';

const ids = createIdMaker(systemRandom);
let database: TestDatabase;
let clock: ManualClock;
beforeAll(async () => {
  database = await testDatabase();
  const { store } = database;
  for (const hash of ['ours', 'theirs'])
    await store.query(`insert into bundle (hash, documents, first_at) values ($1, '[]', to_timestamp(0))`, [hash]);
  await store.query(`insert into active_bundle (hash, since) values ('ours', to_timestamp(0))`);
});
beforeEach(async () => {
  clock = createManualClock(T);
  await database.store.query('delete from identity');
  await database.store.query(`update active_bundle set hash = 'ours'`);
});
afterAll(() => database?.drop());

const evidenceOf = (...sent: readonly Sent[]): EvidenceState =>
  sent.reduce<EvidenceState>((evidence, each) => assess(situationOf(each, { evidence }), shipped).evidence, emptyEvidence);

async function person(evidence: EvidenceState | string, heldLevel: Level): Promise<IdentityId> {
  const id = ids.next<IdentityId>(T);
  await database.store.query(
    `insert into identity (id, evidence, held_level, tier, created_at) values ($1, $2, $3, 'none', to_timestamp(0))`,
    [id, typeof evidence === 'string' ? evidence : serialiseEvidence(evidence), heldLevel],
  );
  return id;
}

async function standing(id: IdentityId): Promise<{ held: Level; dueAt: number | null }> {
  const { rows } = await database.store.query<{ held: Level; dueAt: number | null }>(
    'select held_level as held, level_due_at as "dueAt" from identity where id = $1',
    [id],
  );
  return rows[0] as { held: Level; dueAt: number | null };
}

const since = T - 29 * dayMs;
const levelsOf = (hash = 'ours') => {
  const bundle = { hash, risk: shipped };
  const state = { bundle, sourceSince: () => since, kindOf: (source: string) => (source === 'partner' ? 'transmitters' : 'idp') };
  return createHeldLevels({ store: database.store, judging: { state: () => state as never }, clock, log: silentLog });
};

describe('held levels', () => {
  it('fall one after the other at the instants that were reckoned, and then nobody is due', async () => {
    const id = await person(evidenceOf({ type: 'aitm_phishing' }, { type: 'mfa_fatigue' }), 'critical');
    const levels = levelsOf();
    const seen: [Level, number][] = [];
    for (let looks = 0; looks < 6; looks++) {
      expect(await levels.look()).toBe(looks < 5 ? 1 : 0);
      const { held, dueAt } = await standing(id);
      seen.push([held, dueAt === null ? -1 : Math.floor((dueAt - T) / dayMs)]);
      if (dueAt === null) break;
      // A moment before it nothing happens.
      await clock.advance(dueAt - clock.now() - 1);
      expect(await levels.look()).toBe(0);
      expect(await standing(id)).toEqual({ held, dueAt });
      await clock.advance(1);
    }
    expect(seen).toEqual([
      ['critical', 2],
      ['high', 7],
      ['medium', 16],
      ['low', 36],
      ['none', -1],
    ]);
  });

  it('are right however late somebody looks', async () => {
    const id = await person(evidenceOf({ type: 'aitm_phishing' }, { type: 'mfa_fatigue' }), 'critical');
    await clock.advance(10 * dayMs);
    await levelsOf().look();
    expect((await standing(id)).held).toBe('medium');
  });

  it('that only a new signal can change are not looked at again', async () => {
    const id = await person(evidenceOf({ type: 'admin_confirmed' }), 'critical');
    const levels = levelsOf();
    expect(await levels.look()).toBe(1);
    expect((await standing(id)).dueAt).toBe(Number.POSITIVE_INFINITY);
    await clock.advance(400 * dayMs);
    expect(await levels.look()).toBe(0);
  });

  it('rise where a source comes to be believed in full', async () => {
    const id = await person(evidenceOf({ type: 'leaked_credentials', source: 'partner' }), 'medium');
    const levels = levelsOf();
    await levels.look();
    expect(await standing(id)).toEqual({ held: 'medium', dueAt: T + dayMs });
    await clock.advance(dayMs);
    await levels.look();
    expect((await standing(id)).held).toBe('high');
  });

  it('of one person are looked at by one process, and a locked row is left for later', async () => {
    const first = await person(evidenceOf({ type: 'brute_force' }), 'high');
    const second = await person(evidenceOf({ type: 'brute_force' }), 'high');
    await database.store.transaction(async (tx) => {
      await tx.query('select from identity where id = $1 for update', [first]);
      expect(await levelsOf().look()).toBe(1);
    });
    expect((await standing(second)).held).toBe('low');
    expect((await standing(first)).held).toBe('high');
    const counts = await Promise.all([levelsOf().look(), levelsOf().look(), levelsOf().look()]);
    expect(counts.reduce((sum, each) => sum + each, 0)).toBe(1);
    expect((await standing(first)).held).toBe('low');
  });

  it('are left alone by a process that judges by another bundle than the active one', async () => {
    const id = await person(evidenceOf({ type: 'brute_force' }), 'high');
    expect(await levelsOf('theirs').look()).toBe(0);
    expect((await standing(id)).held).toBe('high');
  });

  it('are looked at of everybody once what is judged by has changed', async () => {
    const raised = await person(evidenceOf({ type: 'leaked_credentials' }), 'none');
    const nothing = await person('', 'none');
    const levels = levelsOf();
    expect(await levels.look()).toBe(0);
    await database.store.transaction((tx) => requestRecheck(tx, ids.next(T)));
    // Whose bundle is another one may make them due, and leaves the look to those who follow.
    expect(await levelsOf('theirs').look()).toBe(0);
    expect(await levels.look()).toBe(1);
    expect((await standing(raised)).held).toBe('high');
    expect(await standing(nothing)).toEqual({ held: 'none', dueAt: null });
    expect(await levels.look()).toBe(0);
  });

  it('whose evidence cannot be read hold up nobody', async () => {
    const broken = await person('{', 'high');
    const sound = await person(evidenceOf({ type: 'brute_force', at: T - hourMs }), 'high');
    expect(await levelsOf().look()).toBe(2);
    expect(await standing(broken)).toEqual({ held: 'high', dueAt: Number.POSITIVE_INFINITY });
    expect((await standing(sound)).held).toBe('low');
  });

  it('of more people than one turn takes are all looked at', async () => {
    for (let n = 0; n < 130; n++) await person(evidenceOf({ type: 'brute_force' }), 'high');
    expect(await levelsOf().look()).toBe(130);
  });
});
