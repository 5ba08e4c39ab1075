import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runProgram } from '../../src/cli/program.ts';

const programDir = join(import.meta.dirname, '../..');
const policyFile = 'policies/responses/RP-017-partner-word.yaml';
let workingDir: string;

beforeEach(() => {
  workingDir = mkdtempSync(join(tmpdir(), 'rescind-policy-'));
  cpSync(join(programDir, 'policies'), join(workingDir, 'policies'), { recursive: true });
});
afterEach(() => rmSync(workingDir, { recursive: true }));

async function run(args: readonly string[], ended: AbortSignal = new AbortController().signal, heard: (text: string) => void = () => {}) {
  let out = '';
  let err = '';
  const console = {
    out: (text: string) => {
      out += text;
      heard(out);
    },
    err: (text: string) => {
      err += text;
    },
    tty: false,
  };
  const exitCode = await runProgram(['policy', ...args], { console, env: {}, workingDir, ended, programDir, version: '0' });
  return { exitCode, out, err };
}

function edit(path: string, from: string, to: string): void {
  const text = readFileSync(join(workingDir, path), 'utf8');
  if (!text.includes(from)) throw new Error(`${path} does not hold ${from}`);
  writeFileSync(join(workingDir, path), text.replace(from, to));
}

describe('policy lint', () => {
  it('has no fault in the shipped pack, today and two years on, and says what it doubts', async () => {
    for (const today of [[], ['--today', '2028-11-27']]) {
      const { exitCode, out } = await run(['lint', ...today]);
      expect(exitCode).toBe(0);
      expect(out).toMatch(/^responses\/RP-017-partner-word\.yaml:\d+:\d+: W214 direct: /m);
      expect(out).toMatch(/\b0 faults, \d+ doubts\n$/);
      expect(/W215/.test(out)).toBe(today.length > 0);
    }
  });

  it('is strict only when asked, and lets named doubts pass', async () => {
    const { doubts } = JSON.parse((await run(['lint', '--json'])).out) as { doubts: { code: string }[] };
    expect((await run(['lint', '--strict'])).exitCode).toBe(1);
    const codes = [...new Set(doubts.map(({ code }) => code))].join(',');
    expect((await run(['lint', '--strict', '--allow', codes])).exitCode).toBe(0);
  });

  it('says each fault with file, line, column and code, and exits 1', async () => {
    edit(policyFile, 'risk.groupsActive >= 2', 'risk.groupsActiv >= 2');
    const { exitCode, out } = await run(['lint']);
    expect(exitCode).toBe(1);
    expect(out).toMatch(/^responses\/RP-017-partner-word\.yaml:12:1: E103 when: there is no field `risk\.groupsActiv`$/m);
  });

  it('compares versions with an earlier state of the folder', async () => {
    cpSync(join(workingDir, 'policies'), join(workingDir, 'before'), { recursive: true });
    expect((await run(['lint', '--against', 'before'])).exitCode).toBe(0);
    edit(policyFile, 'maxSignalAge: 24h', 'maxSignalAge: 12h');
    const { exitCode, out } = await run(['lint', '--against', 'before']);
    expect(exitCode).toBe(1);
    expect(out).toMatch(/: E109 metadata\.version: /);
  });

  it('asks the configuration beside it which connections and groups there are, without its secrets', async () => {
    expect((await run(['lint'])).err).toMatch(/no rescind\.yaml is at hand/);
    writeFileSync(join(workingDir, 'rescind.yaml'), `connections:\n  - { id: sb, provider: sandbox, adminToken: "\${env:NOWHERE}" }\n`);
    const { out, err } = await run(['lint']);
    expect(err).toBe('');
    expect(out).toMatch(/W213 .*no connection offers device\.disable/);
    expect(out).not.toMatch(/W213 .*no connection offers (session\.revoke|mfa\.require)/);
    expect(out).toMatch(/W216 metadata\.owner: group:iam-oncall has no entry/);
    edit(policyFile, 'causes: [partner]', 'causes: [partner], sources: [nobody]');
    expect((await run(['lint'])).out).toMatch(/E106 match\.sources\.0: /);
  });

  it('says how many people one mistake can disturb in a day, for the people and profiles at hand', async () => {
    const { out } = await run(['lint']);
    expect(out).toContain(
      [
        'disturbed in 24 h at most, with everything enforced (profile standard, 2000 people):',
        '  one lying source           8',
        '  several sources together   10 in an hour, 20 in a day',
        '  one wrong policy merge     20',
        '  one stolen operator token  5',
        '  the HR feed                10, or 3 times the most that left in one day',
      ].join('\n'),
    );
    const worst = async (...args: string[]) =>
      (JSON.parse((await run(['lint', '--json', ...args])).out) as { worstCase: unknown }).worstCase;
    expect(await worst('--people', '20000')).toMatchObject([{ profile: 'standard', people: 20_000, oneSource: 79 }]);
    const people = Array.from({ length: 12 }, (_, n) => `{ id: p${n} }`);
    writeFileSync(join(workingDir, 'rescind.yaml'), `profile: small\nidentities: [${people.join(', ')}]\n`);
    expect(await worst()).toMatchObject([{ profile: 'small', people: 12, oneSource: 3, severalSources: { inAnHour: 3, inADay: 5 } }]);
  });

  it('refuses a day or a number that is none with exit 2', async () => {
    expect((await run(['lint', '--today', 'soon'])).exitCode).toBe(2);
    expect((await run(['lint', '--people', 'many'])).exitCode).toBe(2);
  });
});

