/** The rule of imports, as data: what each room may import, what only one place may do, and why. */
import { readSource, type SourceText } from './source-text.ts';

export interface SourceFile {
  /** From the root of the project: `src/risk/score.ts`. */
  readonly path: string;
  readonly text: string;
}

export interface Violation {
  readonly path: string;
  readonly rule: string;
  readonly because: string;
  readonly found: string;
}

export const steps = ['ssf', 'signals', 'context', 'risk', 'policy', 'guard', 'actions', 'ledger'] as const;

interface ImportRule {
  readonly name: string;
  /** What `files` and `packages` let in, for people. */
  readonly may: string;
  readonly because: string;
  /** Files that the rule is about; the first rule that fits a file is its rule. */
  readonly of: RegExp;
  /** Files of ours that they may import. */
  readonly files: RegExp;
  /** Packages and Node's own modules that they may import; absent: any that no other rule forbids. */
  readonly packages?: RegExp;
}

const any = /^/;
const none = /(?!)/;

/** A file that no rule is about is a violation too: a new room argues for itself. */
export const importRules: readonly ImportRule[] = [
  {
    name: 'model',
    may: 'itself, zod, yaml',
    because: 'the words depend on nothing of ours, and everything depends on them',
    of: /^src\/model\//,
    files: /^src\/model\//,
    packages: /^(zod|yaml)$/,
  },
  {
    name: 'ssf',
    may: '`model`, jose, ipaddr.js, zod',
    because: 'the protocol is a library: it would serve another program as well',
    of: /^src\/ssf\//,
    files: /^src\/(model|ssf)\//,
    packages: /^(zod|jose|ipaddr\.js|node:(crypto|util))$/,
  },
  {
    name: 'signals',
    may: '`model`, `ssf`, the adapter contract, zod',
    because: 'doors read the protocols, and what adapters read; the pipeline knows what comes after them',
    of: /^src\/signals\//,
    files: /^src\/(model|ssf|signals)\/|^src\/adapters\/contract\.ts$/,
    packages: /^(zod|node:crypto)$/,
  },
  {
    name: 'context',
    may: '`model`, ipaddr.js, zod',
    because: 'steps never import each other: the pipeline knows the order',
    of: /^src\/context\//,
    files: /^src\/(model|context)\//,
    packages: /^(zod|ipaddr\.js|node:crypto)$/,
  },
  ...(['risk', 'policy', 'guard'] as const).map((room) => ({
    name: room,
    may: '`model`, zod, canonicalize, ipaddr.js, CEL, hashes of node:crypto',
    because: 'pure, and a step: records are judged again bit for bit, years later, without anything around',
    of: new RegExp(`^src/${room}/`),
    files: new RegExp(`^src/(model|${room})/`),
    packages: /^(zod|canonicalize|ipaddr\.js|@marcbachmann\/cel-js(\/.*)?|node:crypto)$/,
  })),
  {
    name: 'actions',
    may: '`model`, the adapter contract, packages',
    because: 'plans are carried out through the contract, whoever the provider is',
    of: /^src\/actions\//,
    files: /^src\/(model|actions)\/|^src\/adapters\/contract\.ts$/,
  },
  {
    name: 'ledger/verifier',
    may: 'itself, node:crypto, node:fs, node:path',
    because: 'a verifier that shares code with the writer shares its mistakes',
    of: /^src\/ledger\/verifier\//,
    files: /^src\/ledger\/verifier\//,
    packages: /^node:(crypto|fs|path)(\/.*)?$/,
  },
  {
    name: 'ledger',
    may: '`model`, canonicalize, zod',
    because: 'steps never import each other: the pipeline knows the order',
    of: /^src\/ledger\//,
    files: /^src\/(model|ledger)\//,
    packages: /^(zod|canonicalize|node:(crypto|path))$/,
  },
  {
    name: 'adapters',
    may: '`model`, `ssf`, the files beside it, packages',
    because: 'what every provider shares is the contract and the guarded client, and these know no provider',
    of: /^src\/adapters\/[^/]+\.ts$/,
    files: /^src\/(model|ssf)\/|^src\/adapters\/[^/]+\.ts$/,
  },
  {
    name: 'adapters/<provider>',
    may: '`model`, `ssf`, `adapters/contract.ts`, `adapters/http.ts`, its own folder, packages',
    because: 'a provider is added or taken away without touching another',
    of: /^src\/adapters\/[^/]+\//,
    files: /^src\/(model|ssf)\/|^src\/adapters\/(contract|http)\.ts$|^<own folder>/,
  },
  {
    name: 'sinks',
    may: '`model`, `adapters/http.ts`, `adapters/guarded-socket.ts`, nodemailer, hashes of node:crypto',
    because: 'a way of telling others knows one message and one receiver, not what is told or why',
    of: /^src\/sinks\//,
    files: /^src\/(model|sinks)\/|^src\/adapters\/(http|guarded-socket)\.ts$/,
    packages: /^(nodemailer|node:crypto)$/,
  },
  {
    name: 'store',
    may: '`model`, the contracts of `adapters`, `actions` and `ledger`, `ledger/tiles.ts`, packages',
    because: 'the store keeps what the contracts say, for rooms that do not know it',
    of: /^src\/store\//,
    files: /^src\/(model|store)\/|^src\/(adapters|actions|ledger)\/contract\.ts$|^src\/ledger\/tiles\.ts$/,
  },
  {
    name: 'settings',
    may: '`model`, `ssf/transmitter-settings.ts`, the adapter contract, packages',
    because: 'the configuration takes the schemas of those whom it configures',
    of: /^src\/settings\//,
    files: /^src\/(model|settings)\/|^src\/ssf\/transmitter-settings\.ts$|^src\/adapters\/contract\.ts$/,
  },
  {
    name: 'server',
    may: '`model`, packages',
    because: 'HTTP knows one port, not the rooms behind it',
    of: /^src\/server\//,
    files: /^src\/(model|server)\//,
  },
  {
    name: 'engine',
    may: '`model`, `risk`, `policy`, `guard`, canonicalize',
    because: 'the order of judging is as pure as its steps',
    of: /^src\/engine(\.ts$|\/)/,
    files: /^src\/(model|risk|policy|guard|engine)\/|^src\/engine\.ts$/,
    packages: /^(canonicalize|node:crypto)$/,
  },
  {
    name: 'pipeline',
    may: '`model`, the steps, `engine`, `store`',
    because: 'the order of the steps is told by itself, without the wiring around it',
    of: /^src\/pipeline(\.ts$|\/)/,
    files: /^src\/(model|signals|context|risk|policy|guard|actions|ledger|store|pipeline)\/|^src\/engine(\.ts$|\/)/,
  },
  {
    name: 'app',
    may: 'everything but `cli`',
    because: 'the composition root names everything, and nothing but the command line stands above it',
    of: /^src\/app(\.ts$|\/)/,
    files: /^src\/(?!cli\/|main\.ts$|app\.ts$)/,
  },
  {
    name: 'cli',
    may: 'everything',
    because: 'a command is a thin caller of the same app',
    of: /^src\/cli\//,
    files: /^src\/(?!main\.ts$)/,
  },
  { name: 'main', may: '`cli`', because: 'the entry hands the process to the command line', of: /^src\/main\.ts$/, files: /^src\/cli\// },
];

interface PlaceRule {
  readonly name: string;
  readonly because: string;
  /** Files that the rule is about. */
  readonly where: RegExp;
  readonly except: RegExp;
  readonly in: keyof SourceText | 'imports' | 'path';
  readonly forbidden: RegExp;
}

export const placeRules: readonly PlaceRule[] = [
  {
    name: 'express only in server',
    because: 'HTTP is one room',
    where: any,
    except: /^src\/server\//,
    in: 'imports',
    forbidden: /^(express|helmet|express-rate-limit)$/m,
  },
  {
    name: 'the environment only in main',
    because: 'settings are values',
    where: any,
    except: /^src\/main\.ts$/,
    in: 'code',
    forbidden: /\bprocess\s*(\.|\?\.)\s*env\b|\benv\b[^;]*\bfrom\s*''/,
  },
  {
    name: 'time, timers and chance only in app/system.ts',
    because: 'everything runs under a given clock and given bytes in tests, and can be replayed',
    where: any,
    except: /^src\/app\/system\.ts$/,
    in: 'code',
    forbidden:
      /\bDate\.now\b|\bnew Date\(\s*\)|\bDate\(\s*\)|\bset(Timeout|Interval)\b|\bMath\.random\b|\b(randomBytes|randomUUID|randomInt|randomFill(Sync)?|getRandomValues)\b|\bperformance\.now\b|\bhrtime\b/,
  },
  {
    name: 'no timers of Node by name',
    because: 'a timer is asked of the clock',
    where: any,
    except: none,
    in: 'imports',
    forbidden: /^node:(timers|perf_hooks)/m,
  },
  {
    name: 'SQL never asks for the time',
    because: 'one instant a batch, given as a parameter',
    where: any,
    except: /^src\/store\/database-clock\.ts$/,
    in: 'strings',
    forbidden:
      /(?<![.\w])((now|clock_timestamp|transaction_timestamp|statement_timestamp)\(\s*\)|current_timestamp\b|localtimestamp\b|'now'::)/i,
  },
  {
    name: 'no default exports',
    because: 'a thing has one name',
    where: any,
    except: none,
    in: 'code',
    forbidden: /\bexport\s+default\b|\bexport\s*\{[^}]*\bas\s+default\b/,
  },
  {
    name: 'providers are named only by the composition',
    because: 'the rest knows the contract',
    where: /^src\/(?!adapters\/)/,
    except: /^src\/app\/providers\.ts$/,
    in: 'imports',
    forbidden: /^src\/adapters\/(?!(contract|http|guarded-socket)\.ts$)/m,
  },
  {
    name: 'names say what is inside',
    because: 'what has no name of its own has no place of its own',
    where: any,
    except: none,
    in: 'path',
    forbidden: /\/(utils?|helpers?|common|services?|types)(\.ts$|\/)/,
  },
];

export function findViolations(files: readonly SourceFile[]): readonly Violation[] {
  return files.flatMap((file) => {
    const source = readSource(file.text);
    const imports = importsOf(file.path, source);
    return [...importViolations(file.path, imports), ...placeViolations(file.path, source, imports)];
  });
}

/** Every module that a file imports, re-exports or loads later: ours as a path from the root, others by name. */
export function importsOf(path: string, { statements }: SourceText): readonly string[] {
  const found = [...statements.matchAll(/\b(?:from|import)\s*(['"])([^'"\n]+)\1|\bimport\s*\(\s*(['"`])([^'"`\n]+)\3/g)].map(
    (match) => (match[2] ?? match[4]) as string,
  );
  return found.map((name) => (name.startsWith('.') ? resolvePath(path, name) : name));
}

function resolvePath(from: string, relative: string): string {
  const parts = from.split('/').slice(0, -1);
  for (const part of relative.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '.') parts.push(part);
  }
  return parts.join('/');
}

