import { describe, expect, it } from 'vitest';
import { readActionMetadata, readWorkflow } from '../index.ts';

const JOB = 'jobs:\n  a:\n    runs-on: ubuntu-latest\n';

async function wrong(text: string): Promise<readonly string[]> {
  const read = await readWorkflow('ci.yml', Buffer.from(text));
  return read.ok ? [] : read.error.map((one) => `${one.where?.line}:${one.where?.column} ${one.rule}`);
}

describe('a workflow with something that GitHub would not take', () => {
  it.each([
    ['is malformed', 'steps: [{ run: "${{ 1 + }}" }]', '5:20 workflow/expression'],
    ['is not closed', 'steps: [{ run: "${{ 1" }]', '5:20 workflow/expression'],
    ['is empty', 'steps: [{ run: "${{ }}" }]', '5:20 workflow/expression'],
    ['names an unknown context', 'steps: [{ run: "${{ githbu.ref }}" }]', '5:20 workflow/expression'],
    ['calls an unknown function', 'steps: [{ run: "${{ now() }}" }]', '5:20 workflow/expression'],
    ['has a shell that is none', 'steps: [{ run: x, shell: powershell }]', '5:30 workflow/shell'],
    ['has a shell that is none', 'steps: [{ run: x, if: true, shell: basch }]', '5:40 workflow/shell'],
    ['asks for a secret in an if', 'steps: [{ run: x, if: secrets.a != 0 }]', '5:27 workflow/expression'],
    ['asks for a status outside an if', 'steps: [{ run: "${{ always() }}" }]', '5:20 workflow/expression'],
    ['asks for env in a job’s if', 'if: env.a\n    steps: [{ run: x }]', '5:9 workflow/expression'],
    [
      'hashes files before there is a workspace',
      'env: { A: "${{ hashFiles(1) }}" }\n    steps: [{ run: x }]',
      '5:15 workflow/expression',
    ],
    [
      'asks for the runner in the matrix',
      'strategy: { matrix: { a: ["${{ runner.os }}"] } }\n    steps: [{ run: x }]',
      '5:25 workflow/expression',
    ],
  ])('is refused with its place when it %s', async (_what, text, expected) => {
    expect(await wrong(`on: push\n${JOB}    ${text}\n`)).toEqual([expected]);
  });

  it('is taken when all that it names exists where it stands', async () => {
    const text = `
on: push
run-name: \${{ github.actor }}
env: { A: '\${{ secrets.A }}' }
${JOB}    name: leg \${{ matrix.n }} of \${{ strategy.job-total }}
    if: always() && needs.b.result == 'skipped'
    needs: b
    strategy: { matrix: { n: '\${{ fromJSON(needs.b.outputs.list) }}' } }
    outputs: { o: '\${{ steps.s.outputs.o }}' }
    steps:
      - { id: s, run: '\${{ env.A }}', if: "failure() || hashFiles('x') != ''" }
  b:
    runs-on: ubuntu-latest
    steps: [{ run: x }]
`;
    expect(await wrong(text)).toEqual([]);
  });

  it('is taken with a shell of Windows in a step that an if may keep to Windows', async () => {
    const step = '{ run: x, shell: cmd, if: "runner.os == \'Windows\'" }';
    expect(await wrong(`on: push\n${JOB}    steps: [${step}]\n`)).toEqual([]);
  });

  it('is told that texts of an expression are in single quotes', async () => {
    const read = await readWorkflow(
      'ci.yml',
      Buffer.from(`on: push\n${JOB}    if: github.ref != "main"\n    steps: [{ run: x }]\n`),
    );
    expect(read).toMatchObject({
      ok: false,
      error: [{ fix: expect.stringContaining("single quotes: 'text'") }],
    });
  });
});

describe('what GitHub makes of a value', () => {
  it('is taken for its text: 3.10 is the number 3.1, True is true', async () => {
    const read = await readWorkflow(
      'ci.yml',
      Buffer.from(
        `on: push\nenv: { A: 3.10, B: True, C: 0x10, D: '3.10', E: null, F: 1e3 }\n${JOB}    steps: [{ run: x }]\n`,
      ),
    );
    expect(read.ok && read.value.env.map(({ name, value }) => `${name}=${value.text}`)).toEqual([
      'A=3.1',
      'B=true',
      'C=16',
      'D=3.10',
      'E=',
      'F=1000',
    ]);
  });
});

describe('the metadata of an action', () => {
  it.each([
    ['a composite step without a shell', 'runs: { using: composite, steps: [{ run: x }] }', '1:35'],
    [
      'a composite step that asks for a secret',
      'runs: { using: composite, steps: [{ run: "${{ secrets.A }}", shell: sh }] }',
      '1:42',
    ],
    [
      'a composite step with a time-out',
      'runs: { using: composite, steps: [{ run: x, shell: sh, timeout-minutes: 1 }] }',
      '1:73',
    ],
    ['a container', 'runs: { using: docker }', '1:16'],
    ['a container’s key', 'runs: { using: node20, main: x.js, image: y }', '1:36'],
    ['a node action without a script', 'runs: { using: node20 }', '1:7'],
  ])('is refused with its place for %s', async (_what, text, place) => {
    const read = await readActionMetadata('action.yml', Buffer.from(text));
    expect(read.ok ? [] : read.error.map((one) => `${one.where?.line}:${one.where?.column}`)).toEqual([
      place,
    ]);
  });
});
