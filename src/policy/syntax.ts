/**
 * What a condition's text may contain, judged on its syntax tree before types are checked: the language's library checks neither
 * the fields inside `has`, nor `dyn`, nor how long a regular expression runs.
 */
import type { ASTNode } from '@marcbachmann/cel-js';
import type { Field } from './vocabulary.ts';
import { isPrefix } from './vocabulary.ts';

export type ConditionCode = 'E102' | 'E103' | 'E104' | 'E105' | 'E106' | 'E107';

export interface ConditionFault {
  readonly code: ConditionCode;
  readonly message: string;
}

/** Names that the functions of a condition may be given. */
export interface Known {
  readonly vocabulary: ReadonlyMap<string, Field>;
  readonly signalTypes: ReadonlyMap<string, { readonly group: string; readonly standalone: number }>;
  readonly groups: ReadonlySet<string>;
  readonly lists: { has(id: string): boolean };
}

export interface Reading {
  readonly faults: ConditionFault[];
  /** Paths that are read, also inside `has`. */
  readonly reads: Set<string>;
}

const macros = new Set(['all', 'exists', 'exists_one', 'filter']);
const methods = new Set(['startsWith', 'endsWith', 'contains', 'size', ...macros]);
const functions = new Set([
  'recent',
  'hasGroup',
  'inGroup',
  'cidr',
  'inList',
  'known',
  'has',
  'size',
  'int',
  'double',
  'string',
  'duration',
  'timestamp',
]);

export const maxNodes = 500;
export const maxDepth = 24;
/** Characters; nothing else bounds a literal text. */
export const maxLength = 4000;

/** Children of a node, whatever its operator. */
export function childrenOf(node: ASTNode): readonly ASTNode[] {
  switch (node.op) {
    case 'value':
    case 'id':
      return [];
    case '.':
    case '.?':
      return [node.args[0]];
    case 'call':
      return node.args[1];
    case 'rcall':
      return [node.args[1], ...node.args[2]];
    case 'map':
      return node.args.flat();
    case '!_':
    case '-_':
      return [node.args];
    default:
      return node.args as readonly ASTNode[];
  }
}

/** The dotted path that a chain of selections spells, or `undefined` when it starts from something else than a name. */
export function pathOf(node: ASTNode): string | undefined {
  if (node.op === 'id') return node.args;
  if (node.op !== '.') return undefined;
  const parent = pathOf(node.args[0]);
  return parent === undefined ? undefined : `${parent}.${node.args[1]}`;
}

/** Whether an error or unknown anywhere in the node always is one of the whole node. */
export function isStrict(node: ASTNode): boolean {
  if (node.op === '?:' || node.op === '&&' || node.op === '||') return false;
  if (node.op === 'call' && node.args[0] === 'has') return false;
  if (node.op === 'rcall' && macros.has(node.args[0])) return false;
  return childrenOf(node).every(isStrict);
}

/** Every declared path that the node reads. */
export function readsOf(node: ASTNode, vocabulary: ReadonlyMap<string, Field>, into: Set<string> = new Set()): Set<string> {
  const path = pathOf(node);
  if (path !== undefined) {
    if (vocabulary.has(path)) into.add(path);
    return into;
  }
  for (const child of childrenOf(node)) readsOf(child, vocabulary, into);
  return into;
}

/** Walks the whole tree and reports everything that may not be there. */
export function inspect(root: ASTNode, known: Known): Reading {
  const reading: Reading = { faults: [], reads: new Set() };
  visit(root, { known, reading, locals: new Set(), inMacro: false });
  return reading;
}

interface Visit {
  readonly known: Known;
  readonly reading: Reading;
  /** Names bound by a macro around the node. */
  readonly locals: ReadonlySet<string>;
  readonly inMacro: boolean;
}

