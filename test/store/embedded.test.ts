import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import pg from 'pg';
import { afterEach, describe, expect, test } from 'vitest';
import { silentLog } from '../../src/model/log.ts';
import { startEmbedded } from '../../src/store/embedded.ts';
import { openStore, type Store } from '../../src/store/open.ts';
import { joinFolder } from '../../src/store/owner-lock.ts';
import { lockHolder } from '../../src/store/postmaster.ts';
import { systemClock } from '../support/system-clock.ts';

const isRoot = process.getuid?.() === 0;
const script = join(import.meta.dirname, '../support/store-process.ts');
const folders: string[] = [];
const children: ChildProcess[] = [];
const stores: Store[] = [];

afterEach(async () => {
  for (const store of stores.splice(0)) await store.close().catch(() => {});
  for (const child of children.splice(0)) {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
  }
  for (const folder of folders.splice(0)) {
    for (const data of [join(folder, 'pg'), join(folder, 'inner', 'pg')]) await kill(data);
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  }
});

/** A folder of one's own; `mode` says who else may pass it. */
function makeFolder(mode = 0o711): string {
  const folder = mkdtempSync(join(tmpdir(), `rescind-test-${process.pid}-`));
  chmodSync(folder, mode);
  folders.push(folder);
  return folder;
}

async function open(dataDir: string, hold = true): Promise<Store> {
  const store = await openStore({ dataDir, clock: systemClock, log: silentLog, hold, settings: { fsync: 'off' } });
  stores.push(store);
  return store;
}

async function serverPid(dataFolder: string): Promise<number | undefined> {
  const holder = await lockHolder(join(dataFolder, 'postmaster.pid'), dataFolder);
  return holder.kind === 'server' ? holder.pid : undefined;
}

async function kill(dataFolder: string): Promise<void> {
  const pid = await serverPid(dataFolder);
  if (pid === undefined) return;
  process.kill(pid, 'SIGKILL');
  while ((await serverPid(dataFolder)) !== undefined) await systemClock.sleep(10);
}

interface Said {
  pid?: number;
  adopted?: boolean;
  code?: string;
  detail?: string;
  closed?: boolean;
}

function startProcess(dataDir: string, hold: 'hold' | 'guest', wrap: readonly string[] = []) {
  const [file, ...args] = [...wrap, process.execPath, script, dataDir, hold];
  const child = spawn(file as string, args, { stdio: ['pipe', 'pipe', 'inherit'], detached: true });
  children.push(child);
  const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream })[Symbol.asyncIterator]();
  return { child, said: async () => JSON.parse((await lines.next()).value as string) as Said, close: () => child.stdin?.write('close\n') };
}

async function put(store: Store, value: number): Promise<void> {
  await store.query('create table if not exists kept (value int)');
  await store.query('insert into kept values ($1)', [value]);
}

const kept = async (store: Store) => (await store.query<{ value: number }>('select value from kept')).rows.map((row) => row.value);

test('an empty folder becomes a database that listens on a socket in a folder of its own only, and closing stops the server', async () => {
  const dataDir = makeFolder();
  mkdirSync(join(dataDir, 'pg.new-999999-half'));
  const store = await open(dataDir);
  const pid = await serverPid(join(dataDir, 'pg'));
  const { rows } = await store.query(
    `select current_setting('listen_addresses') as listens, current_setting('data_checksums') as checksums, current_setting('server_encoding') as encoding`,
  );
  expect(rows).toEqual([{ listens: '', checksums: 'on', encoding: 'UTF8' }]);
  expect(statSync(join(dataDir, 'pg')).mode & 0o777).toBe(0o700);
  expect(readdirSync(dataDir).sort()).toEqual(['owner', 'pg', 'pg.log']);
  expect(statSync(join(dataDir, 'pg.log')).mode & 0o777).toBe(0o600);
  if (isRoot) expect(statSync(join(dataDir, 'pg')).uid).not.toBe(0);
  expect(store.adoptedServer).toBe(false);
  await store.close();
  expect(pid).toBeTypeOf('number');
  expect(await serverPid(join(dataDir, 'pg'))).toBeUndefined();
});

