/**
 * Wrong versions of a condition, one slip each: a comparison turned round, a boundary moved, a clause dropped, `&&` and `||` swapped, a
 * `!` lost. Tests that pass on a wrong version do not say what the policy means.
 */
import { type ASTNode, parse } from '@marcbachmann/cel-js';
import { textOf } from './clause-text.ts';

export interface Mutant {
  readonly text: string;
  /** What was done to which clause, for people. */
  readonly change: string;
}

const turned = { '>=': '<', '<': '>=', '>': '<=', '<=': '>', '==': '!=', '!=': '==' } as const;
const stricter = { '>=': '>', '>': '>=', '<=': '<', '<': '<=' } as const;

type Comparison = keyof typeof turned;

/**
 * Every single change, each text once, none that reads as the original. A whole number's boundary moves by one; of a number with a
 * fraction by a tenth of its size, since scores seldom meet one exactly. The text must parse.
 */
export function mutateCondition(text: string): readonly Mutant[] {
  const root = parse(text).ast;
  const original = textOf(root);
  const seen = new Set([original]);
  const mutants = [...changesOf(root), ...(isClause(root) ? [{ text: 'true', change: `dropped \`${original}\`` }] : [])];
  return mutants.filter((mutant) => !seen.has(mutant.text) && seen.add(mutant.text));
}

/** Changes of a node or of one place below it, as texts of the whole node. */
function* changesOf(node: ASTNode): Generator<Mutant> {
  switch (node.op) {
    case '&&':
    case '||': {
      const [left, right] = node.args;
      const other = node.op === '&&' ? '||' : '&&';
      const [l, r] = [bracket(left), bracket(right)];
      yield { text: `${l} ${other} ${r}`, change: `\`${node.op}\` became \`${other}\` before \`${textOf(right)}\`` };
      yield { text: textOf(left), change: `dropped \`${textOf(right)}\`` };
      yield { text: textOf(right), change: `dropped \`${textOf(left)}\`` };
      for (const mutant of changesOf(left)) yield { ...mutant, text: `(${mutant.text}) ${node.op} ${r}` };
      for (const mutant of changesOf(right)) yield { ...mutant, text: `${l} ${node.op} (${mutant.text})` };
      return;
    }
    case '!_':
      yield { text: textOf(node.args), change: `lost the \`!\` before \`${textOf(node.args)}\`` };
      for (const mutant of changesOf(node.args)) yield { ...mutant, text: `!(${mutant.text})` };
      return;
    case '?:': {
      const [asked, yes, no] = node.args;
      for (const mutant of changesOf(asked)) yield { ...mutant, text: `(${mutant.text}) ? ${bracket(yes)} : ${bracket(no)}` };
      for (const mutant of changesOf(yes)) yield { ...mutant, text: `${bracket(asked)} ? (${mutant.text}) : ${bracket(no)}` };
      for (const mutant of changesOf(no)) yield { ...mutant, text: `${bracket(asked)} ? ${bracket(yes)} : (${mutant.text})` };
      return;
    }
    default:
      yield* changesOfClause(node);
  }
}

function* changesOfClause(node: ASTNode): Generator<Mutant> {
  const whole = textOf(node);
  if (isComparison(node)) {
    const [left, right] = node.args as [ASTNode, ASTNode];
    const op = node.op as Comparison;
    const write = (sign: string, a = textOf(left), b = textOf(right)) => `${a} ${sign} ${b}`;
    yield { text: write(turned[op]), change: `\`${whole}\` became \`${write(turned[op])}\`` };
    if (!Object.hasOwn(stricter, op)) return;
    const moved = (textAfter: string): Mutant => ({ text: textAfter, change: `\`${whole}\` became \`${textAfter}\`` });
    const [fractionLeft, fractionRight] = [fractionOf(left), fractionOf(right)];
    if (fractionLeft === undefined && fractionRight === undefined) yield moved(write(stricter[op as keyof typeof stricter]));
    for (const value of neighbours(fractionLeft)) yield moved(write(op, value));
    for (const value of neighbours(fractionRight)) yield moved(write(op, undefined, value));
    return;
  }
  yield { text: `!(${whole})`, change: `\`${whole}\` became its opposite` };
  if (node.op !== 'in') return;
  const [value, list] = node.args;
  if (list.op !== 'list' || list.args.length < 2) return;
  for (const dropped of list.args) {
    const rest = list.args.filter((item) => item !== dropped).map(textOf);
    yield { text: `${textOf(value)} in [${rest.join(', ')}]`, change: `\`${whole}\` lost ${textOf(dropped)}` };
  }
}

function isComparison(node: ASTNode): boolean {
  return Object.hasOwn(turned, node.op);
}

function isClause(node: ASTNode): boolean {
  return node.op !== '&&' && node.op !== '||' && node.op !== '!_' && node.op !== '?:';
}

/** A literal of type double; whole numbers are BigInt. */
function fractionOf(node: ASTNode): number | undefined {
  return node.op === 'value' && typeof node.args === 'number' ? node.args : undefined;
}

function neighbours(value: number | undefined): readonly string[] {
  if (value === undefined) return [];
  const step = Math.abs(value) / 10 || 1;
  return [value - step, value + step].map((moved) => {
    const text = String(Number(moved.toFixed(6)));
    return text.includes('.') ? text : `${text}.0`;
  });
}

function bracket(node: ASTNode): string {
  return `(${textOf(node)})`;
}
