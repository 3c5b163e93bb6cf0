import { expect, test } from 'vitest';
import { FirstWords } from '../../src/egress/first-words.ts';
import { HttpRequests } from '../../src/egress/http-requests.ts';
import { fuzz } from './mutate.fixture.ts';

const SEEDS = [
  'GET / HTTP/1.1\r\nHost: good.test\r\n\r\n',
  'POST /a?b=c HTTP/1.1\r\nHost: good.test:80\r\nContent-Length: 5\r\n\r\nhelloGET /2 HTTP/1.1\r\nHost: good.test\r\n\r\n',
  'PUT /x HTTP/1.1\r\nHost: good.test\r\nTransfer-Encoding: chunked\r\n\r\n5;a=b\r\nhello\r\n0\r\nX: y\r\n\r\n',
  'GET /ws HTTP/1.1\r\nHost: good.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
  'GET http://good.test/a HTTP/1.1\r\nHost: good.test\r\nConnection: close\r\n\r\n',
].map((text) => Buffer.from(text));
const WORDS = [
  '\r\n',
  '\n',
  '\r',
  '\r\n\r\n',
  'Host: evil.test\r\n',
  'Host: good.test\r\n',
  'Content-Length: 4\r\n',
  'Transfer-Encoding: chunked\r\n',
  'Transfer-Encoding: identity\r\n',
  ' HTTP/1.1',
  'GET ',
  'CONNECT ',
  'http://evil.test/',
  '0\r\n\r\n',
  ' :',
  '\t',
  '\0',
  'HTTP/1.0',
  'Upgrade: x\r\n',
  'Upgrade: websocket\r\n',
];

interface Followed {
  readonly pass: Buffer;
  readonly ended: string | undefined;
  readonly requests: number;
  readonly hosts: readonly string[];
}

function follow(pieces: readonly Buffer[]): Followed {
  const requests = new HttpRequests();
  const pass: Buffer[] = [];
  const hosts: string[] = [];
  let ended: string | undefined;
  for (const piece of pieces) {
    if (ended !== undefined) break;
    const taken = requests.take(piece, (head) => {
      if (head.kind !== 'head') return false;
      hosts.push(head.host ?? '');
      return head.host === 'good.test';
    });
    pass.push(...taken.pass);
    ended = taken.ended;
  }
  return { pass: Buffer.concat(pass), ended, requests: requests.requests, hosts };
}

test('no bytes make the reader of requests fail, read otherwise when they come in pieces, or pass a head that names another host', () => {
  let passed = 0;
  const seen = fuzz('http', SEEDS, WORDS, (input) => {
    const whole = follow([input]);
    const cut = input.length === 0 ? 0 : input.readUInt8(0) % (input.length + 1);
    const pieces = follow([input.subarray(0, cut), input.subarray(cut, cut + 1), input.subarray(cut + 1)]);
    expect(pieces).toEqual(whole);
    // What goes on is what came, in its order, and nothing else.
    expect(input.subarray(0, whole.pass.length).equals(whole.pass)).toBe(true);
    expect(whole.hosts.slice(0, whole.requests).every((host) => host === 'good.test')).toBe(true);
    if (whole.requests > 0) passed += 1;
    // A reader that takes any line for a header must find no other host in what passed as heads.
    const text = whole.pass.toString('latin1');
    const firstHead = text.slice(0, text.indexOf('\r\n\r\n'));
    if (whole.requests > 0)
      expect(/^host[ \t]*:(?!\s*good\.test\.?(?::\d+)?\s*$)/im.test(firstHead), text).toBe(false);
    const words = new FirstWords();
    const first = words.take(input) ?? words.ended();
    return `${whole.ended} ${whole.requests} ${first.protocol} ${'malformed' in first} ${'claimed' in first}`;
  });
  expect(seen).toBeGreaterThan(10);
  expect(passed).toBeGreaterThan(0);
});
