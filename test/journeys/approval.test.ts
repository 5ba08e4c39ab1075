/** Held plans and the people who decide on them: shown, approved, denied, held and let go, through HTTP. */
import { afterEach, describe, expect, it } from 'vitest';
import { runProgram } from '../../src/cli/program.ts';
import { type Answer, type HoldWorld, openHoldWorld } from './hold-world.ts';

let world: HoldWorld;
afterEach(() => world?.close());
const why = { reason: 'the session is not hers' };
const approve = (list: { items: Answer[]; hash: string }, as = 'lead') =>
  world.post('/api/v1/plans/approve', { planIds: list.items.map(({ id }) => id), hash: list.hash, ...why }, as);

describe('a held plan', () => {
  it('says what it waits for, until when, what it would change, why, and how far it reaches', async () => {
    world = await openHoldWorld({ people: ['ann', 'ben'] });
    const decisionId = await world.hijack('ann');
    const { items, hash, blastRadius } = await world.held();
    expect(items).toMatchObject([
      {
        decisionId,
        state: 'held',
        heldFor: 'approval',
        heldUntil: '2026-05-05T10:00:00.000Z',
        waitsFor: { guard: 'approval', approval: 'socLead', approvers: [['group:soc-l2']], required: 1, onTimeout: 'fallback' },
        policyId: 'TP-001',
        changes: [
          { type: 'session.revoke', connection: 'sandbox', externalId: 'ann', parameters: { scope: 'all' } },
          { type: 'token.revoke', connection: 'sandbox', externalId: 'ann' },
        ],
        level: 'high',
        blastRadius: { people: 1, accounts: 1 },
        approvals: [],
        hash,
      },
    ]);
    expect(items[0].reasons).toContainEqual({ code: 'matched', ref: 'TP-001/end' });
    expect(blastRadius).toEqual({ people: 1, accounts: 1, connections: ['sandbox'] });
    const seen = await world.get(`/api/v1/plans/${items[0].id}`, 'auditor');
    expect(seen.hash).toBe(hash);
    expect(JSON.stringify(seen.changes)).not.toContain('externalId');
    await world.hijack('ben');
    const both = await world.held();
    expect([both.items.length, both.blastRadius.people]).toEqual([2, 2]);
    const one = await world.get(`/api/v1/plans?state=held&ids=${items[0].id}`);
    expect([one.items.length, one.hash]).toEqual([1, hash]);
  });

  it('is let go by one of its approvers, though its fallback has lowered the score meanwhile', async () => {
    world = await openHoldWorld({ people: ['ann', 'ben'], policy: { thorough: true } });
    await world.hijack('ben');
    await world.carryOut();
    expect((await world.get('/api/v1/identities/ben')).score).toBeLessThan(70);
    world.provider.signIn('ben', { begunAt: Date.UTC(2026, 4, 4, 10) });
    const list = await world.held();
    expect((await approve(list, 'other')).status).toBe(409);
    expect((await approve(list, 'analyst')).status).toBe(403);
    const answer = await approve(list);
    expect(answer).toMatchObject({ status: 200, body: { plans: [{ id: list.items[0].id, state: 'released', heldFor: null }] } });
    expect(await approve(list)).toMatchObject({ status: 200, body: { plans: [{ repeated: true }] } });
    expect((await approve(list, 'second')).body.detail).toContain('it is not held');
    await world.carryOut();
    expect(world.provider.sessions('ben')).toEqual([]);
    expect(world.provider.sessions('ann')).toHaveLength(1);
    expect((await world.get(`/api/v1/plans/${list.items[0].id}`)).state).toBe('done');
    const log = await world.log();
    expect(log.filter((type) => type === 'approval.given')).toHaveLength(1);
    const [entry] = await world.query(`select core, sealed from ledger_entry where type = 'approval.given'`);
    expect(JSON.parse(String(entry?.['core']))).toMatchObject({ said: 'approve', by: 'lead', hold: 'approval', listHash: list.hash });
    expect(entry?.['sealed']).toBeInstanceOf(Buffer);
    expect(await world.query(`select by_name, hold from approval`)).toEqual([{ by_name: 'lead', hold: 'approval' }]);
  });

  it('is decided on by nobody whom it is about', async () => {
    world = await openHoldWorld({ people: ['ann'] });
    await world.hijack('ann');
    const list = await world.held();
    expect((await approve(list, 'ann')).body).toMatchObject({ code: 'conflict', detail: expect.stringContaining('about themselves') });
    expect((await world.post(`/api/v1/plans/${list.items[0].id}/deny`, why, 'ann')).status).toBe(409);
    expect((await world.held()).items).toHaveLength(1);
  });

  it('goes only with its list: another hash, one more or one less is refused', async () => {
    world = await openHoldWorld({ people: ['ann', 'ben', 'cat'] });
    for (const who of ['ann', 'ben']) await world.hijack(who);
    const { items, hash } = await world.held();
    const ids = items.map(({ id }: Answer) => id);
    const given = (planIds: string[], its: string) => world.post('/api/v1/plans/approve', { planIds, hash: its, ...why });
    for (const planIds of [[ids[0]], [...ids, ids[0]], [...ids, '019df26e-2d00-7002-8cf4-298c688033e2']])
      expect((await given(planIds, hash)).status).toBe(409);
    expect((await given(['019df26e-2d00-7002-8cf4-298c688033e2'], hash)).status).toBe(409);
    expect((await given(ids, 'a'.repeat(64))).body.detail).toContain('look at it again');
    await world.hijack('cat');
    expect((await given([...ids].reverse(), hash)).body.plans).toMatchObject([{ state: 'released' }, { state: 'released' }]);
    expect((await world.held()).items).toHaveLength(1);
  });

  it('that needs two people counts each of them once, and of two at once exactly one lets it go', async () => {
    world = await openHoldWorld({ people: ['ben'], policy: { required: 2 } });
    await world.hijack('ben');
    const list = await world.held();
    expect((await approve(list)).body.plans).toMatchObject([{ state: 'held', missing: 1 }]);
    expect((await approve(list)).body.plans).toMatchObject([{ state: 'held', repeated: true }]);
    expect((await world.held()).items[0].approvals).toMatchObject([{ by: 'lead' }]);
    const answers = await Promise.all([approve(list, 'second'), approve(list, 'second')]);
    expect(answers.map(({ body }) => body.plans[0].repeated ?? body.plans[0].state).sort()).toEqual(['released', true]);
    expect(
      await world.query(`select count(*)::int as count from ledger_entry where type = 'plan.released' and core like '%session.revoke%'`),
    ).toEqual([{ count: 1 }]);
  });

  it('lapses where its evidence is dismissed, and where the score has fallen below its step', async () => {
    world = await openHoldWorld({ people: ['ann', 'ben'] });
    const decisionId = await world.hijack('ann');
    const first = await world.held();
    await world.post(`/api/v1/decisions/${decisionId}/verdict`, { verdict: 'false', reason: 'her new laptop' }, 'analyst');
    expect((await approve(first)).body.detail).toContain('called false');
    expect((await world.get(`/api/v1/plans/${first.items[0].id}`)).heldFor).toBe('dismissed');
    await world.hijack('ben');
    const second = await world.held();
    await world.pass(20 * 3600);
    expect((await approve(second)).body.detail).toContain('does not ask for it any more');
    expect(await world.get(`/api/v1/plans/${second.items[0].id}`)).toMatchObject({ state: 'refused', heldFor: 'score' });
    expect((await world.log()).filter((type) => type === 'plan.refused')).toHaveLength(2);
    await world.carryOut();
    expect(world.provider.sessions('ann')).toHaveLength(1);
  });

  it('is never let go against a pause or a person who became protected', async () => {
    world = await openHoldWorld({ people: ['ann', 'ben'] });
    await world.hijack('ben');
    const list = await world.held();
    const { body: pause } = await world.post('/api/v1/pause', { reason: 'a drill of the kill switch' }, 'analyst');
    expect((await approve(list)).body.detail).toContain('a pause covers it');
    await world.post('/api/v1/resume', { id: pause.id }, 'root');
    await world.query('update identity set protected = true where id = $1', [list.items[0].identityId]);
    expect((await approve(list)).body.detail).toContain('a guard refuses it (protected)');
    expect((await world.get(`/api/v1/plans/${list.items[0].id}`)).state).toBe('refused');
  });

  it('is judged by the administrators of now, not of when it was decided', async () => {
    const admin = { privileged: true };
    world = await openHoldWorld({ people: ['ann', 'ben', 'cat'], about: { ann: admin, ben: admin, cat: admin } });
    await world.core.judging.refresh();
    await world.order('ann', 'account.suspend');
    const list = await world.held();
    await world.query(`update account set status = 'disabled' where external_id = 'ben'`);
    expect((await approve(list)).body.detail).toContain('a guard refuses it (adminFloor)');
    expect((await world.get(`/api/v1/plans/${list.items[0].id}`)).heldFor).toBe('adminFloor');
  });

  it('of two people at once is let go by one', async () => {
    world = await openHoldWorld({ people: ['ben'] });
    await world.hijack('ben');
    const list = await world.held();
    const answers = await Promise.all([approve(list, 'lead'), approve(list, 'second')]);
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409]);
    expect(await world.query('select count(*)::int as count from approval')).toEqual([{ count: 1 }]);
  });

  it('of two people at once, each at another process, is let go by one', async () => {
    world = await openHoldWorld({ people: ['ann', 'ben', 'cat'] });
    for (const who of ['ann', 'ben', 'cat']) await world.hijack(who);
    const { items, hash } = await world.held();
    const body = { planIds: items.map(({ id }: Answer) => id), hash, ...why };
    const elsewhere = await world.second();
    const path = '/api/v1/plans/approve';
    const answers = await Promise.all([world.post(path, body, 'lead'), elsewhere(path, body, 'second')]);
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409]);
    const [counted] = await world.query(
      `select (select count(*)::int from approval) as given, (select count(distinct by_name)::int from approval) as people,
         (select count(*)::int from ledger_entry where type = 'plan.released' and core like '%session.revoke%') as released`,
    );
    expect(counted).toEqual({ given: 3, people: 1, released: 3 });
  });

  it('that waits for two people goes when they speak at once at two processes', async () => {
    world = await openHoldWorld({ people: ['ben'], policy: { required: 2 } });
    await world.hijack('ben');
    const list = await world.held();
    const elsewhere = await world.second();
    const body = { planIds: [list.items[0].id], hash: list.hash, ...why };
    const answers = await Promise.all([approve(list), elsewhere('/api/v1/plans/approve', body, 'second')]);
    expect(answers.map((answer) => answer.body.plans[0].state).sort()).toEqual(['held', 'released']);
  });

  it('lapses where the account is gone meanwhile', async () => {
    world = await openHoldWorld({ people: ['ben'] });
    await world.hijack('ben');
    const list = await world.held();
    await world.query(`delete from account where external_id = 'ben'`);
    expect((await approve(list)).body.detail).toContain('does not ask for it any more');
    expect((await world.get(`/api/v1/plans/${list.items[0].id}`)).state).toBe('refused');
  });

  it('is held anew by a breaker that opened meanwhile, and goes by another person who looks past it', async () => {
    world = await openHoldWorld({ people: ['ben'], profile: 'standard' });
    await world.hijack('ben');
    const list = await world.held();
    await world.query(
      `insert into breaker (id, condition, detail, opened_at, until) values (gen_random_uuid(), 'limitHits', 'many', $1, $1::timestamptz + interval '1 hour')`,
      ['2026-05-04T10:00:00Z'],
    );
    await world.core.judging.refreshPauses();
    expect((await approve(list)).body.plans).toMatchObject([{ state: 'held', heldFor: 'breaker' }]);
    expect((await approve(await world.held())).body.plans).toMatchObject([{ repeated: true }]);
    expect((await approve(await world.held(), 'other')).body.plans).toMatchObject([{ state: 'released' }]);
  });

  it('that is denied stays so', async () => {
    world = await openHoldWorld({ people: ['ben'] });
    await world.hijack('ben');
    const list = await world.held();
    const path = `/api/v1/plans/${list.items[0].id}/deny`;
    expect((await world.post(path, why, 'other')).status).toBe(409);
    expect(await world.post(path, why)).toMatchObject({ status: 200, body: { state: 'refused', heldFor: 'denied' } });
    expect((await approve(list, 'second')).status).toBe(409);
    expect((await world.post(path, why)).status).toBe(409);
    expect((await world.post('/api/v1/plans/019df26e-2d00-7002-8cf4-298c688033e2/deny', why)).status).toBe(404);
  });
});

