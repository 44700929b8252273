import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    root: new URL('../..', import.meta.url).pathname,
    include: ['tools/soak/*.soak.ts'],
    globalSetup: ['test/support/global-setup.ts'],
    // One after the other: the search for secrets in the time wants a core for itself.
    maxWorkers: 1,
    testTimeout: 7_200_000,
  },
});
