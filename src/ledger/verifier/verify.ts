/**
 * The checker of the decision log: computes everything again from the entries and believes nothing but the verifier keys, which must
 * have come another way than the log. Shares no code with the writer.
 */
import {
  type Checkpoint,
  emptyTree,
  hashChildren,
  hashLeaf,
  hmacText,
  provesInclusion,
  readCanonical,
  readCheckpoint,
  sameBytes,
  sha256Text,
  strictBase64,
} from './primitives.ts';

/** Where a log is read from: a running service, a database, a folder. */
export interface LogSource {
  /** `checkpoint`, or a path of C2SP tlog-tiles; undefined where there is no such file. */
  read(path: string): Promise<Uint8Array | undefined>;
  /** What stands behind the hashes, for leaves from `firstIndex` on; absent where the source has only the log itself. */
  records?(firstIndex: number, count: number): Promise<readonly LogRecord[]>;
}

export interface LogRecord {
  readonly index: number;
  /** The core exactly as it was hashed. */
  readonly core: string;
  /** Salt (base64url) and text, where the personal data is disclosed. */
  readonly disclosure?: { readonly salt: string; readonly pii: string };
}

export interface VerifyOptions {
  /** C2SP vkeys of the log; one signature by one of them is needed. */
  readonly verifierKeys: readonly string[];
  /** The log that is meant, where the caller knows. */
  readonly origin?: string;
  /** A checkpoint of the same log that was kept from earlier. */
  readonly kept?: string;
}

export type FaultKind = 'checkpoint' | 'file' | 'leaf' | 'tile' | 'root' | 'entry' | 'core' | 'pii' | 'record' | 'kept';

export interface LogFault {
  readonly kind: FaultKind;
  /** Leaf index, where one is to blame. */
  readonly index: number | null;
  readonly detail: string;
}

export interface LogVerdict {
  readonly ok: boolean;
  readonly origin: string | null;
  readonly size: number;
  /** Base64; null where no checkpoint could be read. */
  readonly root: string | null;
  /** Records whose core was held against its leaf, and how many of these showed their personal data. */
  readonly records: number;
  readonly disclosed: number;
  /** The first hundred. */
  readonly faults: readonly LogFault[];
}

const width = 256;
const maxFaults = 100;

/** Reads the whole log once. Never throws for what it finds; only where the source itself throws. */
export async function verifyLedger(source: LogSource, options: VerifyOptions): Promise<LogVerdict> {
  const faults: LogFault[] = [];
  const blame = (kind: FaultKind, index: number | null, detail: string) =>
    void (faults.length < maxFaults && faults.push({ kind, index, detail }));
  const counts = { records: 0, disclosed: 0 };
  const verdict = (head: Checkpoint | undefined): LogVerdict => ({
    ok: faults.length === 0,
    origin: head?.origin ?? null,
    size: head?.size ?? 0,
    root: head?.root.toString('base64') ?? null,
    ...counts,
    faults,
  });

  const note = await source.read('checkpoint');
  const head = note === undefined ? 'there is none' : readCheckpoint(Buffer.from(note).toString('utf8'), options.verifierKeys);
  if (typeof head === 'string') {
    blame('checkpoint', null, head);
    return verdict(undefined);
  }
  if (options.origin !== undefined && head.origin !== options.origin) blame('checkpoint', null, 'of another log');
  const kept = options.kept === undefined ? undefined : readCheckpoint(options.kept, options.verifierKeys);
  if (typeof kept === 'string') blame('kept', null, kept);
  else if (kept && kept.origin !== head.origin) blame('kept', null, 'of another log');
  else if (kept && kept.size > head.size) blame('kept', null, `has ${kept.size} entries, the log only ${head.size}`);
  const keptHead = typeof kept === 'object' ? kept : undefined;
  const checkKept = (size: number, root: Buffer) => {
    if (keptHead?.size === size && !sameBytes(root, keptHead.root))
      blame('kept', null, `the first ${size} entries are not those of the kept checkpoint`);
  };

  const tree = createTree();
  checkKept(0, emptyTree);
  for (let tile = 0; tile * width < head.size; tile++) {
    const first = tile * width;
    const count = Math.min(width, head.size - first);
    const path = tilePath('entries', tile, count);
    const entries = splitBundle(await source.read(path));
    const leaves = await source.read(tilePath('0', tile, count));
    if (entries === undefined || entries.length !== count) {
      blame('file', first, `${path} is missing or malformed`);
      return verdict(head);
    }
    if (leaves === undefined || leaves.length !== count * 32)
      blame('file', first, `${tilePath('0', tile, count)} is missing or has another length`);
    const records = new Map((await source.records?.(first, count))?.map((record) => [record.index, record]));
    entries.forEach((entry, i) => {
      const index = first + i;
      const leaf = hashLeaf(entry);
      if (leaves?.length === count * 32 && !sameBytes(leaf, leaves.subarray(i * 32, i * 32 + 32)))
        blame('leaf', index, 'the entry is not what its tile says');
      tree.add(leaf);
      checkKept(index + 1, keptHead?.size === index + 1 ? tree.root() : emptyTree);
      const envelope = readEnvelope(entry);
      if (envelope === undefined) blame('entry', index, 'not an envelope in canonical form');
      const record = records.get(index);
      if (source.records && record === undefined) blame('record', index, 'no record of this leaf');
      if (envelope && record) checkRecord(record, envelope);
    });
  }
  if (!sameBytes(tree.root(), head.root)) blame('root', null, 'the entries do not lead to the root of the checkpoint');
  for (const { level, tile, hashes } of tree.upperTiles()) {
    const path = tilePath(String(level), tile, hashes.length);
    const bytes = await source.read(path);
    if (bytes === undefined) blame('file', null, `${path} is missing`);
    else if (!sameBytes(bytes, Buffer.concat(hashes))) blame('tile', null, `${path} does not follow from the entries`);
  }
  return verdict(head);

  function checkRecord(record: LogRecord, envelope: Envelope): void {
    counts.records += 1;
    const core = readCanonical(record.core, 'whole');
    if (typeof core !== 'object' || core === null) blame('core', record.index, 'not in canonical form');
    if (sha256Text(record.core) !== envelope.core) blame('core', record.index, 'not what was hashed');
    if (record.disclosure === undefined) return;
    counts.disclosed += 1;
    if (envelope.pii === null || hmacText(Buffer.from(record.disclosure.salt, 'base64url'), record.disclosure.pii) !== envelope.pii) {
      blame('pii', record.index, 'not what was committed to');
    }
  }
}

