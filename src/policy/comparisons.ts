/** What conditions read and what they compare it with, from their syntax trees. */
import { type ASTNode, parse } from '@marcbachmann/cel-js';
import type { Condition } from './condition.ts';
import { childrenOf, pathOf, readsOf } from './syntax.ts';
import type { Field } from './vocabulary.ts';

export interface Comparisons {
  readonly reads: Set<string>;
  /** By path, the literals that stand in one clause with it. */
  readonly numbers: ReadonlyMap<string, ReadonlySet<number>>;
  readonly texts: ReadonlyMap<string, ReadonlySet<string>>;
  /** Evidence groups asked for by `hasGroup` or looked for in `risk.groups`. */
  readonly groups: ReadonlySet<string>;
  readonly directoryGroups: ReadonlySet<string>;
  readonly lists: ReadonlySet<string>;
  /** By signal type, the numbers that `recent` is compared with. */
  readonly recent: ReadonlyMap<string, readonly number[]>;
  /** Whether a clause computes with what it reads, or reads the clock, so that its literals do not show where it turns. */
  readonly computes: boolean;
}

/** The clauses of the `&&`, `||`, `!` and `?:` tree, in reading order. */
export function clausesOf(node: ASTNode): readonly ASTNode[] {
  if (node.op === '&&' || node.op === '||' || node.op === '?:') return node.args.flatMap(clausesOf);
  return node.op === '!_' ? clausesOf(node.args) : [node];
}

export function treeOf(condition: Condition): ASTNode {
  return parse(condition.text).ast;
}

export function readComparisons(conditions: readonly Condition[], vocabulary: ReadonlyMap<string, Field>): Comparisons {
  const found = {
    reads: new Set<string>(),
    numbers: new Map<string, Set<number>>(),
    texts: new Map<string, Set<string>>(),
    groups: new Set<string>(),
    directoryGroups: new Set<string>(),
    lists: new Set<string>(),
    recent: new Map<string, number[]>(),
    computes: false,
  };
  for (const clause of conditions.flatMap((condition) => clausesOf(treeOf(condition)))) {
    const paths = readsOf(clause, vocabulary);
    const literals: Literals = { numbers: [], texts: [] };
    const counted: string[] = [];
    visit(clause, found, literals, counted);
    for (const path of paths) {
      found.reads.add(path);
      for (const number of literals.numbers) into(found.numbers, path).add(number);
      for (const text of literals.texts) into(found.texts, path).add(text);
      if (path === 'risk.groups') for (const text of literals.texts) found.groups.add(text);
      if (path === 'now' || path === 'env.population') found.computes = true;
    }
    // Two paths in one clause are compared with each other, at places that no literal shows.
    if (paths.size > 1) found.computes = true;
    for (const type of counted) found.recent.set(type, [...(found.recent.get(type) ?? [0]), ...literals.numbers]);
  }
  return found;
}

interface Literals {
  readonly numbers: number[];
  readonly texts: string[];
}

interface Found {
  readonly groups: Set<string>;
  readonly directoryGroups: Set<string>;
  readonly lists: Set<string>;
  computes: boolean;
}

const arithmetic = new Set<string>(['+', '-', '*', '/', '%', '-_']);

function visit(node: ASTNode, found: Found, literals: Literals, counted: string[]): void {
  if (node.op === 'value') {
    if (typeof node.args === 'string') literals.texts.push(node.args);
    if (typeof node.args === 'number' || typeof node.args === 'bigint') literals.numbers.push(Number(node.args));
    return;
  }
  if (arithmetic.has(node.op) && !isNegativeLiteral(node)) found.computes = true;
  if (isNegativeLiteral(node)) {
    literals.numbers.push(-Number(node.args.args));
    return;
  }
  if (node.op === 'rcall') found.computes = true;
  if (node.op === 'call') {
    const [name, args] = node.args;
    const named = args.map((arg) => (arg.op === 'value' && typeof arg.args === 'string' ? arg.args : ''));
    if (name === 'hasGroup') found.groups.add(named[0] as string);
    else if (name === 'inGroup') found.directoryGroups.add(named[0] as string);
    else if (name === 'cidr' || name === 'inList') found.lists.add(named[1] as string);
    else if (name === 'recent') counted.push(named[0] as string);
    else if (name !== 'known' && name !== 'has') {
      found.computes = true;
      for (const arg of args) visit(arg, found, literals, counted);
    }
    return;
  }
  if (pathOf(node) !== undefined) return;
  for (const child of childrenOf(node)) visit(child, found, literals, counted);
}

function isNegativeLiteral(node: ASTNode): node is ASTNode & { readonly op: '-_'; readonly args: ASTNode } {
  return node.op === '-_' && node.args.op === 'value';
}

function into<T>(map: Map<string, Set<T>>, key: string): Set<T> {
  const known = map.get(key);
  if (known) return known;
  const made = new Set<T>();
  map.set(key, made);
  return made;
}
