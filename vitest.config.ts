import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
    // What needs the package registry, or minutes, has a configuration of its own; what attacks a whole machine runs in a
    // virtual one (`npm run test:vm`).
    exclude: [
      'test/network/**',
      'test/faults/**',
      'test/fuzz/**',
      'test/profiles/**',
      'test/vm/guest/**',
      'test/microvm/**',
    ],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    passWithNoTests: false,
  },
});