export type ProofVerdict =
  | {
      readonly ok: true;
      readonly origin: string;
      readonly index: number;
      readonly size: number;
      readonly body: string;
      readonly core: string | null;
      readonly pii: string | null;
    }
  | { readonly ok: false; readonly fault: string };

/**
 * Checks a C2SP `.tlog-proof`. `body` is the leaf that the caller expects; without it the one in the proof's own `extra` is taken.
 * What `extra` shows (leaf, core, personal data with its salt) must fit the leaf that is proven; an `extra` of another shape is refused.
 */
export function verifyTlogProof(text: string, verifierKeys: readonly string[], body?: string): ProofVerdict {
  const fail = (fault: string): ProofVerdict => ({ ok: false, fault });
  const gap = text.indexOf('\n\n');
  const lines = text.slice(0, gap).split('\n');
  if (gap < 0 || lines.shift() !== 'c2sp.org/tlog-proof@v1') return fail('not a tlog proof');
  const extra = lines[0]?.startsWith('extra ') ? strictBase64(lines.shift()?.slice(6) ?? '') : null;
  const index = /^index (0|[1-9][0-9]{0,15})$/.exec(lines.shift() ?? '')?.[1];
  const path = lines.map(strictBase64);
  if (extra === undefined || index === undefined || path.includes(undefined)) return fail('malformed');
  const head = readCheckpoint(text.slice(gap + 2), verifierKeys);
  if (typeof head === 'string') return fail(`checkpoint: ${head}`);
  const shown = extra === null ? {} : readExtra(extra);
  if (shown === undefined) return fail('malformed extra');
  const leaf = body ?? shown.body;
  if (shown.body !== undefined && shown.body !== leaf) return fail('the proof is of another entry');
  if (typeof leaf !== 'string') return fail('no entry to check');
  if (!provesInclusion(hashLeaf(Buffer.from(leaf, 'utf8')), Number(index), head.size, path as Buffer[], head.root))
    return fail('the entry is not in the log');
  const envelope = readEnvelope(Buffer.from(leaf, 'utf8'));
  if (envelope === undefined) return fail('the entry is no envelope');
  const core = shown.core ?? null;
  if (core !== null && sha256Text(core) !== envelope.core) return fail('the core is not what was hashed');
  const disclosure = shown.disclosure;
  if (disclosure && (envelope.pii === null || hmacText(Buffer.from(disclosure.salt, 'base64url'), disclosure.pii) !== envelope.pii)) {
    return fail('the personal data is not what was committed to');
  }
  return { ok: true, origin: head.origin, index: Number(index), size: head.size, body: leaf, core, pii: disclosure?.pii ?? null };
}

