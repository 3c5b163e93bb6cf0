import { defineConfig } from 'vitest/config';

// What needs real programs beside ours (gdb, strace, Chromium, buildah): `npm run test:profiles`.
export default defineConfig({
  test: {
    include: ['test/profiles/**/*.test.ts'],
    testTimeout: 400_000,
    hookTimeout: 60_000,
    fileParallelism: false,
    passWithNoTests: false,
  },
});