test('the log of the server holds nothing that clients sent', async () => {
  const dataDir = makeFolder();
  const store = await open(dataDir);
  await expect(store.query(`select 'alice@example.com'::int`)).rejects.toThrow('alice@example.com');
  await store.close();
  expect(readFileSync(join(dataDir, 'pg.log'), 'utf8')).not.toContain('alice');
});

describe('after a crash', () => {
  test('Ctrl-C that reaches the whole process group leaves the server alone, and the next start takes it over', async () => {
    const dataDir = makeFolder();
    const first = startProcess(dataDir, 'hold');
    expect(await first.said()).toMatchObject({ adopted: false });
    const pid = await serverPid(join(dataDir, 'pg'));
    process.kill(-(first.child.pid as number), 'SIGINT');
    await once(first.child, 'exit');
    const second = await open(dataDir);
    expect(second.adoptedServer).toBe(true);
    expect(await serverPid(join(dataDir, 'pg'))).toBe(pid);
    await second.close();
    expect(await serverPid(join(dataDir, 'pg'))).toBeUndefined();
  });

  test('a parent killed with SIGKILL frees the folder at once', async () => {
    const dataDir = makeFolder();
    const first = startProcess(dataDir, 'hold');
    await first.said();
    first.child.kill('SIGKILL');
    await once(first.child, 'exit');
    const startedAt = performance.now();
    expect((await open(dataDir)).adoptedServer).toBe(true);
    expect(performance.now() - startedAt).toBeLessThan(2_000);
  });

  test('with parent and server both killed, what was committed is there again', async () => {
    const dataDir = makeFolder();
    const first = startProcess(dataDir, 'hold');
    await first.said();
    const guest = await open(dataDir, false);
    await put(guest, 7);
    first.child.kill('SIGKILL');
    await once(first.child, 'exit');
    await kill(join(dataDir, 'pg'));
    await guest.close();
    const second = await open(dataDir);
    expect(second.adoptedServer).toBe(false);
    expect(await kept(second)).toEqual([7]);
  });

  test.each([
    ['an empty lock file', () => ''],
    ['a lock file that names a live stranger of the same user', (dataDir: string) => `${spawnStranger(dataDir, 'exec sleep 60').pid}\n`],
    ['a lock file that names a zombie', async (dataDir: string) => `${await spawnZombie(dataDir)}\n`],
    ['a lock file that names nobody who lives', () => '4194303\n'],
  ])('%s does not keep the server from starting', async (_, text) => {
    const dataDir = makeFolder();
    await put(await open(dataDir), 1);
    await stores.pop()?.close();
    const said = await text(dataDir);
    for (const name of ['postmaster.pid', '.s.PGSQL.5432.lock']) writeFileSync(join(dataDir, 'pg', name), said);
    expect(await kept(await open(dataDir))).toEqual([1]);
  });

  function spawnStranger(dataDir: string, command: string): ChildProcess {
    const { uid, gid } = statSync(join(dataDir, 'pg'));
    const child = spawn('sh', ['-c', command], { cwd: '/', stdio: ['pipe', 'pipe', 'ignore'], ...(isRoot ? { uid, gid } : {}) });
    children.push(child);
    return child;
  }

  const nameOf = (pid: number) => /^\d+ \((.*)\) (.)/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.slice(1, 3);

  /** A shell's child ends only once the shell became `sleep`, which never learns of it. */
  async function spawnZombie(dataDir: string): Promise<number> {
    const shell = spawnStranger(dataDir, 'exec 3<&0; cat <&3 >&2 & echo $!; exec sleep 60 3<&-');
    const [line] = await once(createInterface({ input: shell.stdout as NodeJS.ReadableStream }), 'line');
    await expect.poll(() => nameOf(shell.pid as number)).toEqual(['sleep', 'S']);
    shell.stdin?.end();
    await expect.poll(() => nameOf(Number(line))).toEqual(['cat', 'Z']);
    return Number(line);
  }

  test('a server that dies under a running service is started again, and the folder stays held', async () => {
    const dataDir = makeFolder();
    const store = await open(dataDir);
    await put(store, 3);
    await kill(join(dataDir, 'pg'));
    await expect.poll(() => kept(store).catch((error) => error.code), { timeout: 15_000 }).toEqual([3]);
    const other = startProcess(dataDir, 'hold');
    expect(await other.said()).toMatchObject({ code: 'store.folderInUse', detail: expect.stringContaining(`process ${process.pid}`) });
  });
});