function importViolations(path: string, imports: readonly string[]): readonly Violation[] {
  const rule = importRules.find(({ of }) => of.test(path));
  if (rule === undefined) return [{ path, rule: 'every file has a room', because: 'a new room argues for itself', found: path }];
  const ownFolder = /^src\/adapters\/[^/]+\//.exec(path)?.[0];
  const mayImport = (target: string) =>
    target.startsWith('src/')
      ? rule.files.test(target) || (rule.name === 'adapters/<provider>' && ownFolder !== undefined && target.startsWith(ownFolder))
      : (rule.packages ?? any).test(target);
  return imports.filter((target) => !mayImport(target)).map((found) => ({ path, rule: rule.name, because: rule.because, found }));
}

function placeViolations(path: string, source: SourceText, imports: readonly string[]): readonly Violation[] {
  const texts = { ...source, imports: imports.join('\n'), path };
  return placeRules.flatMap(({ name, because, where, except, in: place, forbidden }) => {
    if (!where.test(path) || except.test(path)) return [];
    const match = forbidden.exec(texts[place]);
    return match === null ? [] : [{ path, rule: name, because, found: match[0].slice(0, 80) }];
  });
}

/** The rules as the page on architecture shows them. */
export function renderRules(): string {
  return [
    '| room | may import, besides itself | because |',
    '|---|---|---|',
    ...importRules.map(({ name, may, because }) => `| \`${name}\` | ${may} | ${because} |`),
    '',
    '| in one place only | because |',
    '|---|---|',
    ...placeRules.map(({ name, because }) => `| ${name} | ${because} |`),
  ].join('\n');
}
