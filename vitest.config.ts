import { defineConfig } from 'vitest/config';

/**
 * Rooms without processes and connections, whose tests leave nothing behind in a module: a worker loads the sources
 * once for all of them. Every other test file has a worker of its own.
 */
const SHARED = [
  ...['foundation', 'crypto', 'protocol', 'trust', 'contract'],
  ...['custody', 'delivery', 'evidence', 'kms', 'tap'].map((entity) => `entity/${entity}`),
].map((room) => `test/${room}/**/*.test.ts`);

export default defineConfig({
  test: {
    globalSetup: ['test/support/global-setup.ts'],
    // Several tests start processes and compute pairings; the time limits only catch what hangs.
    testTimeout: 60_000,
    hookTimeout: 120_000,
    maxWorkers: 2,
    projects: [
      { extends: true, test: { name: 'shared', include: SHARED, isolate: false, pool: 'forks' } },
      // A thread begins in half the time of a process.
      { extends: true, test: { name: 'alone', include: ['test/**/*.test.ts'], exclude: SHARED, pool: 'threads' } },
    ],
    coverage: {
      provider: 'v8',
      include: ['src/**/*.ts'],
      // It runs in a browser: test/interop/report-browser.test.ts.
      exclude: ['src/program/report/page/**'],
      reporter: ['json'],
      reportsDirectory: 'coverage/vitest',
      reportOnFailure: true,
    },
  },
});
