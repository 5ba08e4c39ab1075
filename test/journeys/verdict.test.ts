/** A person says that a decision was wrong: what goes with it, what stays, and where it stands afterwards. And what is held meanwhile. */
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type App, startApp } from '../../src/app.ts';
import { runProgram } from '../../src/cli/program.ts';
import { parseConfiguration } from '../../src/cli/settings.ts';
import { silentLog } from '../../src/model/log.ts';
import { roles } from '../../src/model/operator.ts';
import { type TestDatabase, testDatabase } from '../support/database.ts';

const programDir = resolve(import.meta.dirname, '../..');
const people = ['ann', 'ben', 'cat', 'dan', 'eve', 'fay'];
const settingsText = (url: string, dataDir: string) =>
  JSON.stringify({
    listen: { host: '127.0.0.1', port: 0 },
    dataDir,
    database: { url },
    policies: join(programDir, 'policies'),
    connections: [{ id: 'sandbox', provider: 'sandbox', people: [] }],
    operators: {
      tokens: [
        ...roles.map((role) => ({ name: role, sha256: createHash('sha256').update(role).digest('hex'), roles: [role] })),
        { name: 'narrow', sha256: createHash('sha256').update('narrow').digest('hex'), roles: ['analyst'], types: ['brute_force'] },
      ],
    },
    identities: people.map((id) => ({ id, emails: [`${id}@example.com`] })),
  });

let database: TestDatabase;
let dataDir: string;
let app: App;
beforeAll(async () => {
  database = await testDatabase();
  dataDir = mkdtempSync(join(tmpdir(), 'rescind-verdict-'));
  const { host, port, user } = database.connection;
  const url = `postgres://${user}@/${database.name}?host=${encodeURIComponent(String(host))}${port === undefined ? '' : `&port=${port}`}`;
  const settings = await parseConfiguration({ path: 'rescind.yaml', text: settingsText(url, dataDir) }, { workingDir: dataDir, env: {} });
  app = await startApp({ settings, kind: 'organisation', workingDir: dataDir, programDir, version: '1.2.3', log: silentLog });
});
afterAll(async () => {
  await app?.stop();
  await database?.drop();
  rmSync(dataDir, { recursive: true, force: true });
});

