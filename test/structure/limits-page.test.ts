import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { LIMIT_KEYS } from '../../src/config/index.ts';

it('docs/limits.md names every limit by its key, and no other', () => {
  const page = readFileSync(new URL('../../docs/limits.md', import.meta.url), 'utf8');
  const rows = [...page.matchAll(/^\| `(\w+)` \| `(\w+)` \|/gm)].map((row) => [row[2], row[1]]);
  expect(Object.fromEntries(rows)).toEqual(LIMIT_KEYS);
});