interface Extra {
  readonly body?: string;
  readonly core?: string;
  readonly disclosure?: { readonly salt: string; readonly pii: string };
}

function readExtra(bytes: Buffer): Extra | undefined {
  const value = readCanonical(bytes.toString('utf8'), 'whole');
  if (typeof value !== 'object' || value === null) return undefined;
  const { body, core, disclosure, ...rest } = value as Record<string, unknown>;
  if (Object.keys(rest).length > 0 || typeof body !== 'string' || typeof core !== 'string') return undefined;
  if (disclosure === undefined) return { body, core };
  const { salt, pii, ...more } = Object(disclosure) as Record<string, unknown>;
  return typeof salt === 'string' && typeof pii === 'string' && Object.keys(more).length === 0
    ? { body, core, disclosure: { salt, pii } }
    : undefined;
}

interface Envelope {
  readonly core: string;
  readonly pii: string | null;
}

function readEnvelope(entry: Uint8Array): Envelope | undefined {
  const text = Buffer.from(entry).toString('utf8');
  const value = readCanonical(text, 'whole');
  if (typeof value !== 'object' || value === null || !Buffer.from(text, 'utf8').equals(entry)) return undefined;
  const { core, id, pii, prev, t, ts, v, ...rest } = value as Record<string, unknown>;
  const isHash = (member: unknown): member is string => typeof member === 'string' && /^[A-Za-z0-9_-]{43}$/.test(member);
  const isUuid = (member: unknown) =>
    typeof member === 'string' && /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(member);
  const isInstant = typeof ts === 'string' && /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/.test(ts);
  if (Object.keys(rest).length > 0 || v !== 1 || typeof t !== 'string' || !isUuid(id) || !isInstant || !isHash(core)) return undefined;
  if ((pii !== null && !isHash(pii)) || (prev !== undefined && !isUuid(prev))) return undefined;
  return { core, pii };
}

/** Grows from the left; keeps the hashes of the levels above the leaves, 1/256 of the log. */
function createTree() {
  const stack: { height: number; hash: Buffer }[] = [];
  const upper: Buffer[][] = [];
  return {
    add(leaf: Buffer): void {
      let height = 0;
      let hash = leaf;
      while (stack.at(-1)?.height === height) {
        hash = hashChildren((stack.pop() as { hash: Buffer }).hash, hash);
        height += 1;
        if (height % 8 === 0) {
          const row = upper[height / 8 - 1];
          if (row) row.push(hash);
          else upper.push([hash]);
        }
      }
      stack.push({ height, hash });
    },
    root(): Buffer {
      return (
        stack
          .map((node) => node.hash)
          .reduceRight((right: Buffer | undefined, left) => (right ? hashChildren(left, right) : left), undefined) ?? emptyTree
      );
    },
    *upperTiles(): Generator<{ level: number; tile: number; hashes: Buffer[] }> {
      for (const [i, row] of upper.entries()) {
        for (let tile = 0; tile * width < row.length; tile++)
          yield { level: i + 1, tile, hashes: row.slice(tile * width, (tile + 1) * width) };
      }
    },
  };
}

/** C2SP tlog-tiles: the index in groups of three digits, all but the last behind an x; a partial tile says its width. */
function tilePath(level: string, tile: number, count: number): string {
  let path = String(tile % 1000).padStart(3, '0');
  for (let rest = Math.floor(tile / 1000); rest > 0; rest = Math.floor(rest / 1000))
    path = `x${String(rest % 1000).padStart(3, '0')}/${path}`;
  return `tile/${level}/${path}${count === width ? '' : `.p/${count}`}`;
}

function splitBundle(bytes: Uint8Array | undefined): Uint8Array[] | undefined {
  if (bytes === undefined) return undefined;
  const entries: Uint8Array[] = [];
  let at = 0;
  while (at < bytes.length) {
    if (at + 2 > bytes.length) return undefined;
    const end = at + 2 + (bytes[at] as number) * 256 + (bytes[at + 1] as number);
    if (end > bytes.length) return undefined;
    entries.push(bytes.subarray(at + 2, end));
    at = end;
  }
  return entries;
}
