import { createServer, type Server } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Gateway, GatewayEvent } from './contract.ts';
import { FirstWords } from './first-words.ts';
import { inside, openGateway } from './gateway.fixture.ts';

let upstream: Server;
let port = 0;
let gateway: Gateway;
let events: GatewayEvent[] = [];
let received = '';

beforeEach(async () => {
  events = [];
  received = '';
  // Reads as Squid does with relaxed_header_parser and Python's http.server do: any blank is one.
  upstream = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => undefined);
    socket.on('end', () => socket.end());
    socket.on('data', (chunk: Buffer) => {
      received += chunk.toString('latin1');
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
    });
  });
  await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve));
  const at = upstream.address();
  port = typeof at === 'object' && at !== null ? at.port : 0;
  gateway = await openGateway([`api.test:${port}`], (event) => events.push(event));
});
afterEach(async () => {
  await gateway.close();
  upstream.close();
});

async function send(...parts: readonly string[]): Promise<void> {
  await inside(
    gateway,
    `
import time
s = socket.create_connection((ask('api.test'), ${port}), 5); s.settimeout(12)
def talk():
    for part in ${JSON.stringify(parts)}:
        if part == 'WAIT': time.sleep(0.4); continue
        s.sendall(part.encode('latin1'))
    s.shutdown(socket.SHUT_WR)
    while s.recv(4096): pass
attempt(talk)`,
  );
}

const reasons = (): readonly (string | undefined)[] =>
  events.flatMap((event) => (event.kind === 'connect' && event.verdict === 'denied' ? [event.reason] : []));

