/** Reads the documents of one kind below a folder of the bundle, with faults at their places and ids told once. */
import { createHash } from 'node:crypto';
import canonicalize from 'canonicalize';
import type { z } from 'zod';
import type { Fault } from '../model/document.ts';
import { readDocument } from '../model/document.ts';

/** Records a fault of the document at hand. */
export type Report = (code: string, path: readonly PropertyKey[], message: string) => void;

export interface Loaded<T> {
  readonly file: string;
  readonly document: T;
  readonly report: Report;
}

export interface DocumentReader {
  readonly faults: Fault[];
  /** Every document of the folder that has the form of its kind, by path. */
  read<S extends z.ZodType<{ readonly metadata: { readonly id: string } }>>(folder: string, schema: S): readonly Loaded<z.output<S>>[];
}

export function createDocumentReader(files: ReadonlyMap<string, string>): DocumentReader {
  const sorted = [...files].sort(([a], [b]) => (a < b ? -1 : 1));
  const faults: Fault[] = [];
  const seen = new Map<string, string>();
  return {
    faults,
    read(folder, schema) {
      const loaded: Loaded<z.output<typeof schema>>[] = [];
      for (const [file, text] of sorted) {
        if (!file.startsWith(`${folder}/`) || !/\.ya?ml$/.test(file)) continue;
        const read = readDocument(schema, text, file);
        if (!read.ok) {
          faults.push(...read.faults.map((fault) => ({ ...fault, code: fault.code ?? 'E101' })));
          continue;
        }
        const report: Report = (code, path, message) =>
          faults.push({ file, ...read.locate(path), path: path.map(String).join('.'), message, code });
        const { id } = read.value.metadata;
        const before = seen.get(id);
        if (before !== undefined) report('E108', ['metadata', 'id'], `\`${id}\` is the id of ${before} already`);
        seen.set(id, file);
        loaded.push({ file, document: read.value, report });
      }
      return loaded;
    },
  };
}

/** SHA-256 (hex) of the RFC 8785 form. */
export function hashOf(document: unknown): string {
  return createHash('sha256')
    .update(canonicalize(document) as string)
    .digest('hex');
}

/** One line of what a bundle's hash is made of. */
export interface DocumentMark {
  readonly path: string;
  readonly id: string;
  readonly version: number;
  readonly hash: string;
}

export function markOf<T extends { readonly metadata: { readonly id: string; readonly version: number } }>({
  file,
  document,
}: Pick<Loaded<T>, 'file' | 'document'>): DocumentMark {
  return { path: file, id: document.metadata.id, version: document.metadata.version, hash: hashOf(document) };
}