describe('who speaks', () => {
  const refusal = async (list: { items: Answer[]; hash: string }, as: string) => (await approve(list, as)).body.detail;

  it.each(['ann', 'ANN@example.com'])('is a person and not a token: who is %s by the configuration is the subject', async (person) => {
    world = await openHoldWorld({ people: ['ann', 'ben'], operators: { people: { lead: person } } });
    await world.hijack('ann');
    const own = await world.held();
    expect(await refusal(own, 'lead')).toContain('about themselves');
    expect((await world.post(`/api/v1/plans/${own.items[0].id}/deny`, why)).status).toBe(409);
    expect((await approve(own, 'second')).body.plans).toMatchObject([{ state: 'released' }]);
    await world.hijack('ben');
    expect((await approve(await world.held())).body.plans).toMatchObject([{ state: 'released' }]);
  });

  it('is the subject where both were merged into one person since', async () => {
    world = await openHoldWorld({ people: ['ann', 'ben'], operators: { people: { lead: 'ben' } } });
    await world.hijack('ann');
    const list = await world.held();
    expect((await world.post('/api/v1/identities/ben/merge', { into: 'ann', reason: 'one person' }, 'root')).status).toBe(200);
    expect(await refusal(list, 'lead')).toContain('about themselves');
  });

  it('is nobody where the configuration names somebody whom no directory knows', async () => {
    world = await openHoldWorld({ people: ['ann'], operators: { people: { lead: 'gone@example.com' } } });
    await world.hijack('ann');
    const list = await world.held();
    expect(await refusal(list, 'lead')).toContain('whom nobody knows');
    expect((await approve(list, 'second')).body.plans).toMatchObject([{ state: 'released' }]);
  });

  it('is the author under whichever token', async () => {
    world = await openHoldWorld({ people: ['ann', 'cat'], operators: { people: { analyst: 'cat', lead: 'cat@example.com' } } });
    await world.order('ann', 'account.suspend');
    const list = await world.held();
    expect(await refusal(list, 'lead')).toContain('whoever gave the order');
    expect(await refusal(list, 'cat')).toContain('whoever gave the order');
    expect((await approve(list, 'other')).body.plans).toMatchObject([{ state: 'released' }]);
  });

  it('counts once, under whichever token', async () => {
    world = await openHoldWorld({
      people: ['ann', 'ben', 'cat'],
      policy: { required: 2 },
      operators: { people: { lead: 'cat', second: 'cat' } },
    });
    await world.hijack('ben');
    const list = await world.held();
    expect((await approve(list, 'lead')).body.plans).toMatchObject([{ missing: 1, lacks: ['TP-001/socLead'] }]);
    expect((await approve(list, 'second')).body.plans).toMatchObject([{ state: 'held', repeated: true }]);
    expect((await approve(list, 'ann')).body.plans).toMatchObject([{ state: 'released' }]);
  });
});

