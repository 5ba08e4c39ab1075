/** What is judged of the files of a folder before their kinds are: secrets in any of them, documents where nobody reads them, versions. */
import { createHash } from 'node:crypto';
import canonicalize from 'canonicalize';
import { type Fault, type Locate, parseYaml } from '../model/document.ts';
import { findSecrets } from './secrets.ts';

export type PolicyFiles = ReadonlyMap<string, string>;

const places = /^((risk|guardrails)\.yaml|(profiles|responses|lists|exceptions|detections|tests)\/.+\.ya?ml)$/;
/** Kinds that look for secrets themselves, document by document. */
const searched = /^(responses|lists|exceptions|detections)\//;

/** E115 where no other check looks for it, E101 for a document of ours that lies where nothing is read. */
export function lintFiles(files: PolicyFiles): readonly Fault[] {
  return [...files].flatMap(([file, text]): Fault[] => {
    const parsed = parseYaml(text, file);
    if (!parsed.ok) return [];
    if (!places.test(file)) {
      const { apiVersion } = headOf(parsed.value);
      return apiVersion === 'rescind/v1'
        ? [faultAt(file, parsed.locate, ['apiVersion'], 'E101', 'nothing is read here: no folder of this name holds documents')]
        : [];
    }
    if (searched.test(file)) return [];
    return findSecrets(parsed.value).map((path) => faultAt(file, parsed.locate, path, 'E115', 'looks like a secret'));
  });
}

/**
 * E109: documents that mean something else than in `before` under a version that has not risen. Documents are the same by kind and id,
 * wherever they lie; a text that is no document is passed over, its own faults are told elsewhere.
 */
export function lintVersions(before: PolicyFiles, after: PolicyFiles): readonly Fault[] {
  const known = new Map(versionsOf(before).map((document) => [document.key, document]));
  return versionsOf(after).flatMap(({ key, hash, version, file, locate }) => {
    const old = known.get(key);
    if (old === undefined || old.hash === hash || version > old.version) return [];
    return [faultAt(file, locate, ['metadata', 'version'], 'E109', `the document has changed since version ${old.version}: raise it`)];
  });
}

interface Versioned {
  readonly key: string;
  readonly hash: string;
  readonly version: number;
  readonly file: string;
  readonly locate: Locate;
}

function versionsOf(files: PolicyFiles): readonly Versioned[] {
  return [...files].flatMap(([file, text]) => {
    const parsed = parseYaml(text, file);
    if (!parsed.ok) return [];
    const { kind, metadata, tests: _tests, ...rest } = headOf(parsed.value);
    const { id, version, links: _links, rationale: _rationale, ...kept } = headOf(metadata);
    if (typeof kind !== 'string' || typeof id !== 'string' || typeof version !== 'number') return [];
    const meaning = canonicalize({ ...rest, kind, metadata: { ...kept, id, version } }) as string;
    return [{ key: `${kind} ${id}`, hash: createHash('sha256').update(meaning).digest('hex'), version, file, locate: parsed.locate }];
  });
}

function headOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
}

function faultAt(file: string, locate: Locate, path: readonly PropertyKey[], code: string, message: string): Fault {
  return { file, ...locate(path), path: path.map(String).join('.'), message, code };
}
