import { describe, expect, test } from 'vitest';
import type { Refusal } from '../../base/index.ts';
import { EvaluationWork, type Portion, readWorkflow, unsupported } from '../index.ts';

async function lacks(text: string, portion?: Portion): Promise<readonly Refusal[]> {
  const read = await readWorkflow('ci.yml', Buffer.from(text));
  if (!read.ok) throw new Error(read.error[0]?.why);
  return unsupported(read.value, new EvaluationWork(), portion);
}

const choice = (...pairs: readonly (readonly [string, string])[]): Portion => ({
  matrix: new Map(pairs.map(([name, value]) => [name, [value]])),
});

const MATRIX = `on: push
jobs:
  test:
    runs-on: \${{ matrix.os }}
    strategy: { matrix: { os: [windows-latest, ubuntu-latest, macos-latest], node: [22, 24] } }
    steps: [{ run: x }]
`;

describe('what this version does not run', () => {
  test('is told once for each label of a plain matrix, with its place and the choice that leaves it out', async () => {
    const found = await lacks(MATRIX);
    expect(found.map(({ why }) => /"([^"]+)"/.exec(why)?.[1])).toEqual(['windows-latest', 'macos-latest']);
    expect(found[0]).toMatchObject({
      fix: 'leave the others out: --matrix os=ubuntu-latest',
      where: { file: 'ci.yml', line: 4 },
    });
    expect(await lacks(MATRIX, choice(['os', 'ubuntu-latest']))).toEqual([]);
    expect(await lacks(MATRIX, choice(['os', 'macos-latest']))).toHaveLength(1);
    expect(await lacks(MATRIX, choice(['node', '22']))).toHaveLength(2);
  });

  test('names a value inside of a mapping too', async () => {
    const nested = MATRIX.replace('matrix.os', 'matrix.on.os').replace(
      /os: \[.*?\]/,
      'on: [{ os: windows-latest }, { os: ubuntu-latest }]',
    );
    expect((await lacks(nested))[0]?.fix).toContain('--matrix on.os=ubuntu-latest');
    expect(await lacks(nested, choice(['on.os', 'ubuntu-latest']))).toEqual([]);
  });

  test('is left to the leg where only the run knows the label', async () => {
    const text = 'on: push\njobs: { a: { runs-on: "${{ vars.os }}", steps: [{ run: x }] } }\n';
    expect(await lacks(text)).toEqual([]);
  });

  test('has a matrix that is too large as it is written, but not one that an expression makes', async () => {
    const of = (matrix: string) =>
      lacks(
        `on: push\njobs: { a: { runs-on: ubuntu-latest, strategy: { matrix: ${matrix} }, steps: [{ run: x }] } }\n`,
      );
    const many = JSON.stringify(Array.from({ length: 1_000 }, (_, index) => index));
    expect(await of(`{ x: ${many}, y: ${many} }`)).toMatchObject([
      { rule: 'workflow/matrix', where: { file: 'ci.yml', line: 2 } },
    ]);
    expect(await of('{ x: "${{ fromJSON(github.event.inputs.x) }}" }')).toEqual([]);
    expect(await of(`{ x: ${many}, y: ["\${{ github.sha }}"] }`)).toEqual([]);
  });

  test('does not keep another job from running that does not need it', async () => {
    const text = `on: push
jobs:
  call: { uses: o/r/.github/workflows/x.yml@v1 }
  after: { needs: call, runs-on: ubuntu-latest, steps: [{ run: x }] }
  windows: { runs-on: windows-latest, steps: [{ uses: o/r@v1 }] }
  alone: { runs-on: ubuntu-latest, steps: [{ run: x }] }
`;
    expect((await lacks(text)).map(({ where }) => where?.line)).toEqual([3, 5, 5]);
    const of = (only: string) => lacks(text, { only, matrix: new Map() });
    expect(await of('alone')).toEqual([]);
    expect((await of('after')).map(({ where }) => where?.line)).toEqual([3]);
    expect(await of('windows')).toHaveLength(2);
    expect(await of('call')).toHaveLength(1);
  });
});
