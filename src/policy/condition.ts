/**
 * Conditions in CEL behind one port: checked in full when they are loaded, evaluated with three-valued logic plus error, traced
 * clause by clause on demand. Deterministic and bounded: no clock, no regular expression, no macro in a macro.
 */
import { type ASTNode, TypeError as CelTypeError, Environment, EvaluationError, ParseError } from '@marcbachmann/cel-js';
import type { FactType, SignalCatalogue } from '../model/catalogue.ts';
import type { ClauseTrace } from '../model/decision.ts';
import { textOf } from './clause-text.ts';
import type { ConditionFault } from './syntax.ts';
import { childrenOf, inspect, isStrict, maxDepth, maxLength, maxNodes, readsOf } from './syntax.ts';
import type { Values } from './values.ts';
import { valueAt } from './values.ts';
import type { Field } from './vocabulary.ts';
import { vocabularyFor } from './vocabulary.ts';

export type Truth = ClauseTrace['value'];

export interface Condition {
  readonly text: string;
  /** Declared paths that it reads. */
  readonly reads: ReadonlySet<string>;
  /** `unknown && false` is false, `unknown || true` is true, `error` outweighs `unknown`; never throws. */
  evaluate(values: Values): Truth;
  /** Evaluates again, every clause of the `&&`, `||` and `!` tree, in reading order. */
  trace(values: Values): readonly { readonly clause: string; readonly value: Truth }[];
}

export type CompiledCondition =
  | { readonly ok: true; readonly condition: Condition }
  | { readonly ok: false; readonly faults: readonly ConditionFault[] };

export interface ConditionEvaluator {
  /** `facts` are those that every matched signal type declares. */
  compile(text: string, facts: Readonly<Record<string, FactType>>): CompiledCondition;
}

type Clause =
  | { readonly op: 'and' | 'or'; readonly left: Clause; readonly right: Clause }
  | { readonly op: 'not'; readonly inner: Clause }
  | { readonly op: 'leaf'; readonly text: string; readonly run: (values: Values) => Truth };

/** An argument whose value nobody knows. */
class Unknown extends Error {}

/** One evaluator serves one set of documents; its functions read the values that are being evaluated, one at a time. */
export function createConditionEvaluator(catalogue: SignalCatalogue, lists: { has(id: string): boolean } = new Set()): ConditionEvaluator {
  const groups = new Set([...catalogue.types.values()].map((type) => type.group));
  groups.delete('none');
  const held: { values: Values | undefined } = { values: undefined };
  const environments = new Map<string, { environment: Environment; vocabulary: ReadonlyMap<string, Field> }>();

  function environmentFor(facts: Readonly<Record<string, FactType>>) {
    const key = JSON.stringify(Object.entries(facts).sort(([a], [b]) => (a < b ? -1 : 1)));
    let found = environments.get(key);
    if (!found) {
      const vocabulary = vocabularyFor(facts);
      found = { environment: createEnvironment(vocabulary, held), vocabulary };
      environments.set(key, found);
    }
    return found;
  }

  return {
    compile(text, facts) {
      if (text.length > maxLength) return { ok: false, faults: [{ code: 'E105', message: `longer than ${maxLength} characters` }] };
      const { environment, vocabulary } = environmentFor(facts);
      try {
        const { ast } = environment.parse(text);
        const { faults, reads } = inspect(ast, { vocabulary, signalTypes: catalogue.types, groups, lists });
        if (faults.length > 0) return { ok: false, faults };
        const checked = environment.check(text);
        if (checked.error) return { ok: false, faults: [faultOf(checked.error)] };
        if (checked.type !== 'bool') return { ok: false, faults: [{ code: 'E102', message: `the result is ${checked.type}, not bool` }] };
        const constant = constantFault(ast, environment);
        if (constant) return { ok: false, faults: [constant] };
        return { ok: true, condition: conditionOf(text, clauseOf(ast, environment, vocabulary, held), reads) };
      } catch (error) {
        if (error instanceof ParseError || error instanceof CelTypeError) return { ok: false, faults: [faultOf(error)] };
        throw error;
      }
    },
  };
}

function createEnvironment(vocabulary: ReadonlyMap<string, Field>, held: { readonly values: Values | undefined }): Environment {
  const environment = new Environment({ unlistedVariablesAreDyn: false, limits: { maxAstNodes: maxNodes, maxDepth } });
  const schemas: Record<string, unknown> = {};
  for (const [path, field] of vocabulary) {
    const names = path.split('.');
    let parent = schemas;
    for (const name of names.slice(0, -1)) {
      parent[name] ??= {};
      parent = parent[name] as Record<string, unknown>;
    }
    parent[names.at(-1) as string] = celTypes[field.type];
  }
  for (const [name, schema] of Object.entries(schemas)) {
    if (typeof schema === 'string') environment.registerVariable(name, schema);
    else environment.registerVariable({ name, schema: schema as never });
  }
  const values = () => held.values as Values;
  const list = (id: string) => values().lists.get(id) ?? raise(`no list ${id}`);
  environment.registerFunction('recent(string, google.protobuf.Duration): int', (type: string, span: { seconds: bigint }) => {
    const since = values().now - Number(span.seconds) * 1000;
    let count = 0n;
    for (const family of values().evidence.families) if (family.type === type) for (const [, at] of family.seen) if (at >= since) count++;
    return count;
  });
  environment.registerFunction('hasGroup(string): bool', (group: string) => values().activeGroups.includes(group));
  environment.registerFunction('inGroup(string): bool', (group: string) => (values().directoryGroups ?? unknown()).includes(group));
  environment.registerFunction(
    'cidr(string, string): bool',
    (address: string, id: string) => list(id).hasAddress(address, values().now) ?? unknown(),
  );
  environment.registerFunction('inList(string, string): bool', (text: string, id: string) =>
    text === 'unknown' ? unknown() : list(id).hasText(text, values().now),
  );
  environment.registerFunction('known(string): bool', (text: string) => text !== 'unknown');
  return environment;
}

