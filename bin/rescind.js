#!/usr/bin/env node
// Plain JavaScript, so that a wrong Node version is named instead of failing on the first type annotation.
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 22 || (major === 22 && minor < 18)) {
  process.stderr.write(
    `Rescind needs Node 22.18 or newer and runs on ${process.versions.node}.\n` +
      'In a checkout, `npm ci` brings Node 24 and `npm run -s rescind -- <command>` uses it; elsewhere install Node 24.\n',
  );
  process.exit(2);
}

const built = fileURLToPath(new URL('../dist/main.js', import.meta.url));
const source = fileURLToPath(new URL('../src/main.ts', import.meta.url));
const { main } = await import(existsSync(source) ? source : built);
await main();
