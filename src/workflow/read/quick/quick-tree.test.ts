import { isDeepStrictEqual } from 'node:util';
import { describe, expect, test } from 'vitest';
import fc from 'fast-check';
import { BOUNDS, carefulTree, type Tree } from '../yaml-tree.ts';
import { quickTree } from './quick-tree.ts';
import { damaged, documents, noise } from './yaml-texts.fixture.ts';

const quick = (text: string): Tree | undefined => quickTree('w.yml', text, BOUNDS);

/** Whether the quick reader was certain; what it then gives is what the careful reader gives. */
async function certain(text: string): Promise<boolean> {
  const tree = quick(text);
  if (tree === undefined) return false;
  const judged = await carefulTree('w.yml', text);
  // Far quicker than the matcher, which then says what differs.
  if (!isDeepStrictEqual(tree, judged)) expect(tree, JSON.stringify(text)).toStrictEqual(judged);
  return true;
}

test('the quick reader gives the tree of the careful one, or none, whatever the text', async () => {
  for (const [texts, runs, least] of [
    [documents, 3_000, 500],
    [damaged, 3_000, 200],
    [noise, 2_000, 50],
  ] as const) {
    let read = 0;
    await fc.assert(
      fc.asyncProperty(texts, async (text) => {
        if (await certain(text)) read += 1;
      }),
      { numRuns: runs },
    );
    expect(read).toBeGreaterThan(least);
  }
}, 120_000);

describe('the quick reader is certain of', () => {
  for (const [what, text] of [
    [
      'a workflow',
      'name: CI\non:\n  push:\n    branches: [main, "v*"]\njobs:\n  a:\n    steps:\n    - run: make\n',
    ],
    [
      'comments wherever they may stand',
      '# a\na: # b\n# c\n  b: c # d\n  # e\n\n# f\nd:\n- e # g\n# h\n- f\n# i',
    ],
    ['keys without a value', 'a:\nb: \nc:   # c\nd:\n- \n-\n-   # e\n- f:\ng:'],
    ['keys in quotes', '"on": a\n\'b c\' : d\n"e\\n": f\n'],
    ['sequences in sequences', '- - a\n  - b\n-\n  - c: d\n    e: f\n-   g: h\n    i: j\n'],
    ['sequences at the column of their key', 'a:\n- b\n-   c: d\n    e:\n    - f\ng: h\n'],
    [
      'every header of a block',
      ['|', '>', '|-', '>-', '|+', '>+', '|2', '>2-', '|-2', '|+2']
        .map((header, at) => `k${at}: ${header} # c\n\n   a\n    b\n\n  c\n\n\n`)
        .filter((text) => !/: [|>][-+]? /.test(text))
        .join(''),
    ],
    [
      'blocks that take their indentation from their first line',
      ['|', '>', '|-', '>-', '|+', '>+']
        .map((header, at) => `k${at}: ${header}\n\n    a\n      b\n    \tc\n       \n    d\n\n    e\n\n\n`)
        .join(''),
    ],
    ['blocks without a line', 'a: |\nb: >+\n\n\nc: |-\n\n- '.slice(0, -3)],
    ['a block that ends with the file', 'a: |+\n  b\n\n'],
    ['a block that ends with the file within its line', 'a:\n- |+\n  b'],
    [
      'texts over several lines',
      "a: b\n  c\n\n\n  d\ne: \"f \n\n  g\\\n  h \\  \n   i\"\nj: 'k\n  l''m \n\n  n '\no:\n  p\n q\n",
    ],
    [
      'flow collections',
      'a: [b, "c", \'d\', 1, [], {}, [e]]\nf: {g: h, "i":j, k: , l, m:, n: [o]}\np: [\n  q, # r\n\n  s,\n]\nt: {\n  u: v\n  , w:\n   x}\n',
    ],
    ['JSON', JSON.stringify({ a: [1, null, true, 'b\n"c"', { d: {}, e: [] }], f: -1.5e300 }, undefined, 1)],
    [
      'numbers and words of the core schema',
      '[~, null, Null, NULL, nul, true, True, TRUE, tRue, false, yes, 12, 012, +1, -0, 0o17, 0x1F, 0xg, 1., .5, -.5, 1e3, 1.5E-7, 1e, .inf, -.INF, .nan, .NaN, 1_0, 123456789012345678901, 1:30, 2025-01-01, 3.10]',
    ],
    [
      'what looks like an indicator and is none',
      'a: -b\n?c: :d\ne:f: g#h\ni: "#"\nj: a\'b"c\nk: &#10;\n'.replace('k: &#10;\n', ''),
    ],
    ['a document that is marked', '# a\n\n--- # b\na: b\n'],
    ['lines that end as on Windows', 'a: |\r\n  b\r\n\r\n  c\r\nd: "e\r\n  f"\r\ng: h\r\n  i\r\n'],
    ['letters beyond ASCII', 'é: "\\u00e9\\U0001F600\\ud83d\\ude00"\n😀: a\u00a0b\n'],
    ['a root that is indented', '  a: b\n  c:\n    - d\n'],
  ] as const)
    test(what, async () => {
      expect(await certain(text), JSON.stringify(text)).toBe(true);
    });
});

