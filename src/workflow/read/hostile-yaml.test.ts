import { expect, test } from 'vitest';
import fc from 'fast-check';
import { hostileShapes } from './hostile-yaml.fixture.ts';
import { readYaml } from './yaml-tree.ts';

test('every hostile shape of YAML gives a tree or a refusal', async () => {
  let seen = 0;
  for (const [what, text] of Object.entries(hostileShapes(16_384))) {
    const found = await readYaml('w.yml', Buffer.from(text));
    if (!('kind' in found))
      expect(found[0], what).toMatchObject({ rule: 'workflow/yaml', where: { file: 'w.yml' } });
    seen += 1;
  }
  expect(seen).toBeGreaterThan(50);
}, 60_000);

// Took many minutes while the library copied the line for each mistake in it; all shapes of this size are in the fuzz suite.
test('a line of half a million mistakes is refused in time', async () => {
  const { 'double quotes': quotes = '', 'broken escapes': escapes = '' } = hostileShapes(1_048_576);
  for (const text of [quotes, escapes])
    expect(await readYaml('w.yml', Buffer.from(text))).toMatchObject([{ where: { line: 1 } }]);
}, 60_000);

test('a file that nests without end is refused for that', async () => {
  for (const text of ['['.repeat(100_000), '- '.repeat(100_000), `a: ${'['.repeat(70)}${']'.repeat(70)}`])
    expect(await readYaml('w.yml', Buffer.from(text))).toMatchObject([
      { why: 'the file nests too deep', where: { file: 'w.yml', line: 1, column: expect.any(Number) } },
    ]);
});

test('any bytes give a tree or a refusal that says the file', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (bytes) => {
      const found = await readYaml('w.yml', bytes);
      if ('kind' in found) return;
      expect(found.length).toBeGreaterThan(0);
      for (const { where } of found) expect(where?.file).toBe('w.yml');
    }),
    { numRuns: 2_000 },
  );
}, 60_000);
