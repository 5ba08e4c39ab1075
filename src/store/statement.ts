/** SQL as a value, and the way many rows travel in one parameter. */

export interface Statement {
  /** Prepared once a connection under this name. */
  readonly name?: string;
  readonly text: string;
  readonly values: readonly unknown[];
}

/** Separates values inside one parameter. JSON never holds it raw; other texts are checked at the door. */
const separator = '\x1e';

/**
 * One column of many rows as a single text, for `string_to_array($n, E'\x1e')`: cheaper to encode and to parse than an array
 * literal. Null is written as the empty text, for columns read with `string_to_array($n, E'\x1e', '')`.
 */
export function joined(values: readonly (string | number | null)[]): string {
  return values.map((value) => value ?? '').join(separator);
}
