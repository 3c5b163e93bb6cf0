import { describe, expect, test } from 'vitest';
import { mappedCode } from './mapped-code.ts';

const readOnly = (path: string): boolean => path.startsWith('/usr/');
const region = (rights: string, inode: number, name: string, anonymous = 0): string =>
  `7f0000000000-7f0000001000 ${rights} 00000000 fe:00 ${inode}${' '.repeat(20)}${name}\nSize: 4 kB\nAnonymous:             ${anonymous} kB\nVmFlags: rd ex\n`;
const judged = (...regions: readonly string[]) => mappedCode(regions.join(''), readOnly);

describe('what a process executes', () => {
  test('is its own when it is of files that the job cannot write, as they are', () => {
    expect(judged(region('r-xp', 7, '/usr/bin/git'), region('r-xp', 0, '[vdso]'))).toEqual({ jit: false });
    // Data may lie anywhere, and may be changed.
    expect(judged(region('rw-p', 7, '/usr/bin/git', 4), region('rw-p', 8, '/work/data'))).toEqual({
      jit: false,
    });
  });

  test.each([
    ['a file that the job can write', region('r-xp', 9, '/work/own.so')],
    ['a file that was removed', region('r-xp', 9, '/usr/lib/own.so (deleted)')],
    ['memory with a name', region('r-xs', 9, '/memfd:own (deleted)')],
    ['shared memory', region('rwxs', 9, '/SYSV00000000 (deleted)')],
    ['a file of which pages were changed', region('r-xp', 7, '/usr/bin/git', 4)],
    ['a file of which pages may still be changed', region('rwxp', 7, '/work/x', 4)],
  ])('is foreign when it is of %s', (_, text) => {
    expect(judged(region('r-xp', 7, '/usr/bin/git'), text).foreign).toBeDefined();
  });

  test.each(['', '[heap]', '[stack]', '[anon:own]'])(
    'is made as it runs in memory of no file: %j',
    (name) => {
      expect(judged(region('rwxp', 0, name))).toEqual({ jit: true });
    },
  );

  test('is not told by a file whose name looks like a line of the map', () => {
    const name = '/work/x\\012Anonymous: 0 kB\\0127f0000000000-7f0000001000 r--p 0 fe:00 1 /usr/bin/git';
    expect(judged(region('r-xp', 9, name)).foreign).toBeDefined();
  });
});
