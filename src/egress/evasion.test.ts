import { createServer, type Server } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Gateway, GatewayEvent } from './contract.ts';
import { inside, openGateway } from './gateway.fixture.ts';

let upstream: Server;
let port = 0;
let gateway: Gateway;
let events: GatewayEvent[] = [];
let received = '';

beforeEach(async () => {
  events = [];
  received = '';
  // Answers whatever comes, as a server would that takes more than it should.
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
  gateway = await openGateway([`api.test:${port}`, `other.test:${port}`], (event) => events.push(event));
});
afterEach(async () => {
  await gateway.close();
  upstream.close();
});

/** Sends the parts one after the other, with a wait between them, and gives what came back. */
function send(...parts: readonly string[]): Promise<string> {
  return inside(
    gateway,
    `
import time
s = socket.create_connection((ask('api.test'), ${port}), 5); s.settimeout(12)
def talk():
    for part in ${JSON.stringify(parts)}:
        if part == 'WAIT': time.sleep(0.4); continue
        s.sendall(part.encode('latin1'))
    s.shutdown(socket.SHUT_WR)
    out = b''
    while True:
        part = s.recv(4096)
        if not part: return out
        out += part
print(attempt(talk))`,
  );
}

function denials(): readonly (string | undefined)[] {
  return events.flatMap((event) =>
    event.kind === 'connect' && event.verdict === 'denied' ? [event.reason] : [],
  );
}

const GOOD = 'GET /good HTTP/1.1\r\nHost: api.test\r\n\r\n';
const OTHER = 'GET /other HTTP/1.1\r\nHost: other.test\r\n\r\n';
/** A ClientHello that names other.test, and nothing else of use. */
const HELLO = (() => {
  const name = Buffer.from('other.test');
  const list = Buffer.concat([Buffer.from([0, name.length + 3, 0, 0, name.length]), name]);
  const extension = Buffer.concat([Buffer.from([0, 0, 0, list.length]), list]);
  const body = Buffer.concat([
    Buffer.from([3, 3]),
    Buffer.alloc(32),
    Buffer.from([0, 0, 2, 0x13, 0x01, 1, 0, 0, extension.length]),
    extension,
  ]);
  const handshake = Buffer.concat([Buffer.from([1, 0, 0, body.length]), body]);
  return Buffer.concat([Buffer.from([22, 3, 1, 0, handshake.length]), handshake]).toString('latin1');
})();

describe('a request for another name', () => {
  test.each([
    ['after an empty line', [`\r\n${OTHER}`]],
    ['in lower case', [OTHER.toLowerCase()]],
    ['with a method that is none', [OTHER.replace('GET', 'X-GET')]],
    ['with line feeds alone', [OTHER.replaceAll('\r', '')]],
    ['by a client that waits before it speaks', ['WAIT', OTHER]],
    ['by a client that waits in the middle', [OTHER.slice(0, 20), 'WAIT', OTHER.slice(20)]],
    ['by a client that waits in the method', [OTHER.slice(0, 2), 'WAIT', OTHER.slice(2)]],
    ['behind a head that is too long', [OTHER.replace('\r\n\r\n', `\r\nX: ${'x'.repeat(40_000)}\r\n\r\n`)]],
    ['in a body that a strict server does not see', [chunkedWith('\n'), OTHER]],
    ['behind a chunk that ends in something else', [chunkedWith('\r\n', 'xx'), OTHER]],
    ['after a good one', [GOOD, OTHER]],
    ['after a good one, with line feeds alone', [GOOD, OTHER.replaceAll('\r', '')]],
    ['after a good one, in pieces', [GOOD, 'WAIT', OTHER.slice(0, 30), 'WAIT', OTHER.slice(30)]],
    ['after chunks in the old version, which knows none', [chunkedWith('\r\n').replace('1.1', '1.0'), OTHER]],
    ['in TLS', [HELLO]],
    ['in TLS, by a client that waits before it speaks', ['WAIT', HELLO]],
    ['in TLS, by a client that waits in the middle', [HELLO.slice(0, 9), 'WAIT', HELLO.slice(9)]],
  ])('%s never reaches the far side, also on a port that was named', async (_how, parts) => {
    await send(...parts);
    expect(received.toLowerCase()).not.toContain('other');
    await expect.poll(denials, { timeout: 10_000 }).toHaveLength(1);
  });

  test('that never ends reaches nobody', async () => {
    await send(GOOD, 'WAIT', OTHER.slice(0, -2));
    expect(received).toBe(GOOD);
  });

  function chunkedWith(end: string, after = '\r\n'): string {
    return `POST /good HTTP/1.1\r\nHost: api.test\r\nTransfer-Encoding: chunked\r\n\r\n2${end}ab${after}0\r\n\r\n`;
  }
});

describe('what is no request', () => {
  test.each([
    ['SSH', ['SSH-2.0-OpenSSH_9.2\r\n', 'WAIT', 'more']],
    ['the git protocol', ['003egit-upload-pack /project.git\0host=other.test\0', 'WAIT', 'more']],
    ['a text protocol', ['NICK me\r\nUSER me\r\n', 'WAIT', 'more']],
    ['a client that waits for the server', ['WAIT', 'HELO me\r\n', 'WAIT', 'more']],
    ['bytes', ['\x00\x01\x02\xff', 'WAIT', 'more']],
  ])('passes on a port that was named: %s', async (_what, parts) => {
    await send(...parts);
    expect(received).toBe(parts.filter((part) => part !== 'WAIT').join(''));
    expect(denials()).toEqual([]);
  });

  test('good requests pass on a connection that is kept, whole and in pieces', async () => {
    const chunked = `POST /c HTTP/1.1\r\nHost: API.test:${port}\r\nTransfer-Encoding: chunked\r\n\r\n2;x=y\r\nab\r\n0\r\nT: v\r\n\r\n`;
    const parts = [GOOD, 'WAIT', chunked.slice(0, 70), 'WAIT', chunked.slice(70), `${GOOD}${GOOD}`];
    await send(...parts);
    expect(received).toBe(parts.filter((part) => part !== 'WAIT').join(''));
    expect(denials()).toEqual([]);
  });
});
