import { expect, test } from 'vitest';
import fc from 'fast-check';
import { readYaml, type Tree } from './yaml-tree.ts';
import { packedTree, unpackedTree } from './packed-tree.ts';

async function treeOf(text: string): Promise<Tree> {
  const tree = await readYaml('a.yml', Buffer.from(text));
  if (!('kind' in tree)) throw new Error(tree[0]?.why);
  return tree;
}

test('a tree that was kept as JSON is the tree that was read, with every place, for any value that YAML can say', async () => {
  const value = fc.jsonValue({ maxDepth: 5 });
  await fc.assert(
    fc.asyncProperty(value, async (json) => {
      const text = JSON.stringify(json, undefined, 2);
      const read = await readYaml('a.yml', Buffer.from(text));
      if (!('kind' in read)) return;
      const packed = packedTree(read);
      if (packed === undefined) return;
      expect(unpackedTree('a.yml', JSON.parse(JSON.stringify(packed)))).toStrictEqual(read);
    }),
    { numRuns: 300 },
  );
  const workflow = await treeOf(
    'on: {push: }\nenv: &e {A: 3.10, B: 0x1F, C: ~, D: "\\ud83d", E: true}\njobs:\n  a:\n    env: *e\n    steps:\n      - run: |\n          make\n',
  );
  expect(unpackedTree('a.yml', JSON.parse(JSON.stringify(packedTree(workflow))))).toStrictEqual(workflow);
});

test('a tree with a number that JSON does not have is not kept', async () => {
  for (const number of ['.nan', '-.inf', '-0.0'])
    expect(packedTree(await treeOf(`a: [${number}]`))).toBeUndefined();
});

test('what no tree was packed to is no tree', () => {
  const bad: readonly unknown[] = [
    null,
    [],
    [3, 1, 1, []],
    [0, 1, 1, {}],
    [0, '1', 1, 'x'],
    [1, 1, 1, 'x'],
    [1, 1, 1, [null]],
    [2, 1, 1, ['a', 1, 1]],
    [2, 1, 1, [1, 1, 1, [0, 1, 1, 'x']]],
    [0, 1, 1, 'x', 1],
  ];
  for (const one of bad) expect(unpackedTree('a.yml', one), JSON.stringify(one)).toBeUndefined();
  let deep: unknown = [0, 1, 1, 'x'];
  for (let index = 0; index < 5_000; index += 1) deep = [1, 1, 1, [deep]];
  expect(unpackedTree('a.yml', deep)).toBeUndefined();
});
