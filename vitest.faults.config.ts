import { defineConfig } from 'vitest/config';

// The suite that kills and repeats for minutes: `npm run test:faults`. One file at a time: each looks at the whole machine.
export default defineConfig({
  test: {
    include: ['test/faults/**/*.test.ts'],
    testTimeout: 1_200_000,
    fileParallelism: false,
    passWithNoTests: false,
  },
});
