import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Contexts, ContextValue, StatusSoFar } from '../model.ts';
import { EvaluationWork } from './work.ts';
import { evaluateCondition, evaluateText, evaluateValue } from './evaluate-text.ts';

const means = { work: new EvaluationWork() };
const at = { file: 'ci.yml', line: 3, column: 9 };
const contexts: Contexts = {
  github: { ref: 'refs/heads/main', event: JSON.parse('{"__proto__": "own", "n": 2}') as ContextValue },
  matrix: { os: ['a', 'b'] },
  env: { NAME: 'x' },
};

function text(source: string): string {
  const value = evaluateText({ text: source, at }, contexts, means);
  return value.ok ? value.value : `refused: ${value.error.why}`;
}

function condition(source: string | undefined, status: StatusSoFar['status'] = 'success'): boolean | string {
  const held = evaluateCondition(
    source === undefined ? undefined : { text: source, at },
    contexts,
    {
      status,
    },
    means,
  );
  return held.ok ? held.value : held.error.why;
}

describe('text with expressions', () => {
  it('is put together from its parts', () => {
    expect(text('on ${{ github.ref }} as ${{env.name}}!')).toBe('on refs/heads/main as x!');
    expect(text("${{ '}}' }} and ${{ 'it''s' }}")).toBe("}} and it's");
    expect(text('nothing here')).toBe('nothing here');
    expect(text('${{ matrix.os }} ${{ null }}')).toBe('Array ');
  });

  it('keeps the type when it is one whole expression', () => {
    expect(evaluateValue({ text: '${{ matrix.os }}', at }, contexts, means)).toEqual({
      ok: true,
      value: ['a', 'b'],
    });
    expect(evaluateValue({ text: '10', at }, contexts, means)).toEqual({ ok: true, value: '10' });
    expect(evaluateValue({ text: '${{ 1 }}${{ 2 }}', at }, contexts, means)).toEqual({
      ok: true,
      value: '12',
    });
  });

  it('is refused with its place when an expression is not closed, empty or names what is unknown', () => {
    expect(evaluateText({ text: '${{ secrets.A }}', at }, contexts, means)).toMatchObject({
      ok: false,
      error: { rule: 'workflow/expression', where: at },
    });
    expect(text('${{ github.ref')).toContain('not closed');
    expect(text('${{ }}')).toContain('expected');
    expect(text("${{ hashFiles('a') }}")).toContain('not available');
  });

  it('reaches own members only, never what JavaScript objects inherit', () => {
    for (const name of ['constructor', 'toString', '__proto__.constructor', 'hasOwnProperty', 'valueOf']) {
      expect(text(`a\${{ env.${name} }}`)).toBe('a');
      expect(text(`a\${{ matrix.os.${name} }}`)).toBe('a');
    }
    expect(text('${{ github.event.__proto__ }}')).toBe('own');
    expect(text("a${{ fromJSON('{}').__proto__ }}${{ matrix.os.length }}")).toBe('a');
  });

  it('is bounded: long sources, deep trees and large results are refused at once', () => {
    expect(text(`\${{ '${'x'.repeat(21_000)}' }}`)).toContain('Exceeded max expression length');
    expect(text(`\${{ ${'('.repeat(20_000)} }}`)).toContain('Exceeded max expression depth');
    const doubling = "format('{0}{0}', ".repeat(40);
    expect(text(`\${{ ${doubling}'xxxx'${')'.repeat(40)} }}`)).toContain('memory');
    expect(text(`\${{ fromJSON('${'['.repeat(5_000)}${']'.repeat(5_000)}') }}`)).toContain('too deep');
  });

  it('never throws, whatever is between the braces', () => {
    const piece = fc.constantFrom(
      'github',
      '.',
      '*',
      '[',
      ']',
      '(',
      ')',
      "'",
      'a',
      '1',
      '&&',
      '!',
      '<',
      ',',
      ' ',
      'case(',
    );
    const source = fc.oneof(
      fc.string(),
      fc.array(piece, { maxLength: 40 }).map((pieces) => pieces.join('')),
    );
    fc.assert(
      fc.property(source, (inner) => {
        evaluateText({ text: `\${{ ${inner} }}`, at }, contexts, { work: new EvaluationWork() });
        evaluateCondition(
          { text: inner, at },
          contexts,
          { status: 'failure' },
          { work: new EvaluationWork() },
        );
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('a condition', () => {
  it('holds only after success unless it asks for a status', () => {
    expect(condition(undefined)).toBe(true);
    expect(condition(undefined, 'failure')).toBe(false);
    expect(condition("github.ref == 'refs/heads/main'")).toBe(true);
    expect(condition("github.ref == 'refs/heads/main'", 'failure')).toBe(false);
    expect(condition("${{ failure() && github.ref == 'refs/heads/main' }}", 'failure')).toBe(true);
    expect(condition('always()', 'cancelled')).toBe(true);
    expect(condition('!cancelled()', 'cancelled')).toBe(false);
    expect(condition('cancelled()', 'cancelled')).toBe(true);
    expect(condition("'always()'", 'failure')).toBe(false);
  });

  it('is a string, and so holds, when there is text around the braces', () => {
    expect(condition('${{ false }} ')).toBe(true);
    expect(condition("${{ false }} && {x} it's")).toBe(true);
    expect(condition('${{ failure() }} or so', 'failure')).toBe(true);
    expect(condition('${{ false }} or so', 'failure')).toBe(false);
  });
});

describe('hashFiles', () => {
  it('is answered by who has the workspace', () => {
    const hashFiles = (patterns: readonly string[]): string => patterns.join('+');
    const value = evaluateText({ text: "k-${{ hashFiles('a', '**/b') }}", at }, contexts, {
      ...means,
      hashFiles,
    });
    expect(value).toEqual({ ok: true, value: 'k-a+**/b' });
  });
});