describe('a plan that waits for several approvals', () => {
  const owners = { approvers: ['group:owners'], timeout: '2h', onTimeout: 'deny' } as const;
  const operators = { groups: { owners: ['second', 'other'] } };

  it('shows each with its approvers and its number, and goes when the last is given', async () => {
    world = await openHoldWorld({ people: ['ann', 'ben'], also: { ...owners, alone: true }, operators });
    await world.hijack('ben');
    const list = await world.held();
    const asks = [
      { guard: 'approval', approval: 'TP-001/socLead', approvers: ['group:soc-l2'], required: 1, missing: 1 },
      { guard: 'approval', approval: 'TP-002/socLead', approvers: ['group:owners'], required: 1, missing: 1 },
    ];
    expect(list.items).toMatchObject([
      {
        heldFor: 'approval',
        // The shortest time of all, and the end of the first.
        heldUntil: '2026-05-04T12:00:00.000Z',
        waitsFor: { approval: 'socLead', approvers: [['group:soc-l2'], ['group:owners']], onTimeout: 'fallback', asks },
      },
    ]);
    expect((await approve(list, 'root')).body.detail).toContain('other approvers');
    expect((await approve(list, 'lead')).body.plans).toMatchObject([{ state: 'held', missing: 1, lacks: ['TP-002/socLead'] }]);
    const [half] = (await world.held()).items;
    expect(half.waitsFor).toMatchObject({ lacks: ['TP-002/socLead'], asks: [{ missing: 0 }, { missing: 1 }] });
    expect(half.approvals).toMatchObject([{ by: 'lead', meets: ['TP-001/socLead'] }]);
    expect(await (await fetch(`${world.origin}/`, { headers: { authorization: 'Bearer root' } })).text()).toContain(
      'TP-002/socLead, group:owners',
    );
    expect((await approve(list, 'ann')).body.plans).toMatchObject([{ state: 'held', lacks: ['TP-002/socLead'] }]);
    expect((await approve(list, 'other')).body.plans).toMatchObject([{ state: 'released' }]);
    const said = await world.query(`select core from ledger_entry where type = 'approval.given' order by id`);
    expect(said.map(({ core }) => JSON.parse(String(core)).meets)).toEqual([['TP-001/socLead'], ['TP-001/socLead'], ['TP-002/socLead']]);
  });

  it('goes at once at the word of somebody who stands in every list', async () => {
    world = await openHoldWorld({ people: ['ben'], also: { ...owners, alone: true }, operators });
    await world.hijack('ben');
    expect((await approve(await world.held(), 'second')).body.plans).toMatchObject([{ state: 'released' }]);
  });

  it('asks the approval that only the second of two policies demands', async () => {
    world = await openHoldWorld({ people: ['ben'], policy: { approvers: [], alone: true }, also: { ...owners, alone: true }, operators });
    await world.hijack('ben');
    const list = await world.held();
    expect(list.items).toMatchObject([{ policyId: 'TP-001', waitsFor: { asks: [{ approval: 'TP-002/socLead' }] } }]);
    expect((await approve(list, 'lead')).body.detail).toContain('other approvers');
    expect((await approve(list, 'other')).body.plans).toMatchObject([{ state: 'released' }]);
  });

  it('shows the guards among them, which any yes that counts meets', async () => {
    world = await openHoldWorld({ people: ['ann'], about: { ann: { executive: true } } });
    await world.order('ann', 'account.suspend');
    const list = await world.held();
    expect(list.items).toMatchObject([
      { heldFor: 'executiveApproval', waitsFor: { lacks: ['executiveApproval', 'approval'], approvers: [], onTimeout: 'deny' } },
    ]);
    expect((await approve(list, 'other')).body.plans).toMatchObject([{ state: 'released' }]);
  });

  it("asks again after a pause, also for an account that is a service's", async () => {
    const kind = { accounts: [{ connection: 'sandbox', id: 'ann', kind: 'service' }] };
    world = await openHoldWorld({ people: ['ann'], policy: { approvers: [], alone: true }, about: { ann: kind } });
    const { body: pause } = await world.post('/api/v1/pause', { reason: 'looking' }, 'analyst');
    await world.hijack('ann');
    const [held] = (await world.held()).items;
    expect(held.heldFor).toBe('pause');
    await world.post('/api/v1/resume', { id: pause.id }, 'root');
    const release = await world.post(`/api/v1/plans/${held.id}/release`, why, 'other');
    expect(release.body).toMatchObject({ state: 'held', heldFor: 'ownerApproval' });
    expect((await approve(await world.held())).body.plans).toMatchObject([{ state: 'released' }]);
  });
});

