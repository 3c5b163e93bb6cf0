import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ok } from '../../base/index.ts';
import { judge } from '../check.ts';
import { readRepository } from '../repository/read-repository.ts';

const OF_EXPRESSIONS = ['workflow-syntax', 'undefined-reference', 'expression-types'];

async function found(text: string) {
  const file = { path: '.github/workflows/a.yml', kind: 'workflow' as const, read: ok(Buffer.from(text)) };
  const repository = await readRepository([file]);
  expect(repository.unread).toEqual([]);
  return judge(repository)
    .findings.filter(({ rule }) => OF_EXPRESSIONS.includes(rule))
    .map(({ at, rule, message }) => ({ line: at.line, column: at.column, length: at.length, rule, message }));
}

const around = (steps: string) => `on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n${steps}`;

describe('what is wrong in an expression is told where it stands', () => {
  it.each([
    ['a sign that is none', `      - run: echo '\${{ "hello" }}'\n`, 6, 24],
    ['an operator that is none', `      - run: echo '\${{ 1 + 1 }}'\n`, 6, 26],
    ['the second of two alike', `      - run: echo '\${{ github.sha }} \${{ github.events }}'\n`, 6, 42],
    [
      'a line of a longer script',
      `      - run: |\n          echo a\n          echo '\${{ github.events }}'\n`,
      8,
      21,
    ],
    ['a condition without braces', `      - run: y\n        if: github.ref == 'x' && github.evnt\n`, 7, 34],
    ['a condition in quotes', `      - run: y\n        if: "github.ref == 'x' && github.evnt"\n`, 7, 35],
    ['a property by brackets', `      - run: echo '\${{ github['events'] }}'\n`, 6, 24],
    ['a function that is not there', `      - run: echo "\${{ startWith('a', 'b') }}"\n`, 6, 24],
    ['a context that is not there', `      - run: echo "\${{ github.sha }} \${{ nothing }}"\n`, 6, 42],
  ])('%s', async (_, steps, line, column) => {
    const [first, ...more] = await found(around(steps));
    expect(more).toEqual([]);
    expect(first).toMatchObject({ line, column });
  });

  it('an expression over several lines is told by where it begins', async () => {
    const [first] = await found(
      around('      - run: |\n          echo ${{\n            github.events\n            }}\n'),
    );
    expect(first).toMatchObject({ line: 8, column: 13 });
  });
});

it('any expression gives findings within the file, or none, and never an exception', async () => {
  const piece = fc.constantFrom(
    ...`github .event [0] ['x'] .* [*] matrix steps.s.outputs.o == != < && || ! ( ) , format( fromJSON( 'x' '{0}' 'null' '[1'
      contains( join( case( true 1 null needs inputs.n env hashFiles( always() secrets[ ] toJSON( runner.os job.status`.split(
      /\s+/,
    ),
    ' ',
  );
  await fc.assert(
    fc.asyncProperty(fc.array(piece, { maxLength: 25 }), async (parts) => {
      const source = parts.join(' ').replaceAll('"', '');
      for (const at of await found(
        around(`      - run: "\${{ ${source} }}"\n      - run: y\n        if: "${source}"\n`),
      )) {
        expect(at.line).toBeGreaterThan(5);
        expect(at.line).toBeLessThan(9);
        expect(at.column).toBeGreaterThan(0);
      }
    }),
    { numRuns: 500 },
  );
}, 60_000);
