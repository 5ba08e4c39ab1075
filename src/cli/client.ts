/** Speaks to a running service: the one that `RESCIND_URL` and `RESCIND_TOKEN` name. */
import type { CommandContext } from './console.ts';

/** A command that cannot go on; `exitCode` 1 says no, 2 says that it was called wrongly. */
export class CommandError extends Error {
  readonly exitCode: 1 | 2;
  constructor(message: string, exitCode: 1 | 2 = 2) {
    super(message);
    this.exitCode = exitCode;
  }
}

export interface Client {
  get<T>(path: string, query?: Readonly<Record<string, string | undefined>>): Promise<T>;
  text(path: string): Promise<string>;
  bytes(path: string): Promise<Uint8Array>;
  post<T>(path: string, body: unknown): Promise<T>;
}

const timeoutMs = 30_000;

export function createClient({ env, ended }: Pick<CommandContext, 'env' | 'ended'>): Client {
  const base = env['RESCIND_URL'];
  const token = env['RESCIND_TOKEN'];
  if (!base) throw new CommandError('RESCIND_URL is not set: where does the service run?');
  if (!URL.canParse(base)) throw new CommandError('RESCIND_URL is no address');
  if (!token) throw new CommandError('RESCIND_TOKEN is not set: make one with `rescind token create`');

  async function call(method: string, path: string, body?: unknown): Promise<Response> {
    let response: Response;
    try {
      response = await fetch(new URL(path.replace(/^\//, ''), base?.endsWith('/') ? base : `${base}/`), {
        method,
        headers: {
          authorization: `Bearer ${token}`,
          accept: 'application/json',
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        signal: AbortSignal.any([ended, AbortSignal.timeout(timeoutMs)]),
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
    } catch {
      throw new CommandError(`no service answers at ${base}`);
    }
    if (!response.ok) throw await refusalOf(response);
    return response;
  }

  return {
    async get<T>(path: string, query: Readonly<Record<string, string | undefined>> = {}) {
      const search = new URLSearchParams(
        Object.entries(query).filter((pair): pair is [string, string] => pair[1] !== undefined),
      ).toString();
      return (await (await call('GET', search === '' ? path : `${path}?${search}`)).json()) as T;
    },
    async text(path) {
      return (await call('GET', path)).text();
    },
    async bytes(path) {
      return new Uint8Array(await (await call('GET', path)).arrayBuffer());
    },
    async post<T>(path: string, body: unknown) {
      return (await (await call('POST', path, body)).json()) as T;
    },
  };
}

async function refusalOf(response: Response): Promise<CommandError> {
  const problem = (await response.json().catch(() => ({}))) as { code?: string; detail?: string };
  const said = [problem.code, problem.detail].filter(Boolean).join(': ') || `HTTP ${response.status}`;
  return new CommandError(said, response.status === 404 || response.status === 409 || response.status === 422 ? 1 : 2);
}