function visit(node: ASTNode, at: Visit): void {
  const fault = (code: ConditionCode, message: string) => at.reading.faults.push({ code, message });
  const path = pathOf(node);
  if (path !== undefined) {
    visitPath(path, at, fault);
    return;
  }
  switch (node.op) {
    case 'call':
      if (node.args[0] === 'matches')
        fault('E104', '`matches` may run for seconds and is refused: use startsWith, endsWith, contains or `in`');
      else if (!functions.has(node.args[0])) fault('E102', `there is no function \`${node.args[0]}\``);
      else visitCall(node.args[0], node.args[1], at, fault);
      break;
    case 'rcall':
      if (node.args[0] === 'matches')
        fault('E104', '`matches` may run for seconds and is refused: use startsWith, endsWith, contains or `in`');
      else if (!methods.has(node.args[0])) fault('E102', `there is no function \`${node.args[0]}\``);
      else if (macros.has(node.args[0])) {
        visitMacro(node.args[0], node.args[1], node.args[2], at, fault);
        return;
      }
      break;
    case 'value':
      if (typeof node.args === 'object' && node.args !== null) fault('E102', 'bytes and unsigned numbers have no use in a condition');
      break;
    case 'map':
    case '[]':
    case '[?]':
    case '.?':
      fault(
        'E102',
        `\`${node.op === 'map' ? '{...}' : node.op}\` has no use in a condition: name a field with a dot, or use \`in\` and exists`,
      );
      break;
    default:
  }
  for (const child of childrenOf(node)) visit(child, at);
}

function visitPath(path: string, at: Visit, fault: (code: ConditionCode, message: string) => void): void {
  const root = path.split('.', 1)[0] as string;
  if (at.locals.has(root)) return;
  const { vocabulary } = at.known;
  if (vocabulary.has(path)) {
    at.reading.reads.add(path);
    return;
  }
  if (root === 'facts') fault('E107', `\`${path}\` is not declared, with one type, by every signal type of match.signals`);
  else if (!isPrefix(vocabulary, root) && !vocabulary.has(root)) fault('E103', `there is no variable \`${root}\``);
  else if (isPrefix(vocabulary, path)) fault('E103', `\`${path}\` is no value: name one of its fields`);
  else fault('E103', `there is no field \`${path}\``);
}

function visitMacro(
  name: string,
  receiver: ASTNode,
  args: readonly ASTNode[],
  at: Visit,
  fault: (code: ConditionCode, message: string) => void,
): void {
  if (at.inMacro) fault('E105', `\`${name}\` inside another macro: its cost would multiply`);
  visit(receiver, at);
  const [variable, ...rest] = args;
  if (variable?.op !== 'id' || isPrefix(at.known.vocabulary, variable.args) || at.known.vocabulary.has(variable.args)) {
    fault('E102', `the first argument of \`${name}\` is a new name`);
    return;
  }
  for (const child of rest) visit(child, { ...at, locals: new Set([...at.locals, variable.args]), inMacro: true });
}

function visitCall(name: string, args: readonly ASTNode[], at: Visit, fault: (code: ConditionCode, message: string) => void): void {
  const literal = (index: number): string | undefined => {
    const node = args[index];
    return node?.op === 'value' && typeof node.args === 'string' ? node.args : undefined;
  };
  const named = (index: number, what: string, isKnown: (id: string) => boolean) => {
    const id = literal(index);
    if (id === undefined) fault('E102', `${name}() takes the ${what} as a literal text`);
    else if (!isKnown(id)) fault('E106', `there is no ${what} \`${id}\``);
  };
  switch (name) {
    case 'recent': {
      named(0, 'signal type', (id) => at.known.signalTypes.has(id));
      const type = at.known.signalTypes.get(literal(0) ?? '');
      if (type?.standalone === 0) fault('E106', `\`${literal(0)}\` leaves no evidence, so recent() cannot count it`);
      break;
    }
    case 'hasGroup':
      named(0, 'evidence group', (id) => at.known.groups.has(id));
      break;
    case 'cidr':
    case 'inList':
      named(1, 'list', (id) => at.known.lists.has(id));
      break;
    case 'has': {
      const field = args[0] ? at.known.vocabulary.get(pathOf(args[0]) ?? '') : undefined;
      if (field && field.whenUnknown !== 'absent') fault('E102', 'has() is always true here: it asks for numbers; ask known() of a text');
      break;
    }
    default:
  }
}
