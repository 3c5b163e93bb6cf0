import { describe, expect, it } from 'vitest';
import type { MatrixValue } from '../model.ts';
import { EvaluationWork } from '../expressions/work.ts';
import { expandMatrix, matrixName } from './matrix.ts';

function expand(value: MatrixValue) {
  const result = expandMatrix(
    { kind: 'mapping', value, at: {} },
    { github: { ref: 'r' } },
    new EvaluationWork(),
  );
  return result.ok ? result.value : result.error.rule;
}

describe('a matrix', () => {
  it('grows by include as GitHub’s documentation has it', () => {
    const grown = expand({
      fruit: ['apple', 'pear'],
      animal: ['cat', 'dog'],
      include: [
        { color: 'green' },
        { color: 'pink', animal: 'cat' },
        { fruit: 'apple', shape: 'circle' },
        { fruit: 'banana' },
        { fruit: 'banana', animal: 'cat' },
      ],
    });
    expect(grown).toEqual([
      { fruit: 'apple', animal: 'cat', color: 'pink', shape: 'circle' },
      { fruit: 'apple', animal: 'dog', color: 'green', shape: 'circle' },
      { fruit: 'pear', animal: 'cat', color: 'pink' },
      { fruit: 'pear', animal: 'dog', color: 'green' },
      { fruit: 'banana' },
      { fruit: 'banana', animal: 'cat' },
    ]);
  });

  it('loses by exclude what matches in part, before include adds', () => {
    const left = expand({
      os: ['a', 'b'],
      node: [{ v: 1, x: 2 }, { v: 2 }],
      exclude: [{ os: 'A' }, { node: { v: 1 } }],
      include: [{ os: 'a' }],
    });
    expect(left).toEqual([{ os: 'b', node: { v: 2 } }, { os: 'a' }]);
  });

  it('of include alone is its entries', () => {
    expect(expand({ include: [{ a: 1 }, { b: '${{ github.ref }}' }] })).toEqual([{ a: 1 }, { b: 'r' }]);
  });

  it('of more than 256 combinations is refused before they are made', () => {
    const many = Array.from({ length: 1_000 }, (_, i) => i);
    expect(expand({ a: many, b: many })).toBe('workflow/matrix');
  });

  it('names a leg by its values', () => {
    expect(matrixName('test', { os: 'linux', node: { v: 24 } })).toBe('test (linux, 24)');
  });
});
