import { describe, expect, test } from 'vitest';
import { ownerOf } from './file-owner.ts';

const NOBODY = 65_534;
const FILE = { uid: NOBODY, dev: 7, ino: 9 };
const says = (answer: string | undefined) => () => answer;

describe('the owner of a file', () => {
  test('is what the kernel says, whatever anyone else does', () => {
    for (const uid of [0, 1, 1_000]) expect(ownerOf('/a', { ...FILE, uid }, NOBODY, says('0 7 9'))).toBe(uid);
  });

  test('is root of the machine when the witness outside sees root own the very same file', () => {
    expect(ownerOf('/a', FILE, NOBODY, says('0 7 9'))).toBe(0);
  });

  test('stays a stranger when it is another user, another file, or when nobody answers', () => {
    for (const answer of ['1000 7 9', '65534 7 9', '0 7 8', '0 8 9', '-', '', 'x', '0 7 9 ', undefined])
      expect(ownerOf('/a', FILE, NOBODY, says(answer))).toBe(NOBODY);
  });
});
