import { expect, it } from 'vitest';
import { ok } from '../../base/index.ts';
import { judge } from '../check.ts';
import { readRepository } from '../repository/read-repository.ts';

async function judged(text: string) {
  const file = { path: '.github/workflows/a.yml', kind: 'workflow' as const, read: ok(Buffer.from(text)) };
  return judge(await readRepository([file])).findings;
}

const times = (count: number, make: (n: number) => string) =>
  Array.from({ length: count }, (_, n) => make(n)).join('');
const head = 'on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n';

// Each took the square of its size, or more, when it was first written.
it.each([
  ['ten thousand keys that are none', head + times(10_000, (n) => `    unknown-key-number-${n}: x\n`)],
  [
    'ten thousand options, one of them twice',
    `on:\n  workflow_dispatch:\n    inputs:\n      i:\n        type: choice\n        options:\n${times(10_000, (n) => `          - o${n}\n`)}          - o1\n`,
  ],
  [
    'three thousand steps that name steps',
    `${head}    steps:\n${times(3_000, (n) => `      - { id: s${n}, run: 'echo \${{ steps.s${n + 1}.outputs.x }}' }\n`)}`,
  ],
  [
    'a text with thousands of expressions that are wrong',
    `${head}    steps:\n      - run: |\n${times(20_000, (n) => `          \${{ github.e${n} }} \${{ 'a' }}\n`)}`,
  ],
  [
    'ten thousand labels',
    `on: push\njobs:\n  a:\n    runs-on:\n${times(10_000, (n) => `      - ${n % 2 ? 'ubuntu' : 'windows'}-${n}\n`)}    steps: [ { run: y } ]\n`,
  ],
  [
    'a matrix of thousands of mappings',
    `${head}    strategy:\n      matrix:\n        v:\n${times(3_000, (n) => `          - { k${n}: 1, l: 2 }\n`)}        exclude:\n${times(3_000, (n) => `          - { v: { k: ${n} } }\n`)}    steps: [ { run: 'echo \${{ matrix.v.z }}' } ]\n`,
  ],
  [
    'thousands of commands that are deprecated',
    `${head}    steps:\n      - run: |\n${times(20_000, (n) => `          echo ::set-output name=a${n}::b\n`)}`,
  ],
  [
    'an expression of many brackets',
    `${head}    steps:\n      - run: echo \${{ ${'format('.repeat(49)}'{0}'${", 'x')".repeat(49)} }}\n`,
  ],
  [
    'thousands of anchors that are named, and one that is not',
    `${head}    env:\n${times(15_000, (n) => `      A${n}: &a${n} x\n      B${n}: *a${n}\n`)}      C: &c x\n    steps: [ { run: y } ]\n`,
  ],
  [
    'jobs that need all that came before',
    `on: push\njobs:\n${times(250, (n) => `  j${n}: { needs: [ ${times(n, (m) => `j${m}, `)} ], if: false, runs-on: x, steps: [ { run: y } ] }\n`)}`,
  ],
])(
  '%s are judged in bounded work',
  async (_, text) => {
    expect((await judged(text)).length).toBeGreaterThan(0);
  },
  60_000,
);
