import { expect, test } from 'vitest';
import { readYaml } from './yaml-tree.ts';

const read = (text: string) => readYaml('w.yml', Buffer.from(text));
const isTree = (found: Awaited<ReturnType<typeof readYaml>>): boolean => 'kind' in found;

// Each took most of a minute when it grew with the square of the file.
test('a mapping of forty thousand keys is read, and two that are alike are refused with their place', async () => {
  const keys = Array.from({ length: 40_000 }, (_, at) => `k${at}: 1`).join('\n');
  expect(isTree(await read(keys))).toBe(true);
  const doubled = await read(`${keys}\nk7: 2\n`);
  expect(doubled).toMatchObject([{ why: expect.stringContaining('unique'), where: { line: 40_001 } }]);
}, 20_000);

test('twenty thousand aliases are read, each as the last that bore its name before it', async () => {
  const aliases = Array.from({ length: 20_000 }, () => '- *a').join('\n');
  expect(isTree(await read(`- &a x\n${aliases}\n`))).toBe(true);
  const tree = await read('- &a one\n- *a\n- &a two\n- *a\n');
  if (!('kind' in tree) || tree.kind !== 'sequence') throw new Error('no sequence');
  expect(tree.items.map((item) => (item.kind === 'scalar' ? item.text : ''))).toEqual([
    'one',
    'one',
    'two',
    'two',
  ]);
  expect(await read('- *a\n- &a x\n')).toMatchObject([{ why: expect.any(String) }]);
}, 20_000);

test('a long text that is named often is refused', async () => {
  const aliases = Array.from({ length: 200 }, () => '- *a').join('\n');
  const found = await read(`- &a ${'x'.repeat(100_000)}\n${aliases}\n`);
  expect(found).toMatchObject([{ why: expect.stringContaining('too large') }]);
}, 20_000);
