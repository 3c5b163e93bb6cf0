import { defineConfig } from 'vitest/config';

// The suite that needs the package registry: `npm run test:network`.
export default defineConfig({
  test: { include: ['test/network/**/*.test.ts'], testTimeout: 180_000, passWithNoTests: false },
});
