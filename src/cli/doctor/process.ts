/** What `doctor` looks at of the process itself: folders, address, policies, overrides, what is not served. */
import { stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { reportUnserved } from '../../app/unserved.ts';
import { toRfc3339 } from '../../model/clock.ts';
import { silentLog } from '../../model/log.ts';
import type { Settings } from '../../settings/index.ts';
import type { CommandContext } from '../console.ts';
import { compileFolder, readSurroundings } from '../policy/folder.ts';
import { doubtsOf } from '../policy/lint.ts';
import { doubt, type Finding, fault, ok, shownError } from './finding.ts';

const about = 'process';

export async function examineProcess(settings: Settings, context: CommandContext, now: number): Promise<readonly Finding[]> {
  return [
    ...(await examineFolders(settings, context.workingDir)),
    examineAddress(settings.publicUrl),
    await examinePolicies(settings, context, now),
    ...Object.keys(settings.overrides).map((id) => doubt(about, 'override', `${id} is enforced by hand, unproven`)),
    ...unserved(settings),
  ];
}

/**
 * Others of this machine may pass through the data folder, as the unprivileged user of the database does where root started us, and neither
 * look nor write there; the wrapping key is for its owner alone.
 */
async function examineFolders({ dataDir, keys }: Settings, workingDir: string): Promise<readonly Finding[]> {
  const folder = resolve(workingDir, dataDir);
  const wrap = join(resolve(workingDir, keys?.dir ?? `${dataDir}/keys`), 'wrap');
  const looked = [await examineMode('data folder', folder, 0o066)];
  return keys?.wrap === undefined ? [...looked, await examineMode('wrapping key', wrap, 0o077)] : looked;
}

async function examineMode(check: string, path: string, closed: number): Promise<Finding> {
  const found = await stat(path).catch((error: NodeJS.ErrnoException) => error);
  if (found instanceof Error)
    return found.code === 'ENOENT' ? ok(about, check, 'made at the first start') : fault(about, check, `${path} cannot be looked at`);
  if ((found.mode & closed) === 0) return ok(about, check);
  return fault(about, check, `others of this machine may read or change it: \`chmod go-rw ${path}\``);
}

function examineAddress(publicUrl: string | null): Finding {
  if (publicUrl === null) return doubt(about, 'publicUrl', 'not set: no provider can send events here, they are polled for');
  const { hostname, protocol } = new URL(publicUrl);
  if (protocol === 'https:') return ok(about, 'publicUrl');
  return doubt(about, 'publicUrl', `${hostname} is this machine alone: no provider can send events here`);
}

async function examinePolicies(settings: Settings, context: CommandContext, now: number): Promise<Finding> {
  try {
    const surroundings = await readSurroundings(context);
    const folder = resolve(context.workingDir, settings.policies);
    const { files, compiled } = await compileFolder(folder, surroundings ? { connections: surroundings.connections } : {});
    if (!compiled.ok) return fault(about, 'policies', `${compiled.faults.length} faults: \`rescind policy lint\` shows them`);
    const doubts = doubtsOf(files, compiled.bundle, toRfc3339(now).slice(0, 10), surroundings);
    return doubts.length === 0
      ? ok(about, 'policies')
      : doubt(about, 'policies', `${doubts.length} doubts: \`rescind policy lint\` shows them`);
  } catch (error) {
    return fault(about, 'policies', shownError(error));
  }
}

function unserved(settings: Settings): readonly Finding[] {
  const found: Finding[] = [];
  const warn = ({ part }: { readonly part?: unknown }) =>
    void found.push(doubt(about, 'not served', `${part} has no effect in this version`));
  try {
    reportUnserved(settings, { ...silentLog, warn });
  } catch (error) {
    found.push(fault(about, 'not served', shownError(error)));
  }
  return found;
}
