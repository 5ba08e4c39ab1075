/** `token`: bearer tokens for the API. On the machine that holds the data, no token is needed to make one. */
import { createHash } from 'node:crypto';
import { type Command, InvalidArgumentError } from 'commander';
import { systemClock, systemRandom } from '../app/system.ts';
import { toRfc3339 } from '../model/clock.ts';
import { createIdMaker } from '../model/ids.ts';
import { type Role, roles } from '../model/operator.ts';
import { insertToken, listTokens, revokeToken } from '../store/token-store.ts';
import { CommandError } from './client.ts';
import { type CommandContext, type ExitCode, formatTable } from './console.ts';
import { withStore } from './data.ts';

type Run = (action: () => Promise<ExitCode>) => Promise<void>;
const dayMs = 86_400_000;

export function addTokenCommands(program: Command, context: CommandContext, run: Run): void {
  const token = program.command('token').description('bearer tokens for the API');
  token
    .command('create')
    .description('makes a token and prints it, once')
    .requiredOption('--role <role>', `one or more of ${roles.join(', ')}`, collectRole, [] as Role[])
    .option('--name <name>', 'what to call it; unique among those in use', parseName)
    .option(
      '--type <type>',
      'a signal type that it may send; several times for several',
      (value: string, all: string[]) => [...all, value],
      [] as string[],
    )
    .option('--days <n>', 'how long it counts', parseDays)
    .option('--json', 'print JSON')
    .action((options: CreateOptions) => run(() => create(options, context)));
  token
    .command('list')
    .option('--json', 'print JSON')
    .action((options: { json?: boolean }) => run(() => list(options, context)));
  token
    .command('revoke')
    .argument('<name>')
    .action((name: string) => run(() => revoke(name, context)));
}

interface CreateOptions {
  readonly role: readonly Role[];
  readonly name?: string;
  readonly type: readonly string[];
  readonly days?: number;
  readonly json?: boolean;
}

async function create(options: CreateOptions, context: CommandContext): Promise<ExitCode> {
  const secret = `rsc_${Buffer.from(systemRandom(24)).toString('base64url')}`;
  const at = systemClock.now();
  const record = {
    id: createIdMaker(systemRandom).next(at),
    name: options.name ?? `cli-${Buffer.from(systemRandom(4)).toString('hex')}`,
    roles: options.role,
    types: options.type.length === 0 ? null : options.type,
    createdAt: at,
    expiresAt: options.days === undefined ? null : at + options.days * dayMs,
  };
  await withStore(context, (store) => insertToken(store, { ...record, sha256: createHash('sha256').update(secret).digest() }));
  if (options.json)
    context.console.out(
      `${JSON.stringify({ name: record.name, token: secret, roles: record.roles, expiresAt: record.expiresAt === null ? null : toRfc3339(record.expiresAt) })}\n`,
    );
  else context.console.out(`${secret}\n`);
  return 0;
}

async function list(options: { json?: boolean }, context: CommandContext): Promise<ExitCode> {
  const tokens = await withStore(context, listTokens);
  const instant = (at: number | null) => (at === null ? null : toRfc3339(at));
  const shown = tokens.map((token) => ({
    ...token,
    createdAt: instant(token.createdAt),
    expiresAt: instant(token.expiresAt),
    revokedAt: instant(token.revokedAt),
  }));
  if (options.json) context.console.out(`${JSON.stringify({ items: shown }, null, 2)}\n`);
  else
    context.console.out(
      `${formatTable([['name', 'roles', 'expires', 'revoked'], ...shown.map((token) => [token.name, token.roles.join(','), token.expiresAt ?? 'never', token.revokedAt ?? '-'])])}\n`,
    );
  return 0;
}

async function revoke(name: string, context: CommandContext): Promise<ExitCode> {
  const revoked = await withStore(context, (store) => revokeToken(store, name, systemClock.now()));
  if (!revoked) throw new CommandError(`no token in use has the name ${name}`, 1);
  return 0;
}

function collectRole(value: string, all: readonly Role[]): Role[] {
  const chosen = value.split(',').map((role) => {
    if (!(roles as readonly string[]).includes(role)) throw new InvalidArgumentError(`known are ${roles.join(', ')}`);
    return role as Role;
  });
  return [...all, ...chosen];
}

/** Names stand in the log as the source of signals. */
function parseName(value: string): string {
  if (!/^[A-Za-z0-9][A-Za-z0-9._~-]{0,62}$/.test(value)) throw new InvalidArgumentError('1 to 63 letters, digits, `.`, `_`, `~`, `-`');
  return value;
}

function parseDays(value: string): number {
  const days = Number(value);
  if (!Number.isInteger(days) || days < 1 || days > 3650) throw new InvalidArgumentError('a whole number of days, 1 to 3650');
  return days;
}