describe('limits', () => {
  it('are counted again for what was approved, and a second person lifts them for exactly that list', async () => {
    world = await openHoldWorld({ people: ['ann', 'ben', 'cat', 'dan'], profile: 'small', policy: { alone: true } });
    for (const who of ['ann', 'ben', 'cat', 'dan']) await world.hijack(who);
    const list = await world.held();
    expect(list.items).toHaveLength(4);
    const { body } = await approve({ ...list, items: [...list.items] });
    // ann may not be decided on by lead alone once the three of the hour are used up.
    expect(body.plans.map(({ state }: Answer) => state).sort()).toEqual(['held', 'released', 'released', 'released']);
    const left = await world.held();
    expect(left.items).toHaveLength(1);
    expect(left.items[0].heldFor).not.toBe('approval');
    expect((await approve(left)).body.plans).toMatchObject([{ repeated: true, state: 'held' }]);
    expect((await approve(left, 'other')).body.plans).toMatchObject([{ state: 'released' }]);
  });
});

describe('hold and release', () => {
  it('stop a released plan that nobody has begun, and let it go on', async () => {
    world = await openHoldWorld({ people: ['ben'] });
    await world.core.executor.shutdown(0);
    await world.hijack('ben');
    const [released] = (await world.get('/api/v1/plans?state=released')).items;
    expect((await world.post(`/api/v1/plans/${released.id}/hold`, why, 'other')).body).toMatchObject({ state: 'held', heldFor: 'person' });
    const shown = await world.get(`/api/v1/plans/${released.id}`);
    expect(shown).toMatchObject({ heldFor: 'person', heldUntil: '2026-05-04T10:10:00.000Z', waitsFor: { onTimeout: 'deny' } });
    await world.pass(300);
    await world.post(`/api/v1/plans/${released.id}/hold`, why, 'other');
    expect((await world.get(`/api/v1/plans/${released.id}`)).heldUntil).toBe('2026-05-04T10:15:00.000Z');
    expect((await world.post(`/api/v1/plans/${released.id}/release`, why, 'other')).body).toMatchObject({ state: 'released' });
    const [waiting] = (await world.held()).items;
    expect((await world.post(`/api/v1/plans/${waiting.id}/release`, why)).body.detail).toContain('it waits for approval');
    // Given back between two tries: what it did is looked at before anything else becomes of it.
    await world.query(
      `insert into action (id, plan_id, position, connection, type, parameters, idempotency_key, state, intended_at)
       select id, id, 0, connection, 'token.revoke', '{}', 'key', 'intended', created_at from plan where id = $1`,
      [released.id],
    );
    expect((await world.post(`/api/v1/plans/${released.id}/hold`, why, 'other')).body.detail).toContain('it is being carried out');
  });

  it('let what a pause held go on once it has ended, if it needs no approval', async () => {
    world = await openHoldWorld({ people: ['ben'] });
    const { body: pause } = await world.post('/api/v1/pause', { reason: 'looking' }, 'analyst');
    await world.hijack('ben');
    const [held] = (await world.held()).items;
    expect(held.heldFor).toBe('pause');
    await world.post('/api/v1/resume', { id: pause.id }, 'root');
    // The step itself asks for an approval that nobody has given.
    expect((await world.post(`/api/v1/plans/${held.id}/release`, why, 'other')).body).toMatchObject({ state: 'held', heldFor: 'approval' });
    expect((await approve(await world.held())).body.plans).toMatchObject([{ state: 'released' }]);
  });
});

