import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const source = join(import.meta.dirname, '../../src');

function files(): readonly string[] {
  return readdirSync(source, { recursive: true, encoding: 'utf8' }).filter(
    (path) => path.endsWith('.ts') && !path.startsWith('replay/'),
  );
}

it('nothing but the command replay can leave out a wall', () => {
  const importers = files().filter((path) =>
    /from '(?:\.\.\/)+replay\/|import\('(?:\.\.\/)+replay\//.test(readFileSync(join(source, path), 'utf8')),
  );
  expect(importers.toSorted()).toEqual([
    'cli/commands/replay.ts',
    'cli/render/replay-table.ts',
    'cli/replay-runtimes.ts',
  ]);
});

it('nothing but a replay opens a sandbox in parts, without the proof that it is armed', () => {
  const openers = files().filter(
    (path) =>
      !path.startsWith('sandbox/') &&
      /\b(?:startContainer|InitSession|planSandbox)\b/.test(readFileSync(join(source, path), 'utf8')),
  );
  expect(openers).toEqual([]);
});