describe('policy test', () => {
  it('passes, and counts the wrong versions that it notices', async () => {
    const { exitCode, out } = await run(['test', '--mutate']);
    expect(exitCode).toBe(0);
    expect(out).toMatch(/^RP-017 {2}(\d+)\/\1 wrong versions noticed$/m);
    const json = JSON.parse((await run(['test', '--mutate', '--json'])).out) as { ok: boolean; mutations: { policyId: string }[] };
    expect(json.ok).toBe(true);
    expect(json.mutations.map(({ policyId }) => policyId)).toContain('RP-017');
  });

  it('shows how each clause of a failing test came out', async () => {
    edit(policyFile, 'score: 49.01, level: medium', 'score: 12, level: medium');
    const { exitCode, out } = await run(['test']);
    expect(exitCode).toBe(1);
    expect(out).toMatch(/^FAIL {2}RP-017 {2}high from a new transmitter is a step-up$/m);
    expect(out).toMatch(/^ {8}score: expected 12, got 49\.00/m);
    expect(out).toMatch(/^ {8}true {5}signal\.type == "caep_risk_high"$/m);
    expect(out).toMatch(/^ {8}false {4}risk\.groupsActive >= 2$/m);
  });

  it('--watch runs again when the folder changes, and ends with the last answer when asked to end', async () => {
    const ended = new AbortController();
    let changed = false;
    const { exitCode, out } = await run(['test', '--watch'], ended.signal, (heard) => {
      if (!changed && heard.includes(' passed, 0 failed')) {
        changed = true;
        edit(policyFile, 'score: 49.01', 'score: 12');
      } else if (heard.includes('1 failed')) ended.abort();
    });
    expect(out.match(/\d+ passed, \d+ failed/g)?.length).toBe(2);
    expect(exitCode).toBe(1);
  });
});

describe('policy what-if', () => {
  it('prints policies, clauses, points, step, guard and what it hangs on', async () => {
    const { exitCode, out } = await run(['what-if', '--subject', 'u1', '--signal', 'caep_risk_high', '--with', 'anomalous_token:idp:-10m']);
    expect(exitCode).toBe(0);
    expect(out).toMatch(/^RP-017 takes revoke, rung 3$/m);
    expect(out).toMatch(/^ {2}true {5}risk\.groupsActive >= 2$/m);
    expect(out).toMatch(/^ {2}\d+\.\d\d {2}caep_risk_high +external/m);
    expect(out).toMatch(/^the smallest change that flips it: without anomalous_token of idp at -10m$/m);
  });

  it('exits 1 where nothing would be done, and 2 for a question that makes no sense', async () => {
    expect((await run(['what-if', '--signal', 'credential_change'])).exitCode).toBe(1);
    expect(await run(['what-if', '--signal', 'nonsense'])).toMatchObject({
      exitCode: 2,
      err: 'rescind: risk.yaml has no signal type nonsense\n',
    });
    expect((await run(['what-if', '--signal', 'credential_change', '--set', 'device.colour=red'])).exitCode).toBe(2);
    expect((await run(['what-if'])).exitCode).toBe(2);
  });
});

describe('policy coverage', () => {
  it('prints four tables, and the same as JSON', async () => {
    const { exitCode, out } = await run(['coverage']);
    expect(exitCode).toBe(0);
    expect(out).toMatch(/^session_revoked +none +RP-017 \(3\)/m);
    expect(out).toMatch(/^T1078 .*RP-017 \(3\)/m);
    expect(out).toMatch(/^soc2 +CC7\.3 +RP-017 \(3\)/m);
    // The column of Okta, then that of the sandbox.
    for (const done of [
      'mfa.require',
      'session.revoke',
      'grant.revoke',
      'password.expire',
      'mfa.reset',
      'account.suspend',
      'account.disable',
    ])
      expect(out).toMatch(new RegExp(`^${done.replace('.', '\\.')} +\\d +(done|substitute) +done +`, 'm'));
    expect(out).not.toMatch(/^(account\.restore|mfa\.lift|group\.add) /m);
    expect(Object.keys(JSON.parse((await run(['coverage', '--json'])).out) as object)).toEqual([
      'signals',
      'attack',
      'controls',
      'actions',
    ]);
  });
});
