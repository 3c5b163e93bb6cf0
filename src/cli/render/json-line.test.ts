import fc from 'fast-check';
import { expect, test } from 'vitest';
import { jsonLine, wellFormedLine } from './json-line.ts';

test('a line of JSON is the same value to a parser, and printable to a terminal', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.string({ unit: 'binary' }), (value, text) => {
      const line = jsonLine({ value, [text]: text });
      expect(JSON.parse(line)).toEqual(JSON.parse(JSON.stringify({ value, [text]: text })));
      expect(line.slice(0, -1)).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
    }),
  );
  expect(jsonLine('\u009b31m\u202e\u{e0041}\u007f')).toBe('"\\u009b31m\\u202e\\udb40\\udc41\\u007f"\n');
});

test('a line for strict readers has no half of a character, and is the same otherwise', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'binary' }),
      fc.constantFrom('\ud800', '\\ud800', '\udc00', '\u{e0041}', ''),
      (text, half) => {
        const line = wellFormedLine(jsonLine([text + half]));
        expect(JSON.parse(line)).toEqual([(text + half).toWellFormed()]);
      },
    ),
  );
});