describe('a held plan that had been begun', () => {
  /** As a pause between two calls leaves it: one action done, the other intended. */
  async function begun(): Promise<string> {
    world = await openHoldWorld({ people: ['ben'], policy: { alone: true, timeout: '10m' } });
    await world.hijack('ben');
    const [{ id }] = (await world.held()).items;
    const state = `case position when 0 then 'done' else 'intended' end`;
    await world.query(
      `insert into action (id, plan_id, position, connection, account_id, type, parameters, idempotency_key, state, attempts, intended_at, finished_at)
       select (a->>'id')::uuid, p.id, position, p.connection, (a->>'accountId')::uuid, a->>'type', a->>'parameters', a->>'id', ${state}, 1, p.created_at,
         case position when 0 then p.created_at end
       from plan p, lateral (select value as a, ordinality - 1 as position from json_array_elements(p.actions::json) with ordinality) as each
       where p.id = $1`,
      [id],
    );
    return id;
  }
  const actions = () => world.query(`select state, code, finished_at is null as open from action order by position`);
  const ended = async (code: string) => {
    expect(await actions()).toEqual([
      { state: 'done', code: null, open: false },
      { state: 'refused', code, open: false },
    ]);
    const lines = await world.query(`select core from ledger_entry where type = 'action.finished'`);
    expect(lines.map(({ core }) => JSON.parse(String(core)))).toMatchObject([
      { type: 'token.revoke', state: 'refused', code, attempts: 1 },
    ]);
  };

  it('leaves no intention open when it is denied, and the log says that it was not carried out', async () => {
    const id = await begun();
    expect((await world.post(`/api/v1/plans/${id}/deny`, why)).status).toBe(200);
    await ended('denied');
  });

  it('nor when its time is over', async () => {
    await begun();
    await world.pass(600);
    expect(await world.core.holds.sweep()).toBe(1);
    await ended('expired');
  });
});

