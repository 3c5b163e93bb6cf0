import { isDeepStrictEqual } from 'node:util';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import fc from 'fast-check';
import { quickTree } from '../../src/workflow/read/quick/quick-tree.ts';
import { hostileShapes } from '../../src/workflow/read/hostile-yaml.fixture.ts';
import { damaged, documents, noise } from '../../src/workflow/read/quick/yaml-texts.fixture.ts';
import { BOUNDS, carefulTree, readYaml } from '../../src/workflow/read/yaml-tree.ts';
import { fuzzLater, INPUTS, SEED } from './mutate.fixture.ts';

const TOP = join(import.meta.dirname, '../..');

/** Two readers of one text: the quick one must give what the careful one gives, or nothing. */
async function compare(text: string): Promise<boolean> {
  const quick = quickTree('w.yml', text, BOUNDS);
  if (quick === undefined) return false;
  const careful = await carefulTree('w.yml', text);
  if (!isDeepStrictEqual(quick, careful)) expect(quick, JSON.stringify(text)).toStrictEqual(careful);
  return true;
}

test('no bytes make the reader of YAML fail: they give a tree, or refusals with their place', async () => {
  const seeds = [
    'action.yml',
    'examples/fork-pr/.github/workflows/ci.yml',
    'examples/hello/.github/workflows/hello.yml',
  ].map((path) => readFileSync(join(TOP, path)).subarray(0, 1_500));
  const blocks =
    'a: |+\n  b\n\n    c\nd: >-\n  e\n  f\n\n\ng: "h\\\n  i\\u00e9"\nj: \'k\'\'l\n  m\'\nn: [o, {p: q}, "r"]\ns:\n- - t\n- u: v\n  w:\n';
  const words = [
    ': ',
    '- ',
    '\n  ',
    '\n',
    '# ',
    '? ',
    '|',
    '>',
    '"',
    "'",
    '[',
    ']',
    '{',
    '}',
    ',',
    '&a ',
    '*a',
    '!!str ',
    '<<',
    '---\n',
    '...\n',
    '\t',
    '\r\n',
    '~',
    '\\',
    '%',
  ];
  const seen = await fuzzLater('workflow-yaml', [...seeds, Buffer.from(blocks)], words, async (input) => {
    const found = await readYaml('w.yml', input);
    if (!('kind' in found)) {
      for (const { where, rule } of found)
        expect({ file: where?.file, rule }).toEqual({ file: 'w.yml', rule: 'workflow/yaml' });
      return found[0]?.why.replace(/[0-9]+/g, '0').slice(0, 60) ?? 'none';
    }
    const quick = await compare(new TextDecoder().decode(input));
    return `${found.kind} ${quick} ${found.kind === 'scalar' ? typeof found.value : ''}`;
  });
  expect(seen).toBeGreaterThan(8);
});

test('the quick reader gives the tree of the careful one, or none, for texts made by the grammar, damaged ones and noise', async () => {
  for (const texts of [documents, damaged, noise]) {
    let read = 0;
    const runs = Math.ceil(INPUTS / 3);
    await fc.assert(
      fc.asyncProperty(texts, async (text) => {
        if (await compare(text)) read += 1;
      }),
      { numRuns: runs, seed: SEED },
    );
    expect(read).toBeGreaterThan(runs / 100);
  }
});

test('a file of the largest size that is taken, in any hostile shape, gives a tree or a refusal in time', async () => {
  const seconds: [string, number][] = [];
  for (const [what, text] of Object.entries(hostileShapes(1_048_576))) {
    const before = process.cpuUsage().user;
    const found = await readYaml('w.yml', Buffer.from(text));
    seconds.push([what, (process.cpuUsage().user - before) / 1_000_000]);
    if (!('kind' in found)) expect(found[0]?.where?.file, what).toBe('w.yml');
  }
  expect(seconds.length).toBeGreaterThan(50);
  const [slowest] = seconds.toSorted((a, b) => b[1] - a[1]);
  process.stdout.write(`  slowest: ${slowest?.[0]}, ${slowest?.[1].toFixed(1)} s\n`);
}, 300_000);
