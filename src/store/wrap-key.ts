/** Where the wrapping key comes from: a value of the configuration, or a file that only its owner may read. Never the database. */
import { link, mkdir, open, readFile, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError } from '../model/errors.ts';
import type { RandomBytes } from '../model/ids.ts';
import type { Log } from '../model/log.ts';

export interface WrapKeySource {
  /** 32 bytes; undefined where there is no key yet. */
  read(): Promise<Uint8Array | undefined>;
  /** Makes the key once: of several processes that try, all get the same. */
  create(): Promise<Uint8Array>;
}

const keyBytes = 32;
const fileName = 'wrap';

/** `keys.wrap` of the configuration: 32 bytes in base64, base64url or hex. Throws AppError `config.invalid` for anything else. */
export function wrapKeyFromValue(value: string): WrapKeySource {
  const key = decodeKey(value);
  if (key === undefined) throw new AppError('config.invalid', 'keys.wrap is not 32 bytes in base64, base64url or hex');
  return { read: async () => key, create: async () => key };
}

/** The file `wrap` in `dir`, made with mode 0600 where it is needed and missing. `quiet` leaves out the warning that it lies beside the data. */
export function wrapKeyFromFile(options: { dir: string; random: RandomBytes; log: Log; quiet: boolean }): WrapKeySource {
  const { dir, random, log, quiet } = options;
  const path = join(dir, fileName);

  async function read(): Promise<Uint8Array | undefined> {
    let text: string;
    try {
      text = await readFile(path, 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw new AppError('keys.unusable', `the wrapping key in ${path} cannot be read`, { cause: error });
    }
    const key = decodeKey(text);
    if (key === undefined) throw new AppError('keys.unusable', `${path} does not hold a key of 32 bytes`);
    if (((await stat(path)).mode & 0o077) !== 0) log.warn({ path }, 'keys.wrapReadableByOthers');
    if (!quiet) log.warn({ path }, 'keys.wrapBesideData');
    return key;
  }

  return {
    read,
    async create() {
      await mkdir(dir, { recursive: true, mode: 0o700 });
      const draft = join(dir, `${fileName}.${Buffer.from(random(8)).toString('hex')}`);
      const file = await open(draft, 'wx', 0o600);
      try {
        await file.writeFile(`${Buffer.from(random(keyBytes)).toString('base64url')}\n`);
        await file.sync();
      } finally {
        await file.close();
      }
      try {
        // Unlike a rename, a link never replaces a key that another process made meanwhile.
        await link(draft, path);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      } finally {
        await unlink(draft);
      }
      const folder = await open(dir, 'r');
      await folder.sync().finally(() => folder.close());
      return (await read()) as Uint8Array;
    },
  };
}

function decodeKey(text: string): Uint8Array | undefined {
  const trimmed = text.trim();
  if (/^[0-9a-fA-F]{64}$/.test(trimmed)) return Buffer.from(trimmed, 'hex');
  if (!/^[A-Za-z0-9+/_-]{43}=?$/.test(trimmed)) return undefined;
  const key = Buffer.from(trimmed, 'base64url');
  return key.length === keyBytes ? key : undefined;
}
