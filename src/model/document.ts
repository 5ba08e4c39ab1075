/** A YAML text checked against a schema: the value, or every fault with file, line and column. */
import { LineCounter, parseDocument, visit } from 'yaml';
import type { z } from 'zod';

export interface Fault {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** Dotted path inside the document; empty for the document itself. */
  readonly path: string;
  readonly message: string;
  /** Lint code (`E101`) where the document is a policy document. */
  readonly code?: string;
}

export type DocumentResult<T> =
  | { readonly ok: true; readonly value: T; readonly locate: Locate }
  | { readonly ok: false; readonly faults: readonly Fault[] };

/** Finds the place of a path in the text; falls back to the nearest parent that is there. */
export type Locate = (path: readonly PropertyKey[]) => { line: number; column: number };

/** `file:line:column: message`, one a line, the form editors jump to. */
export function formatFaults(faults: readonly Fault[]): string {
  return faults
    .map((f) => `${f.file}:${f.line}:${f.column}: ${f.code ? `${f.code} ` : ''}${f.path ? `${f.path}: ` : ''}${f.message}`)
    .join('\n');
}

/** Parses YAML 1.2 (no aliases beyond 100, no custom tags, duplicate keys refused) without a schema. */
export function parseYaml(text: string, file: string): DocumentResult<unknown> {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true, strict: true, prettyErrors: false });
  const at = (offset: number) => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  if (document.errors.length > 0) {
    return {
      ok: false,
      faults: document.errors.map((e) => ({
        file,
        ...at(e.pos[0]),
        path: '',
        message: e.message.split('\n')[0] ?? 'not YAML',
        code: 'E101',
      })),
    };
  }
  const locate: Locate = (path) => {
    for (let depth = path.length; depth > 0; depth--) {
      const parent = depth === 1 ? document.contents : document.getIn(path.slice(0, depth - 1), true);
      const key = path[depth - 1];
      const items = (parent as { items?: unknown[] } | undefined)?.items;
      if (!items) continue;
      for (const item of items) {
        const pair = item as { key?: { value?: unknown; range?: [number, number, number] } };
        if (pair.key && String(pair.key.value) === String(key) && pair.key.range) return at(pair.key.range[0]);
      }
      const element = typeof key === 'number' ? (items[key] as { range?: [number, number, number] } | undefined) : undefined;
      if (element?.range) return at(element.range[0]);
    }
    return { line: 1, column: 1 };
  };
  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: 100 });
  } catch (error) {
    let place = { line: 1, column: 1 };
    visit(document, {
      Alias(_key, node) {
        if (node.resolve(document) !== undefined || !node.range) return undefined;
        place = at(node.range[0]);
        return visit.BREAK;
      },
    });
    return { ok: false, faults: [{ file, ...place, path: '', message: (error as Error).message, code: 'E101' }] };
  }
  return { ok: true, value, locate };
}

/** Parses and checks; all faults at once, in reading order. */
export function readDocument<S extends z.ZodType>(schema: S, text: string, file: string): DocumentResult<z.output<S>> {
  const parsed = parseYaml(text, file);
  if (!parsed.ok) return parsed;
  const result = schema.safeParse(parsed.value);
  if (result.success) return { ok: true, value: result.data, locate: parsed.locate };
  return { ok: false, faults: sortFaults(schemaFaults(result.error, file, parsed.locate)) };
}

/** Turns zod's issues into faults; unknown keys are named one by one, at their own place. */
export function schemaFaults(error: z.ZodError, file: string, locate: Locate): Fault[] {
  return error.issues.flatMap((issue) => {
    const paths = issue.code === 'unrecognized_keys' ? issue.keys.map((key) => [...issue.path, key]) : [issue.path];
    return paths.map((path) => ({
      file,
      ...locate(path),
      path: path.map(String).join('.'),
      message: issue.code === 'unrecognized_keys' ? 'unknown key' : issue.message,
      code: 'E101',
    }));
  });
}

export function sortFaults(faults: readonly Fault[]): Fault[] {
  return [...faults].sort((a, b) => (a.file < b.file ? -1 : a.file > b.file ? 1 : a.line - b.line || a.column - b.column));
}
