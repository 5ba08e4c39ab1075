/** The rule of imports, as data: what each room may import, and what only one place may do. */

export interface SourceFile {
  /** From the root of the project: `src/risk/score.ts`. */
  readonly path: string;
  readonly text: string;
}

export interface Violation {
  readonly path: string;
  readonly rule: string;
  readonly found: string;
}

const steps = ['ssf', 'signals', 'context', 'risk', 'policy', 'guard', 'actions', 'ledger'] as const;
/** Places that know several rooms: the order of the steps, and the composition. */
const composers = /^src\/(main|app|engine|pipeline)\.ts$|^src\/(app|pipeline|cli)\//;

/** Rooms that a room may import beside itself; `model` is open to all. */
const allowed: Readonly<Record<string, { readonly rooms: readonly RegExp[]; readonly because: string }>> = {
  model: { rooms: [], because: 'the words depend on nothing of ours' },
  ssf: { rooms: [], because: 'the protocol is a library' },
  signals: { rooms: [/^src\/ssf\//], because: 'doors read the protocol and nothing else' },
  context: { rooms: [], because: 'steps never import each other' },
  risk: { rooms: [], because: 'steps never import each other' },
  policy: { rooms: [], because: 'steps never import each other' },
  guard: { rooms: [], because: 'steps never import each other' },
  actions: {
    rooms: [/^src\/adapters\/(contract|http)\.ts$/],
    because: 'plans are carried out through the contract, whoever the provider is',
  },
  ledger: { rooms: [], because: 'steps never import each other' },
  store: {
    rooms: [/^src\/adapters\/contract\.ts$/, /^src\/ledger\/(contract|tiles)\.ts$/],
    because: 'the store keeps what the contracts say',
  },
  settings: {
    rooms: [/^src\/ssf\/transmitter-settings\.ts$/, /^src\/adapters\/contract\.ts$/],
    because: 'the configuration takes the schemas of those whom it configures',
  },
  server: { rooms: [], because: 'HTTP knows one port, not the rooms behind it' },
};

interface PlaceRule {
  readonly name: string;
  readonly because: string;
  /** Files that the rule is about. */
  readonly where: RegExp;
  readonly except: RegExp;
  readonly forbidden: RegExp;
}

const never = /(?!)/;

export const placeRules: readonly PlaceRule[] = [
  {
    name: 'express only in server',
    because: 'HTTP is one room',
    where: /^src\//,
    except: /^src\/server\//,
    forbidden: /from '(express|helmet|express-rate-limit)'/,
  },
  {
    name: 'the environment only in main',
    because: 'settings are values',
    where: /^src\//,
    except: /^src\/main\.ts$/,
    forbidden: /process\.env\b/,
  },
  {
    name: 'time, timers and chance only from the system',
    because: 'everything can be replayed under a given clock',
    where: /^src\//,
    except: /^src\/app\/system\.ts$/,
    forbidden: /\bDate\.now\(|\bnew Date\(\)|\bset(Timeout|Interval)\(|Math\.random\(|\brandomBytes\(|\brandomUUID\(|\bperformance\.now\(/,
  },
  {
    name: 'SQL never asks for the time',
    because: 'one clock a batch',
    where: /^src\//,
    except: /^src\/store\/database-clock\.ts$/,
    forbidden:
      /\b(select|values|set|where|and|default|insert|update)\b[^\n]*(?<![.\w])(now\(\)|clock_timestamp\(\)|current_timestamp|transaction_timestamp\(\))/i,
  },
  {
    name: 'pure rooms do no I/O',
    because: 'records are judged again bit for bit',
    where: /^src\/(risk|policy|guard)\//,
    except: never,
    forbidden: /from '(node:(fs|net|http|https|dns|child_process|timers|worker_threads)[^']*|pg|undici|pino|pg-boss)'/,
  },
  { name: 'no default exports', because: 'a thing has one name', where: /^src\//, except: never, forbidden: /^export default\b/m },
  {
    name: 'providers are named only where they are composed',
    because: 'the rest knows the contract',
    where: /^src\/(?!adapters\/)/,
    except: /^src\/app\/providers\.ts$/,
    forbidden: /from '[^']*adapters\/(?!contract|http)[^']*'/,
  },
];

const vagueNames = /\/(utils?|helpers?|common|services?|types)(\.ts|\/)/;

export function findViolations(files: readonly SourceFile[]): readonly Violation[] {
  return files.flatMap((file) => [...importViolations(file), ...placeViolations(file), ...nameViolations(file)]);
}

export function importsOf({ path, text }: SourceFile): readonly string[] {
  const found = [...text.matchAll(/(?:from|import)\s*\(?\s*'(\.[^']+)'/g)].map((match) => match[1] as string);
  return found.map((relative) => resolvePath(path, relative));
}

function resolvePath(from: string, relative: string): string {
  const parts = from.split('/').slice(0, -1);
  for (const part of relative.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '.') parts.push(part);
  }
  return parts.join('/');
}

function importViolations(file: SourceFile): readonly Violation[] {
  if (composers.test(file.path)) return [];
  const room = /^src\/([a-z]+)\//.exec(file.path)?.[1];
  if (room === undefined) return [];
  return importsOf(file)
    .filter((target) => !mayImport(file.path, room, target))
    .map((found) => ({ path: file.path, rule: `imports of ${room}: ${allowed[room]?.because ?? 'a room of its own'}`, found }));
}

function mayImport(path: string, room: string, target: string): boolean {
  // The verifier must not share code with what it checks.
  if (path.startsWith('src/ledger/verifier/')) return target.startsWith('src/ledger/verifier/');
  const provider = /^src\/adapters\/([a-z]+)\//.exec(path)?.[1];
  if (room === 'adapters') {
    return (
      target.startsWith('src/model/') ||
      /^src\/adapters\/[a-z-]+\.ts$/.test(target) ||
      target.startsWith('src/ssf/') ||
      (provider !== undefined && target.startsWith(`src/adapters/${provider}/`))
    );
  }
  if (target.startsWith(`src/${room}/`)) return true;
  if (target.startsWith('src/model/')) return true;
  return allowed[room]?.rooms.some((pattern) => pattern.test(target)) ?? false;
}

function placeViolations({ path, text }: SourceFile): readonly Violation[] {
  const code = text.replace(/\/\*[\s\S]*?\*\/|(?<!:)\/\/[^\n]*/g, '');
  return placeRules.flatMap(({ name, because, where, except, forbidden }) => {
    if (!where.test(path) || except.test(path)) return [];
    const match = forbidden.exec(code);
    return match === null ? [] : [{ path, rule: `${name}: ${because}`, found: match[0].slice(0, 80) }];
  });
}

function nameViolations({ path }: SourceFile): readonly Violation[] {
  return vagueNames.test(path) ? [{ path, rule: 'names say what is inside', found: path }] : [];
}

export const roomsWithRules: readonly string[] = [...Object.keys(allowed), 'adapters'];
export { steps };
