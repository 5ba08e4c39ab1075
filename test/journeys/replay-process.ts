/** Judges records again in a process of its own: lines on standard input, the count of those that differ on standard output. */
import { readFileSync } from 'node:fs';
import { bundleOf, replay, shippedFiles } from './recorded.ts';

process.stdout.write(JSON.stringify(replay(readFileSync(0, 'utf8'), bundleOf(shippedFiles()))));
