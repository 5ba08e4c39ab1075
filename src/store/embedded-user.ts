/**
 * PostgreSQL refuses to run as root. Chooses whom it runs as instead, and how: as another user, or, where folders above the
 * programs or the data are closed to every other user, as this one under another number inside a user namespace.
 */
import { execFile } from 'node:child_process';
import { readFile, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import { AppError } from '../model/errors.ts';

export interface Account {
  readonly uid: number;
  readonly gid: number;
}

export type RunAs =
  /** As the user who runs this process. */
  | { readonly kind: 'self' }
  | { readonly kind: 'user'; readonly uid: number; readonly gid: number }
  /** Root outside, an unprivileged number inside: files stay root's. */
  | { readonly kind: 'namespace'; readonly uid: number; readonly gid: number };

/** A command line that runs `program` under `runAs`, and the spawn options that go with it. */
export function commandAs(
  runAs: RunAs,
  program: string,
  args: readonly string[],
): { file: string; args: string[]; options: Partial<Account> } {
  switch (runAs.kind) {
    case 'self':
      return { file: program, args: [...args], options: {} };
    case 'user':
      return { file: program, args: [...args], options: { uid: runAs.uid, gid: runAs.gid } };
    case 'namespace':
      return {
        file: 'unshare',
        args: ['--user', `--map-user=${runAs.uid}`, `--map-group=${runAs.gid}`, '--', program, ...args],
        options: {},
      };
    default:
      return runAs satisfies never;
  }
}

/** The first folder above (or at) `path` that `account` may not pass; access lists beyond the mode bits are not read. */
export async function closedFolder(path: string, account: Account): Promise<string | undefined> {
  const folders = [path];
  for (let folder = dirname(path); folder !== folders.at(-1); folder = dirname(folder)) folders.push(folder);
  for (const folder of folders.reverse()) {
    const facts = await stat(folder).catch(() => undefined);
    if (!facts) return undefined;
    const bit = facts.uid === account.uid ? 0o100 : facts.gid === account.gid ? 0o010 : 0o001;
    if ((facts.mode & bit) === 0) return folder;
  }
  return undefined;
}

async function findAccount(name: string): Promise<Account | undefined> {
  const passwd = await readFile('/etc/passwd', 'utf8').catch(() => '');
  const fields = passwd
    .split('\n')
    .map((line) => line.split(':'))
    .find((parts) => parts[0] === name);
  const [uid, gid] = [Number(fields?.[2]), Number(fields?.[3])];
  return Number.isInteger(uid) && Number.isInteger(gid) && uid > 0 ? { uid, gid } : undefined;
}

/** What speaks against user namespaces here; undefined where they work. */
async function namespaceRefusal(account: Account): Promise<string | undefined> {
  try {
    await promisify(execFile)('unshare', ['--user', `--map-user=${account.uid}`, `--map-group=${account.gid}`, '--', 'true']);
    return undefined;
  } catch (error) {
    const { code, stderr } = error as { code?: unknown; stderr?: string };
    return code === 'ENOENT' ? 'unshare is not installed' : stderr?.trim().split('\n').at(-1) || 'not permitted';
  }
}

/**
 * `ownFolder` is the data folder's parent, `dataFolder` the folder of PostgreSQL itself, which may not exist yet. Fails with
 * `store.folderClosed`, naming the folder and the two remedies.
 */
export async function chooseUser(programs: readonly string[], ownFolder: string, dataFolder: string): Promise<RunAs> {
  const ownUid = process.getuid?.();
  if (ownUid !== 0) {
    const facts = await stat(dataFolder).catch(() => undefined);
    if (facts && facts.uid !== ownUid) {
      throw new AppError(
        'store.folderClosed',
        `${dataFolder} belongs to user ${facts.uid}, this process runs as ${ownUid}: run as its owner, or name another data folder`,
      );
    }
    return { kind: 'self' };
  }
  const existing = await stat(dataFolder).catch(() => undefined);
  const nobody = (await findAccount('nobody')) ?? { uid: 65534, gid: 65534 };
  const owner = existing && existing.uid !== 0 ? { uid: existing.uid, gid: existing.gid } : undefined;
  const account = owner ?? (await findAccount('postgres')) ?? nobody;
  if (!existing || owner) {
    let closed: string | undefined;
    for (const path of [...programs, ownFolder]) closed ??= await closedFolder(path, account);
    if (closed === undefined) return { kind: 'user', ...account };
    // Inside a namespace the files of a third user stay closed: only root's own can be reached that way.
    if (owner) throw folderClosed(closed, account.uid, 'the data belongs to that user already');
    return inNamespace(nobody, closed, account.uid);
  }
  return inNamespace(nobody, dataFolder, account.uid);
}

async function inNamespace(nobody: Account, closed: string, uid: number): Promise<RunAs> {
  const refusal = await namespaceRefusal(nobody);
  if (refusal !== undefined) throw folderClosed(closed, uid, `user namespaces cannot be used: ${refusal}`);
  return { kind: 'namespace', ...nobody };
}

function folderClosed(folder: string, uid: number, why: string): AppError {
  return new AppError(
    'store.folderClosed',
    `PostgreSQL does not run as root, and ${folder} is closed to user ${uid} (${why}): open it with chmod o+x, or run as an ordinary user`,
  );
}
