import { defineConfig } from 'vitest/config';

// The suite that boots machines, translated where there is no KVM: `npm run test:microvm`.
export default defineConfig({
  test: {
    include: ['test/microvm/**/*.test.ts'],
    testTimeout: 600_000,
    hookTimeout: 300_000,
    // Each machine takes a processor while it boots.
    fileParallelism: false,
    passWithNoTests: false,
  },
});
