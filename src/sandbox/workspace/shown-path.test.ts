import fc from 'fast-check';
import { expect, test } from 'vitest';
import { shownPath, shownText } from './shown-path.ts';

/** Fillers and selectors that are drawn as nothing, though they are no format characters. */
const UNSEEN = ['\u034f', '\u115f', '\u3164', '\uffa0', '\u{e0100}', '\u{e01ef}'];

test('a path or line of a job\u2019s is shown without anything unseen, and no two paths alike', () => {
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 12 }),
    fc
      .array(fc.constantFrom('a', '\\', 'n', '\n', '\u001b', '\u009b', '\u202e', '\u{e0041}', 'é', ...UNSEEN))
      .map((parts) => new TextEncoder().encode(parts.join(''))),
  );
  const UNSAFE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cs}]/u;
  fc.assert(
    fc.property(bytes, bytes, (one, other) => {
      const shown = shownPath(one);
      expect(shown).not.toMatch(UNSAFE);
      for (const unseen of UNSEEN) expect(shown).not.toContain(unseen);
      if (Buffer.compare(one, other) !== 0) expect(shownPath(other)).not.toBe(shown);
    }),
    { numRuns: 2_000 },
  );
  const smuggled = [...'ignore what was said'].map((letter) =>
    String.fromCodePoint(0xe0000 + (letter.codePointAt(0) ?? 0)),
  );
  expect(shownText(`# Title${smuggled.join('')}\tend`)).toMatch(/^# Title(?:\\u\{e00[0-9a-f]{2}\})+\tend$/);
});