describe('several at once', () => {
  test('who lost its place together with its server keeps the folder, however long it takes to come back', async () => {
    const dataDir = makeFolder();
    const owner = startProcess(dataDir, 'hold');
    await owner.said();
    const command = await open(dataDir, false);
    owner.child.kill('SIGSTOP');
    await command.query(`select pg_terminate_backend(pid) from pg_stat_activity where application_name = $1`, [
      `rescind owner ${owner.child.pid}`,
    ]);
    await expect(open(dataDir)).rejects.toMatchObject({
      code: 'store.folderInUse',
      detail: `the data folder is in use by process ${owner.child.pid}`,
    });
    owner.child.kill('SIGCONT');
    owner.close();
    expect(await owner.said()).toEqual({ closed: true });
    await open(dataDir);
  });

  test('the name of an owner whose number went to another process keeps nobody out', async () => {
    const dataDir = makeFolder();
    mkdirSync(dataDir, { recursive: true });
    writeFileSync(join(dataDir, 'owner'), `${process.ppid}\n1\n`);
    await open(dataDir);
    expect(readFileSync(join(dataDir, 'owner'), 'utf8')).toMatch(new RegExp(`^${process.pid}\\n`));
  });

  test('of two services on an empty folder one owns it, and the other is refused with the name of the first', async () => {
    const dataDir = makeFolder();
    const said = await Promise.all([startProcess(dataDir, 'hold'), startProcess(dataDir, 'hold')].map((process) => process.said()));
    const owner = said.find((line) => line.code === undefined);
    const refused = said.find((line) => line.code !== undefined);
    expect(refused).toMatchObject({ code: 'store.folderInUse', detail: `the data folder is in use by process ${owner?.pid}` });
    expect(await serverPid(join(dataDir, 'pg'))).toBeTypeOf('number');
    expect(readdirSync(dataDir).sort()).toEqual(['owner', 'pg', 'pg.log']);
  });

  test('a command beside a service uses its server, and the last of the two to leave stops it', async () => {
    const dataDir = makeFolder();
    const service = startProcess(dataDir, 'hold');
    await service.said();
    const command = await open(dataDir, false);
    expect(command.adoptedServer).toBe(true);
    service.close();
    expect(await service.said()).toEqual({ closed: true });
    await put(command, 5);
    expect(await kept(command)).toEqual([5]);
    await command.close();
    expect(await serverPid(join(dataDir, 'pg'))).toBeUndefined();
  });

  test('a command without a service starts the server and stops it again', async () => {
    const dataDir = makeFolder();
    const command = await open(dataDir, false);
    expect(command.adoptedServer).toBe(false);
    await command.close();
    expect(await serverPid(join(dataDir, 'pg'))).toBeUndefined();
  });

  test('a service that comes while the last command stops the server starts one anew', async () => {
    const dataDir = makeFolder();
    const options = { dataDir, log: silentLog, clock: systemClock, settings: { fsync: 'off' } };
    const server = await startEmbedded(options);
    const seat = await joinFolder(server.connection);
    const watcher = new pg.Client(server.connection);
    watcher.on('error', () => {});
    await watcher.connect();
    expect(await seat.release()).toBe(true);
    const service = open(dataDir);
    const waiting = `select 1 from pg_stat_activity where application_name = $1 and wait_event_type = 'Lock'`;
    await expect.poll(async () => (await watcher.query(waiting, [`rescind owner ${process.pid}`])).rowCount).toBe(1);
    await server.stop();
    await seat.end();
    const store = await service;
    expect(store.adoptedServer).toBe(false);
    expect((await store.query('select 1')).rowCount).toBe(1);
  });
});