describe('a held plan whose time is over', () => {
  it('expires, and nobody lets it go any more; what went with its decision is not done again', async () => {
    world = await openHoldWorld({ people: ['ben'], policy: { timeout: '10m' } });
    await world.hijack('ben');
    await world.carryOut();
    const list = await world.held();
    await world.pass(600);
    expect((await approve(list)).body.detail).toContain('its time is over');
    expect(await world.core.holds.sweep()).toBe(1);
    expect(await world.core.holds.sweep()).toBe(0);
    expect(await world.get(`/api/v1/plans/${list.items[0].id}`)).toMatchObject({ state: 'expired', heldFor: 'approval' });
    expect((await approve(list)).body.detail).toContain('it is not held');
    expect(await world.query('select count(*)::int as count from plan')).toEqual([{ count: 2 }]);
    const [entry] = await world.query(`select core from ledger_entry where type = 'plan.expired'`);
    expect(JSON.parse(String(entry?.['core']))).toMatchObject({ heldFor: 'approval', onTimeout: 'fallback' });
  });

  it('takes its lesser step where that was not taken with the decision, once and of the same decision', async () => {
    world = await openHoldWorld({ people: ['ann', 'ben', 'cat', 'dan'], profile: 'small', policy: { timeout: '90m' } });
    // Three people an hour: the fourth gets neither the step nor its lesser one.
    // Of two sources, so that neither is full.
    for (const who of ['ann', 'ben', 'cat', 'dan']) await world.hijack(who, 'cookie_replay', who === 'cat' ? 'client' : 'analyst');
    const [dan] = (await world.held()).items;
    const lesser = () => world.query(`select state from plan where decision_id = $1 and id <> $2`, [dan.decisionId, dan.id]);
    expect(await lesser()).toEqual([]);
    await world.pass(90 * 60);
    // Two sweeps at once do it once.
    await Promise.all([world.core.holds.sweep(), world.core.holds.sweep()]);
    await world.core.holds.sweep();
    expect(await lesser()).toHaveLength(1);
    await world.carryOut();
    expect(await lesser()).toEqual([{ state: 'done' }]);
    expect(world.provider.sessions('dan')).toHaveLength(1);
    expect((await world.get('/api/v1/plans?state=expired')).items).toHaveLength(4);
  });

  it.each(['deny', 'escalate'] as const)('with onTimeout %s does nothing', async (onTimeout) => {
    world = await openHoldWorld({ people: ['ben'], policy: { timeout: '10m', onTimeout, alone: true } });
    await world.hijack('ben');
    await world.pass(600);
    expect(await world.core.holds.sweep()).toBe(1);
    expect(await world.query('select state from plan')).toEqual([{ state: 'expired' }]);
  });

  it('that a pause held on its way gets an end when it is first seen', async () => {
    world = await openHoldWorld({ people: ['ben'] });
    await world.hijack('ben');
    await world.query('update plan set held_until = null');
    await world.core.holds.sweep();
    expect((await world.held()).items[0].heldUntil).toBe('2026-05-05T10:00:00.000Z');
  });
});

