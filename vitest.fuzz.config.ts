import { defineConfig } from 'vitest/config';

// The suite that gives each parser a million inputs: `npm run test:fuzz`.
export default defineConfig({
  test: { include: ['test/fuzz/**/*.test.ts'], testTimeout: 3_600_000, passWithNoTests: false },
});
