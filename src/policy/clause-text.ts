/**
 * The text of a part of a condition. The language's library writes one too, but loses brackets (`a - (b - c)`), small numbers and
 * characters beyond 16 bits: what it writes may mean something else.
 */
import type { ASTNode } from '@marcbachmann/cel-js';

const atom = 8;
const unary = 7;
const relation = 4;

/** How tightly an operator binds; absent: an atom. Comparisons do not chain. */
const binding: Readonly<Record<string, number>> = {
  '?:': 1,
  '||': 2,
  '&&': 3,
  '==': relation,
  '!=': relation,
  '<': relation,
  '<=': relation,
  '>': relation,
  '>=': relation,
  in: relation,
  '+': 5,
  '-': 5,
  '*': 6,
  '/': 6,
  '%': 6,
  '!_': unary,
  '-_': unary,
};

/** Text that parses to the very same tree. Brackets stand only where they are needed. Throws for what `inspect` refuses. */
export function textOf(node: ASTNode): string {
  switch (node.op) {
    case 'value':
      return literal(node.args);
    case 'id':
      return node.args;
    case '.':
      return `${bracketed(node.args[0], atom)}.${node.args[1]}`;
    case 'call':
      return `${node.args[0]}(${node.args[1].map(textOf).join(', ')})`;
    case 'rcall':
      return `${bracketed(node.args[1], atom)}.${node.args[0]}(${node.args[2].map(textOf).join(', ')})`;
    case 'list':
      return `[${node.args.map(textOf).join(', ')}]`;
    case '!_':
      return `!${bracketed(node.args, atom)}`;
    case '-_':
      return `-${bracketed(node.args, atom)}`;
    case '?:': {
      const [condition, yes, no] = node.args;
      return `${bracketed(condition, 2)} ? ${bracketed(yes, 2)} : ${bracketed(no, 2)}`;
    }
    case '[]':
    case '[?]':
    case '.?':
    case 'map':
      throw new Error(`a condition cannot hold ${node.op}`);
    default: {
      const own = binding[node.op] as number;
      const [left, right] = node.args;
      return `${bracketed(left, own === relation ? own + 1 : own)} ${node.op} ${bracketed(right, own + 1)}`;
    }
  }
}

function bracketed(node: ASTNode, atLeast: number): string {
  const text = textOf(node);
  const isNegative = node.op === 'value' && text.startsWith('-');
  return (isNegative ? unary : (binding[node.op] ?? atom)) >= atLeast ? text : `(${text})`;
}

function literal(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value);
  // Without a fraction it would be a whole number.
  if (typeof value === 'number') return /[.e]/.test(String(value)) ? String(value) : `${value}.0`;
  if (typeof value === 'bigint' || typeof value === 'boolean' || value === null) return String(value);
  throw new Error('a condition cannot hold such a literal');
}
