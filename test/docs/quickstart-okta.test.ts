/** The quickstart, line by line as a reader would type it, against the stand-in for Okta and a service with a database of its own. */
import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { runProgram } from '../../src/cli/program.ts';
import { type OktaStandIn, startOkta } from '../fakes/okta.ts';

const programDir = resolve(import.meta.dirname, '../..');
const page = readFileSync(join(programDir, 'docs/quickstart-okta.md'), 'utf8');
/** Blocks in the order of the page: lines to type, and the text that goes to the end of `rescind.yaml`. */
const blocks = [...page.matchAll(/^```(sh|yaml)\n(.*?)^```/gms)].map(([, kind, text]) => ({ kind, text: text as string }));
const lines = blocks.filter(({ kind }) => kind === 'sh').flatMap(({ text }) => text.trim().split('\n'));

let okta: OktaStandIn;
let reader: Awaited<ReturnType<typeof openTerminal>>;
beforeEach(async () => {
  okta = await startOkta({ people: 5 });
  reader = openTerminal();
});
afterEach(async () => {
  await reader.close();
  await okta.close();
});

/** Types lines; `rescind serve` goes on in the background until the terminal is closed. */
function openTerminal() {
  const home = mkdtempSync(join(tmpdir(), 'rescind-quickstart-'));
  const ended = new AbortController();
  const env: Record<string, string> = { PORT: '0', LOG_LEVEL: 'silent' };
  let workingDir = home;
  let served: Promise<unknown> | undefined;
  let origin = '';

  async function run(command: string, heard: (text: string) => void = () => {}) {
    const said: string[] = [];
    const out = (text: string) => {
      said.push(text);
      heard(text);
    };
    const console = { out, err: out, tty: false };
    const context = { console, env, workingDir, ended: ended.signal, programDir, version: '0' };
    return { exitCode: await runProgram(command.split(' ').slice(1), context), text: said.join('') };
  }
  const serve = () =>
    new Promise<void>((started, failed) => {
      served = run('rescind serve', (text) => {
        const found = /listens at (\S+)/.exec(text);
        if (found === null) return;
        origin = found[1] as string;
        started();
      }).then(({ text }) => failed(new Error(text)), failed);
    });

  return {
    /** Answers what was printed; throws where a command says no, or where nobody knows what to type. */
    async type(line: string): Promise<string> {
      const variable = /^export (\w+)=(.*)$/.exec(line);
      if (variable) {
        const [, name = '', given = ''] = variable;
        const inner = /^\$\((.*)\)$/.exec(given)?.[1];
        const value = inner === undefined ? given.replace('http://127.0.0.1:8440', origin) : (await this.type(inner)).trim();
        env[name] = name === 'OKTA_TOKEN' ? okta.addToken({ role: 'READ_ONLY_ADMIN' }).token : value;
        return '';
      }
      const folder = /^mkdir (\S+) && cd \1$/.exec(line)?.[1];
      if (folder !== undefined) {
        workingDir = join(workingDir, folder);
        mkdirSync(workingDir);
        return '';
      }
      if (line === 'rescind serve') {
        await serve();
        return '';
      }
      if (!line.startsWith('rescind ')) throw new Error(`what is ${line}?`);
      const { exitCode, text } = await run(line);
      if (exitCode !== 0) throw new Error(`${line} ended with ${exitCode}: ${text}`);
      return text;
    },
    write: (text: string) => appendFileSync(join(workingDir, 'rescind.yaml'), `\n${text}`),
    async close() {
      ended.abort();
      await served?.catch(() => {});
      rmSync(home, { recursive: true, force: true });
    },
  };
}

it('begins with a folder, and holds nothing that a reader could not type', async () => {
  expect(lines[0]).toBe('mkdir rescind-okta && cd rescind-okta');
  expect(lines.filter((line) => !/^(mkdir |export |rescind )/.test(line))).toEqual([]);
  await reader.type(lines[0] as string);
  expect(await reader.type('rescind init')).toContain('every policy a report');
});

it('goes from nothing to what would have been done, without one write call', { timeout: 120_000 }, async () => {
  const answers = new Map<string, string>();
  for (const { kind, text } of blocks) {
    if (kind === 'yaml') {
      reader.write(text.replace('https://acme.okta.com', okta.orgUrl).replace('pollSeconds: 15', 'pollSeconds: 5'));
      reader.write('network: { allowPrivate: [127.0.0.0/8] }\n');
      continue;
    }
    for (const line of text.trim().split('\n')) {
      if (line.startsWith('rescind decision list')) {
        report('p2@example.com');
        answers.set(line, await vi.waitFor(() => reader.type(line).then(withPolicy), { timeout: 60_000, interval: 250 }));
      } else {
        const list = answers.get('rescind decision list --outcome reported') ?? '';
        answers.set(line, await reader.type(line.replace(/\bID\b/, /^(\S+) +RP-005/m.exec(list)?.[1] ?? 'ID')));
      }
    }
  }
  expect(answers.get('rescind doctor --for report-only')).toMatch(/\n0 faults, /);
  expect(answers.get('rescind connection list')).toMatch(/^okta-main +okta +standard +report-only /m);
  expect(answers.get('rescind identity list --limit 5')).toContain('p1@example.com');
  expect(answers.get('rescind decision list --outcome reported')).toMatch(/session\.revoke,token\.revoke,password\.expire/);
  expect(answers.get('rescind decision explain ID')).toContain('RP-005');
  expect(okta.writes()).toEqual([]);
  expect(okta.effects).toEqual([]);
});

function withPolicy(list: string): string {
  if (!list.includes(' RP-005 ')) throw new Error('not yet');
  return list;
}

function report(login: string): void {
  const { id } = okta.person(login);
  const person = { id, type: 'User', alternateId: login, displayName: login };
  okta.log({
    eventType: 'user.account.report_suspicious_activity_by_enduser',
    actor: person,
    target: [person],
    outcome: { result: 'SUCCESS', reason: null },
  });
}