const ask = (path: string, as: string, body?: unknown) =>
  fetch(`${app.origin}${path}`, {
    headers: { authorization: `Bearer ${as}`, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
    ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
  });
// biome-ignore lint/suspicious/noExplicitAny: answers of the API are looked at member by member
type Answer = any;
const read = async (path: string, as = 'analyst'): Promise<Answer> => (await ask(path, as)).json();
/** The middle of ten minutes that are over, so that no event lies on an edge. */
const base = Math.floor(Date.now() / 600_000) * 600_000 - 300_000;
const send = async (who: string, type: string, secondsLater = 0, as = 'ingest'): Promise<{ id: string; decisionId: string }> => {
  const occurredAt = new Date(base + secondsLater * 1000).toISOString();
  const answer = await ask('/api/v1/signals', as, { type, subject: { format: 'email', email: `${who}@example.com` }, occurredAt });
  const { id, decisionIds } = (await answer.json()) as { id: string; decisionIds: string[] };
  return { id, decisionId: decisionIds[0] as string };
};
const judge = (decisionId: string, body: object, as = 'analyst') =>
  ask(`/api/v1/decisions/${decisionId}/verdict`, as, { reason: 'the new laptop of a colleague', ...body });
const scoreOf = async (who: string): Promise<number> => (await read(`/api/v1/identities/${who}`)).score;

describe('a verdict', () => {
  it('of false takes the occurrence with the events of its ten minutes, and leaves the rest', async () => {
    const first = await send('ann', 'anomalous_token');
    const second = await send('ann', 'anomalous_token', 60);
    await send('ann', 'anomalous_token', -1200);
    const other = await send('ann', 'brute_force');
    const before = await scoreOf('ann');
    const preview = await read(`/api/v1/decisions/${first.decisionId}/dismissal`);
    expect([preview.dismissed.length, preview.events.length]).toEqual([1, 2]);
    // It only fades meanwhile.
    expect(await scoreOf('ann')).toBeCloseTo(before, 1);
    const answer = await judge(first.decisionId, { verdict: 'false' });
    expect(answer.status).toBe(202);
    const given = (await answer.json()) as Answer;
    expect(given.dismissed).toMatchObject([
      { signalType: 'anomalous_token', severity: 'medium', source: 'api:ingest', until: new Date(base + 60_000).toISOString() },
    ]);
    expect(given.events.map((event: Answer) => event.signalId)).toEqual([second.id, first.id]);
    expect(given.moreEvents).toBe(false);
    const { score, points } = await read('/api/v1/identities/ann');
    expect(score).toBeLessThan(before);
    expect(points.map((point: Answer) => point.signalType).sort()).toEqual(['anomalous_token', 'brute_force']);
    expect((await read(`/api/v1/decisions/${other.decisionId}`)).verdicts).toEqual([]);
  });

  it('is a decision of its own in the log, and is read back with the one that it judges', async () => {
    const { decisionId } = await send('ben', 'impossible_travel');
    const given = (await (await judge(decisionId, { verdict: 'benign', reason: 'a trip that was announced' })).json()) as Answer;
    expect([given.dismissed, given.events]).toEqual([[], []]);
    expect(await scoreOf('ben')).toBeGreaterThan(40);
    const shown = await read(`/api/v1/decisions/${decisionId}`);
    expect(shown.verdicts).toMatchObject([
      { id: given.id, decisionId: given.decisionIds[0], verdict: 'benign', by: 'analyst', reason: 'a trip that was announced' },
    ]);
    // Who does not see people is told the word and not the reason.
    expect((await read(`/api/v1/decisions/${decisionId}`, 'auditor')).verdicts[0]).not.toHaveProperty('reason');
    const own = await read(`/api/v1/decisions/${given.decisionIds[0]}`);
    expect(own).toMatchObject({ signalType: 'verdict', source: 'operators', cause: 'person', outcome: 'none', actions: [] });
    expect(JSON.stringify(own)).not.toContain('announced');
    expect((await read(`/api/v1/signals/${given.id}`)).facts).toEqual({
      decisionId,
      verdict: 'benign',
      reason: 'a trip that was announced',
      by: 'analyst',
    });
    expect(await read(`/api/v1/decisions/${given.decisionIds[0]}/replay`)).toMatchObject({ same: true });
    for (const verdict of ['true', 'unsure']) await judge(decisionId, { verdict });
    expect(await scoreOf('ben')).toBeGreaterThan(40);
    expect((await read(`/api/v1/decisions/${decisionId}`)).verdicts.map((each: Answer) => each.verdict)).toEqual([
      'benign',
      'true',
      'unsure',
    ]);
  });

  it('of false is undone by nothing but a later event, which revives the occurrence', async () => {
    const { decisionId } = await send('cat', 'anomalous_token');
    await judge(decisionId, { verdict: 'false' });
    expect(await read('/api/v1/identities/cat')).toMatchObject({ score: 0, level: 'none', heldLevel: 'none' });
    await judge(decisionId, { verdict: 'true' });
    expect(await scoreOf('cat')).toBe(0);
    await send('cat', 'anomalous_token', 60);
    expect(await scoreOf('cat')).toBeGreaterThan(50);
  });

  it('may take a family, or each family of a type that there is', async () => {
    const { decisionId } = await send('dan', 'anomalous_token');
    await send('dan', 'anomalous_token', -1200);
    await send('dan', 'anomalous_token', 0, 'admin');
    const family = (await (await judge(decisionId, { verdict: 'false', scope: 'family' }, 'approver')).json()) as Answer;
    expect([family.dismissed.length, family.events.length]).toEqual([2, 2]);
    expect((await read('/api/v1/identities/dan')).points.map((point: Answer) => point.source)).toEqual(['operators']);
    const type = (await (await judge(decisionId, { verdict: 'false', scope: 'type' }, 'admin')).json()) as Answer;
    expect([type.dismissed.length, type.events.length]).toEqual([3, 3]);
    expect(await scoreOf('dan')).toBe(0);
  });

  it('is for operators, about what was decided on somebody, and says false where it dismisses', async () => {
    const { decisionId } = await send('eve', 'brute_force');
    for (const role of ['helpdesk', 'hr', 'auditor', 'ingest'])
      expect((await judge(decisionId, { verdict: 'false' }, role)).status, role).toBe(403);
    expect((await judge(decisionId, { verdict: 'false' }, 'narrow')).status).toBe(403);
    expect((await judge(decisionId, { verdict: 'perhaps' })).status).toBe(400);
    expect((await judge(decisionId, { verdict: 'true', scope: 'family' })).status).toBe(400);
    expect((await judge(decisionId, { verdict: 'true', reason: ' ' })).status).toBe(400);
    expect((await judge('01970000-0000-7000-8000-000000000001', { verdict: 'true' })).status).toBe(404);
    expect((await judge('nonsense', { verdict: 'true' })).status).toBe(404);
    const nobody = await send('stranger', 'brute_force');
    expect((await judge(nobody.decisionId, { verdict: 'false' })).status).toBe(409);
    const { decisionIds } = (await (await judge(decisionId, { verdict: 'unsure' })).json()) as Answer;
    expect((await judge(decisionIds[0], { verdict: 'false' })).status).toBe(409);
    const forged = { type: 'verdict', subject: { format: 'email', email: 'eve@example.com' } };
    expect((await ask('/api/v1/signals', 'admin', forged)).status).toBe(422);
    expect(await scoreOf('eve')).toBeGreaterThan(20);
  });

  it('is given from the command line', async () => {
    const { decisionId } = await send('eve', 'anomalous_token');
    const said: string[] = [];
    const warned: string[] = [];
    const console = { out: (text: string) => said.push(text), err: (text: string) => warned.push(text) };
    const env = { RESCIND_URL: app.origin, RESCIND_TOKEN: 'analyst' };
    const context = { env, console, version: '1', ended: new AbortController().signal } as unknown as Parameters<typeof runProgram>[1];
    const verdict = (...more: string[]) => runProgram(['decision', 'verdict', decisionId, ...more], context);
    expect(await verdict('false', '--preview')).toBe(0);
    expect(said.splice(0).join('')).toMatch(/^nothing is changed; false would take:\ndismissed: anomalous_token .*\n {2}with signal .*\n$/);
    expect((await read(`/api/v1/decisions/${decisionId}`)).verdicts).toEqual([]);
    expect(await verdict('false', '--reason', 'a test of ours')).toBe(0);
    expect(said.join('')).toMatch(
      /^verdict false, signal \S+\ndismissed: anomalous_token \(medium\) of api:ingest up to \S+\n {2}with signal \S+ of \S+\n$/,
    );
    expect(await verdict('false', '--reason', 'again', '--family', '--type')).toBe(2);
    expect(await verdict('maybe', '--reason', 'again')).toBe(2);
    expect(await verdict('false')).toBe(2);
    expect(warned.join('')).toContain('exclude each other');
    expect(warned.join('')).toContain('--reason is missing');
  });
});

describe('the held level', () => {
  const dueAt = async (): Promise<number | null> => {
    const { rows } = await database.store.query<{ due: number | null }>(
      `select level_due_at as due from identity i join identity_alias a on a.identity_id = i.id where a.alias = 'fay'`,
    );
    return rows[0]?.due ?? null;
  };
  const heldAt = async (hours: number): Promise<Answer> => {
    const at = new Date(base + hours * 3_600_000).toISOString();
    const { level, heldLevel } = await read(`/api/v1/identities/fay?at=${at}`);
    return [level, heldLevel];
  };

  it('is shown as it stands, also where it has fallen since anybody looked, and as it stood', async () => {
    const { decisionId } = await send('fay', 'anomalous_token', -3600);
    expect(await read('/api/v1/identities/fay')).toMatchObject({ level: 'medium', heldLevel: 'medium' });
    expect(await Promise.all([-2, 24, 48, 120, 240].map(heldAt))).toEqual([
      ['none', 'none'],
      ['medium', 'medium'],
      ['low', 'medium'],
      ['low', 'low'],
      ['none', 'none'],
    ]);
    await app.core.levels.look();
    const due = (await dueAt()) as number;
    expect(due).toBeGreaterThan(base + 24 * 3_600_000);
    // More evidence puts the fall off: what was reckoned stands, and costs the next signal nothing.
    await send('fay', 'brute_force', -600);
    expect(await dueAt()).toBe(due);
    await judge(decisionId, { verdict: 'false' });
    expect(await dueAt()).not.toBe(due);
    expect(await read('/api/v1/identities/fay')).toMatchObject({ level: 'low', heldLevel: 'low' });
  });
});
