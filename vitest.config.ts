import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 20_000,
    hookTimeout: 60_000,
    // Where a neighbour may have the processor for a while, what failed is tried once more; the report says so.
    retry: process.env['CI'] ? 1 : 0,
    globalSetup: ['test/support/database-server.ts'],
    projects: [
      { extends: true, test: { name: 'rooms', include: ['test/**/*.test.ts'], exclude: ['test/fault/**'] } },
      // Processes that are killed and started again need the machine to themselves.
      { extends: true, test: { name: 'fault', include: ['test/fault/**/*.test.ts'], maxWorkers: 1, sequence: { groupOrder: 1 } } },
    ],
  },
});
