import { describe, expect, test } from 'vitest';
import { type Mark, sourceFrame } from './source-frame.ts';
import { styleFor } from './style.ts';

const plain = styleFor(process.stderr, { NO_COLOR: '1' });

function frame(files: Readonly<Record<string, string>>, marks: readonly Mark[], width = 100): string {
  const lineOf = ({ file, line }: { file: string; line: number }): string =>
    files[file]?.split('\n')[line - 1] ?? '';
  return `\n${sourceFrame(marks, { lineOf, style: plain, width }).join('\n')}\n`;
}

const mark = (line: number, column: number, length: number, label = '', file = 'a.yml'): Mark => ({
  at: { file, line, column, length },
  label,
  isPrimary: label === '' || label.endsWith('!'),
});

describe('a frame of source', () => {
  test('shows each place of a way below its line, in the order of the lines, and leaves out what lies between', () => {
    const text = 'on: issues\njobs:\n  a:\n    steps:\n      - run: x\n\n\n\n      - run: echo "${{ x }}"\n';
    expect(
      frame({ 'a.yml': text }, [
        mark(9, 20, 8, '2. becomes code!'),
        mark(1, 5, 6, '1. runs on issues'),
        mark(3, 3, 1, ''),
      ]),
    ).toBe(`
  |
1 | on: issues
  |     ------ 1. runs on issues
2 | jobs:
3 |   a:
  |   ^
···
9 |       - run: echo "\${{ x }}"
  |                    ^^^^^^^^ 2. becomes code!
`);
  });

  test('says two things of one stretch below one line', () => {
    expect(frame({ 'a.yml': 'on: issues\n' }, [mark(1, 5, 6, '1. one!'), mark(1, 5, 6, '2. two!')])).toBe(`
  |
1 | on: issues
  |     ^^^^^^ 1. one!
  |            2. two!
`);
  });

  test('names another file where its lines begin', () => {
    const files = { 'a.yml': 'on: push\n', 'b.yml': `${'\n'.repeat(11)}uses: ./a\n` };
    expect(frame(files, [mark(1, 5, 4, '2. is here!'), mark(12, 7, 3, '1. calls it', 'b.yml')])).toBe(`
   |
 1 | on: push
   |     ^^^^ 2. is here!
  ::: b.yml:12:7
   |
12 | uses: ./a
   |       --- 1. calls it
`);
  });

  test('stands below tabs and wide characters where a terminal shows them', () => {
    expect(frame({ 'a.yml': '\trun: echo 日本 ${{ x }}\n' }, [mark(1, 15, 8)])).toBe(`
  |
1 |     run: echo 日本 \${{ x }}
  |                    ^^^^^^^^
`);
  });

  test('shows of a long line what is around the mark, and says where it is cut', () => {
    const text = `${'a'.repeat(200)}XXXX${'b'.repeat(200)}\n`;
    expect(frame({ 'a.yml': text }, [mark(1, 201, 4)], 64)).toBe(`
  |
1 | …${'a'.repeat(23)}XXXX${'b'.repeat(31)}…
  | ${' '.repeat(24)}^^^^
`);
  });

  test('marks each line of what stands on several, and says what it is at the last', () => {
    const text = '  run: ${{ a\n    || b }} c\n';
    const whole: Mark = {
      at: { file: 'a.yml', line: 1, column: 8, length: 5, end: { line: 2, column: 12 } },
      label: 'all!',
      isPrimary: true,
    };
    expect(frame({ 'a.yml': text }, [whole])).toBe(`
  |
1 |   run: \${{ a
  |        ^^^^^
2 |     || b }} c
  |     ^^^^^^^ all!
`);
  });

  test('shows nothing of a line that is not there', () => {
    expect(frame({}, [mark(3, 1, 1)])).toBe('\n\n');
  });

  test('has colours only on a terminal that wants them', () => {
    const colours = styleFor(process.stderr, { FORCE_COLOR: '1' });
    const lines = sourceFrame([mark(1, 1, 1)], { lineOf: () => 'x', style: colours, width: 80 });
    expect(lines.join('')).toContain('\u001b[31m^\u001b[0m');
    expect(frame({ 'a.yml': 'x' }, [mark(1, 1, 1)])).not.toContain('\u001b');
  });
});