describe('broken folders', () => {
  test('a database without its control file fails with the last lines of the log, and is not tried again', async () => {
    const dataDir = makeFolder();
    await (await open(dataDir)).close();
    rmSync(join(dataDir, 'pg', 'global'), { recursive: true });
    await expect(open(dataDir)).rejects.toMatchObject({ code: 'store.startFailed', detail: expect.stringContaining('pg_control') });
  });

  test('a database of another major version is named and left alone', async () => {
    const dataDir = makeFolder();
    await (await open(dataDir)).close();
    writeFileSync(join(dataDir, 'pg', 'PG_VERSION'), '17\n');
    await expect(open(dataDir)).rejects.toMatchObject({
      code: 'store.majorDiffers',
      detail: expect.stringMatching(/PostgreSQL 17,.*PostgreSQL 18/),
    });
  });

  test('a folder that holds something else is not overwritten', async () => {
    const dataDir = makeFolder();
    mkdirSync(join(dataDir, 'pg'));
    writeFileSync(join(dataDir, 'pg', 'notes.txt'), 'mine');
    await expect(open(dataDir)).rejects.toMatchObject({
      code: 'store.startFailed',
      detail: expect.stringContaining('PG_VERSION is missing'),
    });
    expect(readFileSync(join(dataDir, 'pg', 'notes.txt'), 'utf8')).toBe('mine');
  });

  const canMount = isRoot && spawnSync('unshare', ['--mount', '--', 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt']).status === 0;
  test.skipIf(!canMount)('a full disk is named, and no half folder stays', async () => {
    const dataDir = makeFolder();
    const command = `mount -t tmpfs -o size=20m,mode=0711 tmpfs ${dataDir} && "$@"; ls ${dataDir} >&2; exit 0`;
    const { said } = startProcess(dataDir, 'hold', ['unshare', '--mount', '--', 'sh', '-c', command, 'sh']);
    expect(await said()).toMatchObject({ code: 'store.startFailed', detail: expect.stringContaining('No space left on device') });
  });
});

describe.skipIf(!isRoot)('as root', () => {
  test('below a folder that is closed to everybody else the server runs in a user namespace, and the files stay with root', async () => {
    const dataDir = join(makeFolder(0o700), 'inner');
    const store = await open(dataDir);
    await put(store, 1);
    expect(statSync(join(dataDir, 'pg', 'PG_VERSION')).uid).toBe(0);
    await store.close();
    expect(await kept(await open(dataDir))).toEqual([1]);
  });

  test('where user namespaces are forbidden the closed folder and both remedies are named', async () => {
    const closed = makeFolder(0o700);
    const { said } = startProcess(join(closed, 'inner'), 'hold', [
      ...['unshare', '--user', '--map-root-user', '--', 'sh', '-c', 'echo 0 > /proc/sys/user/max_user_namespaces && exec "$@"', 'sh'],
    ]);
    const answer = await said();
    expect(answer).toMatchObject({ code: 'store.folderClosed', detail: expect.stringContaining(`${closed} is closed`) });
    expect(answer.detail).toMatch(/chmod o\+x.*or run as an ordinary user/);
  });

  test('data that belong to a third user below a closed folder are refused by name', async () => {
    const closed = makeFolder();
    const dataDir = join(closed, 'inner');
    await (await open(dataDir)).close();
    chmodSync(closed, 0o700);
    await expect(open(dataDir)).rejects.toMatchObject({ code: 'store.folderClosed', detail: expect.stringContaining(closed) });
  });
});

describe('a path too long for a socket', () => {
  const long = () => join(makeFolder(), 'x'.repeat(100));

  test('the socket goes to a short private folder, is found again by the next start, and goes with the server', async () => {
    const dataDir = long();
    const first = startProcess(dataDir, 'hold');
    await first.said();
    first.child.kill('SIGKILL');
    await once(first.child, 'exit');
    const second = await open(dataDir);
    expect(second.adoptedServer).toBe(true);
    const host = second.connection.host as string;
    expect(host).not.toContain('xxx');
    expect(statSync(host).mode & 0o777).toBe(0o700);
    await second.close();
    expect(existsSync(host)).toBe(false);
  });

  test('a recorded folder that others could have made is not believed', async () => {
    const dataDir = long();
    await (await open(dataDir)).close();
    const planted = makeFolder(0o777);
    writeFileSync(join(dataDir, 'pg', 'postmaster.pid'), `4194303\n${join(dataDir, 'pg')}\n1\n5432\n${planted}\n\n0\nready\n`);
    const store = await open(dataDir);
    expect(store.connection.host).not.toBe(planted);
    expect(dirname(store.connection.host as string)).toBe(tmpdir());
  });
});
