/** What a command may use of the terminal it runs in. */

export interface Console {
  out(text: string): void;
  err(text: string): void;
  /** Colours and progress only where a person looks on. */
  readonly tty: boolean;
}

/** Set up by `main.ts`, the only place that reads the process. */
export interface CommandContext {
  readonly console: Console;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly workingDir: string;
  /** Aborts when the process is asked to end. */
  readonly ended: AbortSignal;
  /** Folder of the program itself: where the shipped policies lie. */
  readonly programDir: string;
  readonly version: string;
}

/** 0 good, 1 the answer is no, 2 usage or configuration error. */
export type ExitCode = 0 | 1 | 2;

/** Tells a person at a terminal what is going on, and nobody else; each call replaces the line before. */
export function createProgress(console: Console): { step(text: string): void; done(): void } {
  let shown = false;
  return {
    step(text) {
      if (!console.tty) return;
      console.err(`${shown ? '\r\x1b[2K' : ''}\x1b[2m${text} …\x1b[0m`);
      shown = true;
    },
    done() {
      if (shown) console.err('\r\x1b[2K');
      shown = false;
    },
  };
}

/** Columns of text, the widest value of each deciding; for people, so without a promise. */
export function formatTable(rows: readonly (readonly string[])[]): string {
  const columns = Math.max(0, ...rows.map((row) => row.length));
  const widths = Array.from({ length: columns }, (_, n) => Math.max(...rows.map((row) => row[n]?.length ?? 0)));
  return rows.map((row) => row.map((cell, n) => (n === row.length - 1 ? cell : cell.padEnd(widths[n] ?? 0))).join('  ')).join('\n');
}