const celTypes = {
  string: 'string',
  int: 'int',
  double: 'double',
  bool: 'bool',
  strings: 'list<string>',
  instant: 'google.protobuf.Timestamp',
} as const;

function unknown(): never {
  throw new Unknown();
}

function raise(message: string): never {
  throw new Error(message);
}

function clauseOf(
  node: ASTNode,
  environment: Environment,
  vocabulary: ReadonlyMap<string, Field>,
  held: { values: Values | undefined },
): Clause {
  const inner = (child: ASTNode) => clauseOf(child, environment, vocabulary, held);
  if (node.op === '&&' || node.op === '||')
    return { op: node.op === '&&' ? 'and' : 'or', left: inner(node.args[0]), right: inner(node.args[1]) };
  if (node.op === '!_') return { op: 'not', inner: inner(node.args) };
  const text = textOf(node);
  const program = environment.parse(text);
  program.check();
  // A throw costs thirty times a comparison: absent numbers are looked for first wherever they decide the clause alone.
  const absent = isStrict(node)
    ? [...readsOf(node, vocabulary)].filter((path) => vocabulary.get(path)?.whenUnknown === 'absent').map((path) => path.split('.'))
    : [];
  const run = (values: Values): Truth => {
    for (const path of absent) if (valueAt(values, path) === undefined) return 'unknown';
    held.values = values;
    try {
      return program(values.variables as Record<string, unknown>) === true ? 'true' : 'false';
    } catch (error) {
      return isAbsence(error) ? 'unknown' : 'error';
    } finally {
      held.values = undefined;
    }
  };
  return { op: 'leaf', text, run };
}

/** A declared field without a value, and nothing else: an index out of bounds or a failed conversion is an error. */
function isAbsence(error: unknown): boolean {
  if (error instanceof Unknown) return true;
  return error instanceof EvaluationError && error.code === 'no_such_key' && error.node?.op === '.';
}

function truthOf(clause: Clause, values: Values): Truth {
  switch (clause.op) {
    case 'leaf':
      return clause.run(values);
    case 'not':
      return negate(truthOf(clause.inner, values));
    case 'and':
    case 'or': {
      const decisive: Truth = clause.op === 'and' ? 'false' : 'true';
      const left = truthOf(clause.left, values);
      if (left === decisive) return left;
      return combine(decisive, left, truthOf(clause.right, values));
    }
  }
}

function negate(value: Truth): Truth {
  return value === 'true' ? 'false' : value === 'false' ? 'true' : value;
}

function combine(decisive: Truth, left: Truth, right: Truth): Truth {
  if (right === decisive) return right;
  if (left === 'error' || right === 'error') return 'error';
  if (left === 'unknown' || right === 'unknown') return 'unknown';
  return left;
}

function conditionOf(text: string, root: Clause, reads: ReadonlySet<string>): Condition {
  return {
    text,
    reads,
    evaluate: (values) => truthOf(root, values),
    trace(values) {
      const leaves: { clause: string; value: Truth }[] = [];
      const visit = (clause: Clause): void => {
        if (clause.op === 'leaf') leaves.push({ clause: clause.text, value: clause.run(values) });
        else if (clause.op === 'not') visit(clause.inner);
        else {
          visit(clause.left);
          visit(clause.right);
        }
      };
      visit(root);
      return leaves;
    },
  };
}

/** `duration("x")` and `timestamp("x")` type-check and would fail at every evaluation. */
function constantFault(node: ASTNode, environment: Environment): ConditionFault | undefined {
  if (node.op === 'call' && (node.args[0] === 'duration' || node.args[0] === 'timestamp') && node.args[1][0]?.op === 'value') {
    try {
      environment.parse(textOf(node))({});
    } catch {
      return { code: 'E102', message: `\`${textOf(node)}\` is no valid ${node.args[0]}` };
    }
  }
  for (const child of childrenOf(node)) {
    const fault = constantFault(child, environment);
    if (fault) return fault;
  }
  return undefined;
}

function faultOf(error: ParseError | CelTypeError): ConditionFault {
  // Not every error has a summary.
  const said = error.summary ?? error.message.split('\n', 1)[0];
  const message = error.range ? `${said} (at character ${error.range.start + 1})` : said;
  if (error.code === 'limit_exceeded') return { code: 'E105', message };
  if (error.code === 'unknown_variable' || error.code === 'no_such_key') return { code: 'E103', message };
  return { code: 'E102', message };
}
