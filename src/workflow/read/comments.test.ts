import { expect, test } from 'vitest';
import fc from 'fast-check';
import { carefulComments, readComments } from './comments.ts';
import { quickComments } from './quick/quick-tree.ts';
import { damaged, documents } from './quick/yaml-texts.fixture.ts';
import { BOUNDS } from './yaml-tree.ts';

test('comments are found wherever they stand, and nothing that is text is taken for one', async () => {
  const text = [
    '# one', // 1
    'a: b # two',
    "c: 'd # no' # three",
    'e: f#no',
    'g: | # four', // 5
    '  # no',
    '  h',
    '',
    '# five',
    'i: [ # six', // 10
    '  j, # seven',
    '  # eight',
    ']',
    'k: >',
    '# nine', // 15
    'l: m # ten',
  ].join('\n');
  const { comments } = await readComments(text);
  expect(comments.map(({ text: said, line, alone }) => `${said} ${line} ${alone}`)).toEqual([
    ' one 1 true',
    ' two 2 false',
    ' three 3 false',
    ' four 5 false',
    ' five 9 true',
    ' six 10 false',
    ' seven 11 false',
    ' eight 12 true',
    ' nine 15 true',
    ' ten 16 false',
  ]);
  expect(quickComments(text, BOUNDS)).toEqual(await carefulComments(text));
});

test('a line of a text of several lines is led back to where it begins, and the line behind it is not', async () => {
  const text =
    'a: |\n  b\n\n  c\n\nd: e\nf: g\n  h\ni: "j\n  k"\nl:\n  - >-\n    m\n  - [\'n\n      o\', p]\nq: r\n';
  const { headers } = await readComments(text);
  expect([...headers]).toEqual([
    [2, 1],
    [3, 1],
    [4, 1],
    [8, 7],
    [10, 9],
    [13, 12],
    [15, 14],
  ]);
  expect((await carefulComments(text)).headers).toEqual(headers);
});

test('the quick reader tells the comments that the careful one tells, or none', async () => {
  let read = 0;
  for (const texts of [documents, damaged])
    await fc.assert(
      fc.asyncProperty(texts, async (text) => {
        const quick = quickComments(text, BOUNDS);
        if (quick === undefined) return;
        read += 1;
        expect(quick, JSON.stringify(text)).toEqual(await carefulComments(text));
      }),
      { numRuns: 3_000 },
    );
  expect(read).toBeGreaterThan(500);
}, 120_000);
