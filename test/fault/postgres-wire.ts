/** Cuts the two directions of a PostgreSQL connection into messages, and follows which statement each answer belongs to. */

/** Takes chunks and gives whole messages, the start-up message first; frontend side. */
export function createFrontendReader(): (chunk: Buffer) => readonly { readonly type: string; readonly bytes: Buffer }[] {
  let left: Buffer = Buffer.alloc(0);
  let started = false;
  return (chunk) => {
    left = Buffer.concat([left, chunk]);
    const messages: { type: string; bytes: Buffer }[] = [];
    for (;;) {
      const head = started ? 1 : 0;
      if (left.length < head + 4) return messages;
      const length = head + left.readUInt32BE(head);
      if (left.length < length) return messages;
      const bytes = left.subarray(0, length);
      left = left.subarray(length);
      messages.push({ type: started ? String.fromCharCode(bytes[0] as number) : 'startup', bytes });
      started = true;
    }
  };
}

/** The same for the backend side, whose messages all have a type. Our clients ask for no TLS. */
export function createBackendReader(): (chunk: Buffer) => readonly { readonly type: string; readonly bytes: Buffer }[] {
  let left: Buffer = Buffer.alloc(0);
  return (chunk) => {
    left = Buffer.concat([left, chunk]);
    const messages: { type: string; bytes: Buffer }[] = [];
    while (left.length >= 5) {
      const length = 1 + left.readUInt32BE(1);
      if (left.length < length) break;
      messages.push({ type: String.fromCharCode(left[0] as number), bytes: left.subarray(0, length) });
      left = left.subarray(length);
    }
    return messages;
  };
}

/** Parameters of the start-up message: user, database, application_name ... */
export function startupParameters(bytes: Buffer): ReadonlyMap<string, string> {
  const words = bytes.toString('utf8', 8).split('\0');
  const parameters = new Map<string, string>();
  for (let n = 0; n + 1 < words.length; n += 2) if (words[n] !== '') parameters.set(words[n] as string, words[n + 1] as string);
  return parameters;
}

export interface StatementFollower<Tag> {
  /** The text that an Execute or Query message runs; undefined for any other message. Keeps what was prepared and bound. */
  sent(type: string, bytes: Buffer): string | undefined;
  /** Notes the statement whose text `sent` has just given. */
  await(tag: Tag): void;
  /** The statement that a CommandComplete answers. */
  answered(type: string): Tag | undefined;
}

const sync = Symbol('sync');

/** After a failure the server skips to the next Sync, so what is awaited is forgotten up to it. */
export function createFollower<Tag>(): StatementFollower<Tag> {
  const prepared = new Map<string, string>();
  let bound = '';
  let awaited: (Tag | typeof sync)[] = [];
  return {
    sent(type, bytes) {
      const text = (from: number) => bytes.toString('utf8', from, bytes.indexOf(0, from));
      if (type === 'P') prepared.set(text(5), text(bytes.indexOf(0, 5) + 1));
      if (type === 'B') bound = prepared.get(text(bytes.indexOf(0, 5) + 1)) ?? '';
      if (type === 'S') awaited.push(sync);
      if (type === 'E') return bound;
      if (type === 'Q') return text(5);
      return undefined;
    },
    await(tag) {
      awaited.push(tag);
    },
    answered(type) {
      if (type === 'Z') {
        const end = awaited.indexOf(sync);
        awaited = end < 0 ? [] : awaited.slice(end + 1);
      }
      if (type !== 'C' && type !== 'E' && type !== 'I') return undefined;
      if (awaited[0] === sync || awaited[0] === undefined) return undefined;
      const tag = awaited.shift() as Tag;
      return type === 'C' ? tag : undefined;
    },
  };
}
