import { expect, it } from 'vitest';
import { ownersOf } from './owners.ts';

const owned = (patterns: readonly string[], path: string) =>
  ownersOf(
    patterns.map((pattern, index) => ({
      pattern: pattern.replace(/^-/, ''),
      owners: pattern.startsWith('-') ? [] : [`@${index}`],
      line: index + 1,
    })),
    path,
  );

it.each([
  ['*', true],
  ['/.github/', true],
  ['.github/', true],
  ['/.github/workflows/', true],
  ['/.github/workflows/*', true],
  ['/.github/*', false],
  ['/.github/**', true],
  ['*.yml', true],
  ['*.yaml', false],
  ['/*.yml', false],
  ['workflows/', true],
  ['ci.yml', true],
  ['/ci.yml', false],
  ['/.github/workflows/ci.yml', true],
  ['/.github/workflows/ci.yml/', false],
  ['**/ci.yml', true],
  ['/docs/', false],
  ['/.github/workflows/c?.yml', true],
])('%s owns .github/workflows/ci.yml: %s', (pattern, is) => {
  expect(owned([pattern], '.github/workflows/ci.yml').length > 0).toBe(is);
});

it('the last line that matches decides, and one without owners takes them away', () => {
  expect(owned(['*', '/.github/'], '.github/workflows/a.yml')).toEqual(['@1']);
  expect(owned(['*', '-/.github/'], '.github/workflows/a.yml')).toEqual([]);
});

it('a pattern of many stars is answered at once', () => {
  expect(owned([`/${'**/'.repeat(100)}x`], `${'a/'.repeat(200)}y`)).toEqual([]);
});
