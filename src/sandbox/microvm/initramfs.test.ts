import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { file, folder, initramfs } from './initramfs.ts';

/** As the kernel reads it (init/initramfs.c): a header of 110 characters, a name, a content, each padded to four bytes. */
function read(archive: Buffer) {
  const found: { path: string; mode: number; content: string }[] = [];
  for (let at = 0; at < archive.length; ) {
    expect(archive.toString('latin1', at, at + 6)).toBe('070701');
    const field = (index: number): number =>
      Number.parseInt(archive.toString('latin1', at + 6 + index * 8, at + 14 + index * 8), 16);
    const nameEnd = at + 110 + field(11);
    const path = archive.toString('utf8', at + 110, nameEnd - 1);
    const from = Math.ceil(nameEnd / 4) * 4;
    found.push({ path, mode: field(1), content: archive.toString('latin1', from, from + field(6)) });
    at = Math.ceil((from + field(6)) / 4) * 4;
  }
  return found;
}

const name = fc
  .string({ unit: 'grapheme-ascii', minLength: 1, maxLength: 30 })
  .filter((text) => !text.includes('\0'));

describe('the archive of a guest', () => {
  test('gives back every file and folder, and ends as the kernel expects it', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(name, fc.uint8Array({ maxLength: 50 })), { maxLength: 8 }), (files) => {
        const archive = initramfs([
          folder('modules'),
          ...files.map(([path, content]) => file(path, content, 0o755)),
        ]);
        const [first, ...rest] = read(archive);
        expect(first).toEqual({ path: 'modules', mode: 0o040_755, content: '' });
        expect(rest.at(-1)?.path).toBe('TRAILER!!!');
        expect(rest.slice(0, -1)).toEqual(
          files.map(([path, content]) => ({
            path,
            mode: 0o100_755,
            content: Buffer.from(content).toString('latin1'),
          })),
        );
      }),
    );
  });
});
