import { createTwoFilesPatch } from 'diff';
import type { FixedFile } from '../../gate/index.ts';

/** What a fix does to a file, as `git apply` and `patch -p1` take it. */
export function unifiedDiff({ path, before, after }: FixedFile): string {
  const patch = createTwoFilesPatch(
    quoted(`a/${path}`),
    quoted(`b/${path}`),
    new TextDecoder('utf-8', { ignoreBOM: true }).decode(before),
    new TextDecoder('utf-8', { ignoreBOM: true }).decode(after),
    undefined,
    undefined,
    { context: 3 },
  );
  return patch.slice(patch.indexOf('--- '));
}

/** As git quotes a name that holds what would end its line, or a quote. */
function quoted(name: string): string {
  if (!/[\u0000-\u001f\u007f"\\]/.test(name)) return name;
  const written = [...Buffer.from(name)].map((byte) =>
    byte < 0x20 || byte >= 0x7f || byte === 0x22 || byte === 0x5c
      ? `\\${byte.toString(8).padStart(3, '0')}`
      : String.fromCharCode(byte),
  );
  return `"${written.join('')}"`;
}