describe('the commands', () => {
  it('list with the hash, approve, deny and order', async () => {
    world = await openHoldWorld({ people: ['ann', 'ben'] });
    const said: string[] = [];
    const warned: string[] = [];
    const run = (...args: string[]) => {
      const console = { out: (text: string) => said.push(text), err: (text: string) => warned.push(text) };
      const env = { RESCIND_URL: world.origin, RESCIND_TOKEN: 'lead' };
      return runProgram(args, { env, console, version: '1', ended: new AbortController().signal } as never);
    };
    for (const who of ['ann', 'ben']) await world.hijack(who);
    expect(await run('plan', 'list', '--state', 'held')).toBe(0);
    const { items, hash } = await world.held();
    expect(said.splice(0).join('')).toContain(`hash of this list: ${hash}`);
    const [ben, ann] = items.map(({ id }) => id) as [string, string];
    expect(await run('plan', 'approve', ben, '--hash', hash, '--reason', 'half of it')).toBe(1);
    expect(await run('plan', 'approve', ben, '--reason', 'unseen')).toBe(2);
    expect(await run('plan', 'deny', ann, '--reason', 'she is on a trip')).toBe(0);
    expect(said.splice(0).join('')).toBe(`${ann} refused\n`);
    const one = await world.get(`/api/v1/plans/${ben}`);
    expect(await run('plan', 'approve', ben, '--hash', one.hash, '--reason', 'not his')).toBe(0);
    expect(said.splice(0).join('')).toBe(`${ben} released\n`);
    expect(await run('identity', 'act', 'ann', 'session.revoke', '--reason', 'she asked for it')).toBe(0);
    expect(said.splice(0).join('')).toMatch(/^released: \S+ \(decision \S+\)\n$/);
    expect(await run('identity', 'act', 'ann', 'app.signOut', '--reason', 'she asked for it')).toBe(1);
    expect(await run('identity', 'act', 'ann', 'session.revoke', '--reason', 'x', '--parameter', 'scope')).toBe(2);
    expect(warned.join('')).toContain('unsupported sandbox');
  });
});
