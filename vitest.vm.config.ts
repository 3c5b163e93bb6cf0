import { defineConfig } from 'vitest/config';

// Inside an emulated machine: the same suites, one after another, with time for a processor that is thirty times slower.
export default defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
    exclude: ['test/network/**'],
    testTimeout: 2_000_000,
    hookTimeout: 900_000,
    fileParallelism: false,
    isolate: false,
    passWithNoTests: false,
    reporters: ['default', 'json'],
    outputFile: { json: '/results/tests' },
  },
});
