import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LogLines } from './log-lines.ts';

test('gives the same lines however the bytes are cut', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 400 }),
      fc.array(fc.integer({ min: 1, max: 50 })),
      (bytes, cuts) => {
        const whole = collect([Buffer.from(bytes)]);
        const pieces: Buffer[] = [];
        let from = 0;
        for (const cut of cuts) {
          pieces.push(Buffer.from(bytes.subarray(from, from + cut)));
          from += cut;
        }
        pieces.push(Buffer.from(bytes.subarray(from)));
        expect(collect(pieces)).toEqual(whole);
      },
    ),
  );
});

test('hands on an endless line in pieces of 64 KiB, and loses no byte', () => {
  const seen: [number, boolean][] = [];
  const lines = new LogLines((line, partial) => seen.push([line.length, partial]));
  for (let i = 0; i < 20; i += 1) lines.push(Buffer.alloc(10_000, 0x61));
  lines.end();
  expect(seen.slice(0, -1).every(([size, partial]) => size === 65_536 && partial)).toBe(true);
  expect(seen.reduce((sum, [size]) => sum + size, 0)).toBe(200_000);
});

test('a carriage return before the line break belongs to it', () => {
  expect(collect([Buffer.from('a\r\nb\rc\n')])).toEqual(['a', 'b\rc']);
});

function collect(pieces: readonly Buffer[]): string[] {
  const lines: string[] = [];
  const cutter = new LogLines((line) => lines.push(line.toString('latin1')));
  for (const piece of pieces) cutter.push(piece);
  cutter.end();
  return lines;
}