describe('the quick reader leaves to the careful one', () => {
  for (const [what, text] of [
    ['an anchor', 'a: &b c\nd: *b\n'],
    ['a tag', 'a: !!str 1\n'],
    ['a key that is there twice', 'a: 1\nb: 2\na: 3\n'],
    ['a key that is the same as a number', '1: a\n"1": b\n'],
    ['numbers as keys that GitHub writes in another way', '1e21: a\n"1e+21": b\n'],
    [
      'a key that is there twice among many',
      `${Array.from({ length: 30 }, (_, at) => `k${at}: 1`).join('\n')}\nk7: 2`,
    ],
    ['a key that is there twice in braces', '{a: 1, a: 2}'],
    ['a merge key', 'a:\n  <<: b\n'],
    ['an explicit key', '? a\n: b\n'],
    ['an explicit key in brackets', '[?]'],
    ['a pair in a sequence', '[a: b]'],
    ['a key over several lines', '"a\n b": c\n'],
    ['a key of more than a thousand characters', `${'a'.repeat(1_025)}: b\n`],
    ['two mappings in one line', 'a: b: c\n'],
    ['a text behind a quoted one', 'a: "b" c\n'],
    ['a comment that touches what is before it', 'a: "b"#c\n'],
    ['a tab as indentation', 'a:\n\tb: c\n'],
    ['a second document', 'a: b\n---\nc: d\n'],
    ['the end of a document', 'a: b\n...\n'],
    ['a directive', '%YAML 1.1\n---\na: yes\n'],
    ['a root that is a text', 'a\n'],
    ['no content', '# a\n'],
    ['a key that is indented too little', 'a:\n    b: c\n  d: e\n'],
    ['a key that is indented too far', 'a: b\n  c: d\n'],
    ['a text below a comment that stands further left', 'a:\n# b\n  c\nd: e\n'],
    ['a quoted text that goes on further left', 'a:\n  b: "c\n  d"\n'],
    ['a quoted text without its end', 'a: "b\n'],
    ['an escape that does not exist', 'a: "\\q"\n'],
    ['a point beyond Unicode', 'a: "\\U00110000"\n'],
    ['brackets without their end', 'a: [b\nc: d\n'],
    ['a comment in braces that begins its line', 'a: {b: c\n#d\n}\n'],
    ['an item that is not there', '[a,,b]'],
    ['an inner bracket that closes at the column of the key', 'a: [[b\n]]\n'],
    ['brackets that go on further left than the key', 'a:\n  b: [\n c]\n'],
    ['blank lines that are indented further than the text', 'a: |\n    \n  b\n'],
    ['a mark of byte order', '\ufeffa: b\n'],
    ['a line separator', 'a: "b\u2028\n c"\n'],
    ['a line that ends as on old machines', 'a: b\rc: d\n'],
  ] as const)
    test(what, () => {
      expect(quick(text)).toBeUndefined();
    });
});

test('the quick reader is certain up to the bounds, and says so for none beyond', async () => {
  const nested = (depth: number) => `a: ${'['.repeat(depth - 1)}${']'.repeat(depth - 1)}`;
  expect(await certain(nested(BOUNDS.depth))).toBe(true);
  expect(quick(nested(BOUNDS.depth + 2))).toBeUndefined();
  // The sequence is a node, too.
  expect(await certain('- a\n'.repeat(BOUNDS.nodes - 1))).toBe(true);
  expect(quick('- a\n'.repeat(BOUNDS.nodes))).toBeUndefined();
  expect(quickTree('w.yml', 'a: bcd', { ...BOUNDS, text: 4 })).toBeDefined();
  expect(quickTree('w.yml', 'a: bcd', { ...BOUNDS, text: 3 })).toBeUndefined();
}, 60_000);
