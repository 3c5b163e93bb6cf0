import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FirstWords, type Words } from './first-words.ts';
import { HttpRequests } from './http-requests.ts';

/** Pieces that sentences of several protocols are made of, put together in any way. */
const SENTENCE = fc
  .array(
    fc.constantFrom(
      'GET',
      'post',
      'X-Y',
      ' ',
      '/',
      ' HTTP/1.1',
      ' http/9',
      'HTTP/',
      '\r\n',
      '\n',
      '\r',
      'Host: a.test\r\n',
      'Host: b.test',
      'Content-Length: 3\r\n',
      'Transfer-Encoding: chunked\r\n',
      '\r\n\r\n',
      '3\r\nabc\r\n',
      '0\r\n\r\n',
      '\0',
      '\x16',
      '\x16\x03\x01\0\x05',
      '\x01\0\0\x01',
      'é',
      '\t',
    ),
    { maxLength: 14 },
  )
  .map((parts) => Buffer.from(parts.join(''), 'latin1'));

function cuts(bytes: Buffer, size: number): readonly Buffer[] {
  return Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) =>
    bytes.subarray(i * size, (i + 1) * size),
  );
}

function heard(pieces: readonly Buffer[]): string {
  const words = new FirstWords();
  let found: Words | undefined;
  for (const piece of pieces) found ??= words.take(piece);
  if (found === undefined) return 'not clear';
  return JSON.stringify({ ...found, first: undefined });
}

describe('the first words of a connection', () => {
  test('mean the same however they are cut', () => {
    fc.assert(
      fc.property(SENTENCE, fc.integer({ min: 1, max: 7 }), (bytes, size) => {
        expect(heard(cuts(bytes, size))).toBe(heard([bytes]));
      }),
      { numRuns: 5_000 },
    );
  });

  test.each([
    ['a request line without an end', Buffer.from(`GET /${'x'.repeat(20_000)}`)],
    ['nothing but empty lines', Buffer.from('\r\n'.repeat(40))],
    ['a head without an end', Buffer.from(`GET / HTTP/1.1\r\n${'x: y\r\n'.repeat(6_000)}`)],
    ['a hello in crumbs', Buffer.concat(Array.from({ length: 20 }, () => Buffer.from([22, 3, 1, 0, 1, 1])))],
  ])('that are %s are malformed, and not another protocol', (_what, bytes) => {
    expect(heard([bytes])).toContain('"malformed":true');
    expect(heard(cuts(bytes, 100))).toContain('"malformed":true');
  });
});

describe('what goes on of requests', () => {
  test('is read in one pass: blanks in a header keep nobody busy', () => {
    const head = `GET / HTTP/1.1\r\nHost: \t a.test \t\r\nA: x${' '.repeat(60_000)}y\r\n\r\n`;
    const hosts: unknown[] = [];
    // Each took eight seconds once.
    for (let times = 0; times < 50; times += 1)
      new HttpRequests().take(Buffer.from(head), (read) => hosts.push('host' in read && read.host) > 0);
    expect(hosts).toEqual(Array.from({ length: 50 }, () => 'a.test'));
  });

  test('is a beginning of what came, ends after whole heads, and is the same however it was cut', () => {
    fc.assert(
      fc.property(SENTENCE, fc.integer({ min: 1, max: 7 }), (sentence, size) => {
        const bytes = Buffer.concat([Buffer.from('GET / HTTP/1.1\r\nHost: a.test\r\n'), sentence]);
        const passed = (pieces: readonly Buffer[]): string => {
          const requests = new HttpRequests();
          const out: Buffer[] = [];
          for (const piece of pieces) {
            const { pass, ended } = requests.take(
              piece,
              (head) => head.kind === 'head' && head.host === 'a.test',
            );
            out.push(...pass);
            if (ended !== undefined) break;
          }
          return Buffer.concat(out).toString('latin1');
        };
        const whole = passed([bytes]);
        expect(bytes.toString('latin1').startsWith(whole)).toBe(true);
        expect(whole).not.toContain('\r\nHost: b.test');
        expect(passed(cuts(bytes, size))).toBe(whole);
      }),
      { numRuns: 5_000 },
    );
  });
});