describe('a port that was named, with a server that reads loosely', () => {
  test.each([
    ['a proxy, with tabs', ['CONNECT\tother.test:443\tHTTP/1.1\r\n\r\n']],
    ['a proxy, with carriage returns', ['CONNECT\rother.test:443\rHTTP/1.1\r\n\r\n']],
    ['a proxy, with form feeds', ['CONNECT\fother.test:443\fHTTP/1.1\n\n']],
    ['a proxy, without a version', ['CONNECT other.test:443\r\n\r\n']],
    ['a proxy, in the old version', ['GET http://other.test/stolen\r\n']],
    ['a proxy, after blanks', ['  \t CONNECT other.test:443 HTTP/1.1\r\n\r\n']],
    ['a proxy, by SOCKS 5', ['\x05\x01\x00', 'WAIT', '\x05\x01\x00\x03\x0aother.test\x01\xbb']],
    ['a proxy, by SOCKS 5 byte by byte', ['\x05', 'WAIT', '\x01', 'WAIT', '\x00', 'other.test']],
    ['a proxy, by SOCKS 4', ['\x04\x01\x01\xbb\x00\x00\x00\x01me\x00other.test\x00']],
    [
      'another client, by the PROXY protocol',
      ['PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\nGET / HTTP/1.1\r\nHost: other.test\r\n\r\n'],
    ],
    [
      'another client, by its second version',
      ['\r\n\r\n\0\r\nQUIT\n\x20\x00\x00\x00GET / HTTP/1.1\r\nHost: other.test\r\n\r\n'],
    ],
    ['another host, with tabs', ['GET\t/\tHTTP/1.1\r\nHost: other.test\r\n\r\n']],
    ['another host, with unit separators', ['GET\x1f/\x1fHTTP/1.1\r\nHost: other.test\r\n\r\n']],
    [
      'another host, with blanks that are none in ASCII',
      ['GET\xa0/\x85HTTP/1.1\r\nHost: other.test\r\n\r\n'],
    ],
    ['another host, after a vertical tab', ['\vGET / HTTP/1.1\r\nHost: other.test\r\n\r\n']],
    ['another host, with a NUL in its path', ['GET /\0 HTTP/1.1\r\nHost: other.test\r\n\r\n']],
    ['another host, with a bell in its path', ['GET /\x07 HTTP/1.1\r\nHost: other.test\r\n\r\n']],
    ['another host, later', ['WAIT', 'GET\t/\tHTTP/1.1\r\nHost: other.test\r\n\r\n']],
    [
      'another host in TLS, behind a warning',
      ['\x15\x03\x01\x00\x02\x01\x5a', 'WAIT', '\x16\x03\x01 other.test'],
    ],
    [
      'another host in TLS, behind a change of ciphers',
      ['\x14\x03\x03\x00\x01\x01', '\x16\x03\x01 other.test'],
    ],
    [
      'another host, by a header with an underscore',
      [
        'POST / HTTP/1.1\r\nHost: api.test\r\nTransfer_Encoding: chunked\r\n\r\n',
        'WAIT',
        'GET / HTTP/1.1\r\nHost: other.test\r\n\r\n',
      ],
    ],
    [
      'another host, by leaving out whose it is on the way',
      ['GET /other HTTP/1.1\r\nHost: api.test\r\nConnection: x, \tHOST\r\nConnection: close\r\n\r\n'],
    ],
    ['another port of the host', ['GET / HTTP/1.1\r\nHost: api.test:1\r\nX: other.test\r\n\r\n']],
    [
      'another port of the host, as a proxy is asked',
      [`GET http://api.test:1/other.test HTTP/1.1\r\nHost: api.test:1\r\n\r\n`],
    ],
    [
      'another host, in a body that a GET is not known to have',
      [
        'GET / HTTP/1.1\r\nHost: api.test\r\nContent-Length: 44\r\n\r\nGET / HTTP/1.1\r\nHost: other.test\r\nA: bcd\r\n\r\n',
      ],
    ],
  ])('is not asked for %s', async (_what, parts) => {
    await send(...parts);
    expect(received).not.toContain('other');
    expect(received).not.toMatch(/CONNECT|SOCKS|\x05\x01/);
    await expect.poll(reasons, { timeout: 15_000 }).toHaveLength(1);
  });

  test.each([
    ['memcached', ['get http://x/y\r\n', 'WAIT', 'delete a\r\n']],
    ['redis', ['*2\r\n$3\r\nGET\r\n$1\r\na\r\n']],
    ['redis in one line', ['GET key\r\n']],
    ['postgres', ['\x00\x00\x00\x08\x04\xd2\x16\x2f', 'WAIT', '\x00\x00\x00\x04']],
    ['mysql', ['\x05\x00\x00\x01\x85', 'WAIT', 'x']],
    ['the git protocol', ['003egit-upload-pack /project.git\0host=other.test\0', 'WAIT', 'more']],
    ['a text protocol with blanks', ['USER\tme\r\n', 'WAIT', ' NICK me\r\n']],
    ['a request for its own port', [`GET / HTTP/1.1\r\nHost: api.test:PORT\r\n\r\n`]],
    ['a post with a body', ['POST / HTTP/1.1\r\nHost: api.test\r\nContent-Length: 2\r\n\r\nab']],
  ])('still hears %s', async (_what, parts) => {
    const all = parts.map((part) => part.replace('PORT', String(port)));
    await send(...all);
    expect(received).toBe(all.filter((part) => part !== 'WAIT').join(''));
    expect(reasons()).toEqual([]);
  });
});

test('first words that pass as another protocol hold no line that a server could take for a request', () => {
  for (let byte = 0; byte < 256; byte += 1) {
    const blank = String.fromCharCode(byte);
    for (const text of [
      `GET${blank}/${blank}HTTP/1.1\r\n`,
      `${blank}GET / HTTP/1.1\r\n`,
      `GET /${blank} HTTP/1.1\r\n`,
    ]) {
      // As Python does it, which reads most loosely of all that were looked at.
      const [line = ''] = text.replace(/^\n/, '').split('\n');
      const words = line.split(/[\t\v\f\r\x1c-\x20\x85\xa0]+/).filter((word) => word !== '');
      const isRequest = words[0] === 'GET' && words.length === 3 && words[2]?.startsWith('HTTP/') === true;
      const heard = new FirstWords().take(Buffer.from(`${text}Host: other.test\r\n\r\n`, 'latin1'));
      if (isRequest) expect([byte, heard?.protocol]).not.toEqual([byte, 'tcp']);
    }
  }
});
