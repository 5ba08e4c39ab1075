/** The operational log as JSON lines on standard error. */
import { pino } from 'pino';
import type { Log } from '../model/log.ts';
import type { Console } from './console.ts';

export function createLog(level: string, console: Pick<Console, 'err'>): Log {
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      messageKey: 'event',
      formatters: { level: (label) => ({ level: label }) },
    },
    { write: (line: string) => console.err(line) },
  );
}
