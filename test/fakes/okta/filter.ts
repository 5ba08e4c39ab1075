/** Okta's filter and search expressions, the part that is used: `eq ne sw co gt ge lt le pr`, `and`, `or`, `not`, brackets. */
import { Refusal } from './refusal.ts';

export type Predicate = (record: unknown) => boolean;

export interface FilterRules {
  /** Whether this property may be asked in this way; what may not be is `E0000031`. */
  readonly allows: (property: string, operator: string) => boolean;
  readonly caseSensitive: boolean;
}

const broken = (expression: string) => new Refusal('E0000031', { causes: [`Invalid search criteria: ${expression}`] });
const tokenPattern = /\s*(?:([()])|"((?:[^"\\]|\\.)*)"|([^\s()"]+))/y;

function tokensOf(expression: string): (string | { readonly text: string })[] {
  const tokens: (string | { text: string })[] = [];
  tokenPattern.lastIndex = 0;
  while (tokenPattern.lastIndex < expression.trimEnd().length) {
    const found = tokenPattern.exec(expression);
    if (!found) throw broken(expression);
    const [, bracket, quoted, word] = found;
    tokens.push(quoted === undefined ? (bracket ?? word ?? '') : { text: quoted.replaceAll(/\\(.)/g, '$1') });
  }
  return tokens;
}

/** Every value at a dotted path; lists on the way count as each of their members. */
function valuesAt(record: unknown, path: readonly string[]): unknown[] {
  if (Array.isArray(record)) return record.flatMap((member) => valuesAt(member, path));
  const [first, ...rest] = path;
  if (first === undefined) return record === undefined || record === null ? [] : [record];
  if (typeof record !== 'object' || record === null) return [];
  return valuesAt((record as Record<string, unknown>)[first], rest);
}

function holds(operator: string, found: string, asked: string): boolean {
  switch (operator) {
    case 'eq':
      return found === asked;
    case 'sw':
      return found.startsWith(asked);
    case 'co':
      return found.includes(asked);
    case 'gt':
      return found > asked;
    case 'ge':
      return found >= asked;
    case 'lt':
      return found < asked;
    default:
      return found <= asked;
  }
}

/** Throws the refusal that the API answers for what it does not understand. */
export function parseFilter(expression: string, rules: FilterRules): Predicate {
  const tokens = tokensOf(expression);
  let at = 0;
  const word = () => {
    const token = tokens[at++];
    if (typeof token !== 'string') throw broken(expression);
    return token;
  };
  const isNext = (text: string) => typeof tokens[at] === 'string' && (tokens[at] as string).toLowerCase() === text;

  function either(): Predicate {
    const sides = [both()];
    for (; isNext('or'); sides.push(both())) at += 1;
    return (record) => sides.some((side) => side(record));
  }
  function both(): Predicate {
    const sides = [one()];
    for (; isNext('and'); sides.push(one())) at += 1;
    return (record) => sides.every((side) => side(record));
  }
  function one(): Predicate {
    if (isNext('not')) {
      at += 1;
      const inner = one();
      return (record) => !inner(record);
    }
    if (isNext('(')) {
      at += 1;
      const inner = either();
      if (word() !== ')') throw broken(expression);
      return inner;
    }
    return comparison();
  }
  function comparison(): Predicate {
    const [property, operator] = [word(), word().toLowerCase()];
    if (!/^(eq|ne|sw|co|gt|ge|lt|le|pr)$/.test(operator) || !rules.allows(property, operator)) throw broken(expression);
    const path = property.split('.');
    if (operator === 'pr') return (record) => valuesAt(record, path).length > 0;
    const token = tokens[at++];
    if (token === undefined) throw broken(expression);
    const fold = (text: string) => (rules.caseSensitive ? text : text.toLowerCase());
    const asked = fold(typeof token === 'string' ? token : token.text);
    const any =
      (name: string): Predicate =>
      (record) =>
        valuesAt(record, path).some((value) => holds(name, fold(String(value)), asked));
    if (operator !== 'ne') return any(operator);
    const same = any('eq');
    return (record) => !same(record);
  }

  const whole = either();
  if (at !== tokens.length) throw broken(expression);
  return whole;
}
