import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cutCells, textCells } from './text-cells.ts';

describe('the columns of a line on a terminal', () => {
  test.each([
    ['abc', 'abc', [0, 1, 2, 3]],
    ['a\tb', 'a   b', [0, 1, 4, 5]],
    ['\t\tx', '        x', [0, 4, 8, 9]],
    ['日本x', '日本x', [0, 2, 4, 5]],
    ['\u{1f600}x', '\u{1f600}x', [0, 0, 2, 3]],
    ['e\u0301x', 'e\u0301x', [0, 1, 1, 2]],
    ['\uff21x', '\uff21x', [0, 2, 3]],
    ['\u001b[1m', '\ufffd[1m', [0, 1, 2, 3, 4]],
    ['a\u202eb\u200bc', 'a\ufffdb\ufffdc', [0, 1, 2, 3, 4, 5]],
  ])('%j', (text, shown, columns) => {
    const cells = textCells(text);
    expect(cells.shown).toBe(shown);
    expect(columns.map((_, offset) => cells.columnOf(offset))).toEqual(columns);
    expect(cells.width).toBe(columns.at(-1));
  });

  test('a letter carries few marks, however many a stranger put on it', () => {
    expect(textCells(`a${'\u0301'.repeat(1_000)}b`).shown.length).toBeLessThan(10);
  });

  test('a cut has the width that it was asked for, and nothing of what it shows acts on the terminal', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary', maxLength: 60 }),
        fc.nat(70),
        fc.nat(70),
        (text, from, length) => {
          const { shown, width } = textCells(text);
          expect(shown).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
          const wanted = Math.max(0, Math.min(width, from + length) - from);
          expect(textCells(cutCells(shown, from, from + length)).width).toBe(wanted);
        },
      ),
      // Nothing of a character that lies across the place, and half of one at each end.
      {
        examples: [
          ['\0\u{1f300}', 2, 0],
          ['\u{1f300}\u{1f300}', 1, 2],
        ],
      },
    );
  });
});
