/** Processes of a bench: each answers one message at a time, and ends when the bench does, however that comes about. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

export interface Child<Ready> {
  readonly pid: number;
  /** What it said when it was ready. */
  readonly ready: Ready;
  /** Milliseconds from its start until it was ready. */
  readonly startedInMs: number;
  /** Sends a message and answers what comes back; rejects where the process fails at it or ends. */
  ask<Answer>(message: object): Promise<Answer>;
  /** Lets it end by itself and waits for that. */
  stop(): Promise<void>;
}

type Reply = { readonly answer: unknown } | { readonly failed: string };

/** Starts a file of this folder in a process of its own. */
export async function startChild<Ready>(file: string, argument: object = {}, nodeOptions: readonly string[] = []): Promise<Child<Ready>> {
  const path = fileURLToPath(new URL(file, import.meta.url));
  const startedMs = performance.now();
  const child = spawn(process.execPath, [...nodeOptions, path, JSON.stringify(argument)], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const ended = once(child, 'exit');

  async function answer(): Promise<unknown> {
    const [reply] = (await Promise.race([once(child, 'message'), ended.then(([code]) => [{ failed: `ended with ${code}` }])])) as [Reply];
    if ('failed' in reply) throw new Error(`${file}: ${reply.failed}`);
    return reply.answer;
  }

  const ready = (await answer()) as Ready;
  const startedInMs = performance.now() - startedMs;
  return {
    pid: child.pid as number,
    ready,
    startedInMs,
    ask<Answer>(message: object) {
      const reply = answer();
      child.send(message);
      return reply as Promise<Answer>;
    },
    async stop() {
      if (child.connected) child.disconnect();
      await ended;
    },
  };
}

/** The other side: says that it is ready, answers messages, and calls `end` when the bench has gone or wants no more. */
export function serveBench<Message>(ready: unknown, answer: (message: Message) => Promise<unknown>, end: () => Promise<unknown>): void {
  const reply = (message: Reply) => process.send?.(message);
  process.on('message', (message: Message) => {
    answer(message).then(
      (value) => reply({ answer: value }),
      (error: unknown) => reply({ failed: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
    );
  });
  process.on('disconnect', () => {
    end().finally(() => process.exit(0));
  });
  // Ctrl-C reaches the whole group; the bench is the one that ends it, by going away.
  process.on('SIGINT', () => {});
  reply({ answer: ready });
}
