import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer, type Server } from 'node:tls';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { AllowEntry } from '../../config/index.ts';
import type { Gateway, GatewayEvent } from '../contract.ts';
import { openGateway } from '../gateway.fixture.ts';
import { type Authority, certificateFor, makeAuthority } from './authority.ts';

let folder = '';
let upstream: Server;
let port = 0;
let gateway: Gateway | undefined;
let events: GatewayEvent[] = [];
let died = false;
/** What arrived at the far side. */
let received = '';
/** What the far side says when it has heard the end of a head; undefined is nothing, ever. */
let says: Buffer | undefined;
let world: Authority;
let own: Authority;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'hostile-ends-'));
  events = [];
  died = false;
  received = '';
  says = undefined;
  world = makeAuthority(['api.test']);
  own = makeAuthority(['api.test']);
  writeFileSync(join(folder, 'own.pem'), own.certificate);
  const { certificate, key } = certificateFor(world, 'api.test');
  upstream = createServer({ cert: certificate, key }, (socket) => {
    socket.on('error', () => undefined);
    socket.on('data', (bytes: Buffer) => {
      received += bytes.toString('latin1');
      if (says !== undefined && bytes.includes('\r\n\r\n')) socket.end(says);
    });
  });
  await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve));
  const address = upstream.address();
  port = typeof address === 'object' && address !== null ? address.port : 0;
});
afterEach(async () => {
  await gateway?.close();
  gateway = undefined;
  upstream.close();
  rmSync(folder, { recursive: true, force: true });
});

async function open(rule: Omit<Exclude<AllowEntry, string>, 'to'>): Promise<Gateway> {
  const inspection = { authority: own, trusted: world.certificate };
  const entries = [{ to: `api.test:${port}`, ...rule }];
  const opened = await openGateway(entries, (event) => void events.push(event), ['127.0.0.0/8'], inspection);
  void opened.died.then(() => {
    died = true;
    return undefined;
  });
  gateway = opened;
  return opened;
}

/** Runs a program in the gateway's namespace, where names are answered by the gateway. */
function run(program: string, args: readonly string[]): Promise<string> {
  writeFileSync(join(folder, 'resolv.conf'), 'nameserver 127.0.0.1\n');
  const inside = `mount --bind ${join(folder, 'resolv.conf')} /etc/resolv.conf && exec "$@"`;
  const path = gateway?.namespacePath ?? '';
  return new Promise((resolve) => {
    const child = spawn('unshare', [
      '--mount',
      'nsenter',
      `--net=${path}`,
      'sh',
      '-c',
      inside,
      'sh',
      program,
      ...args,
    ]);
    let out = '';
    const take = (chunk: Buffer): void => {
      out += chunk.toString('latin1');
    };
    child.stdout.on('data', take);
    child.stderr.on('data', take);
    child.on('close', () => resolve(out));
  });
}

const curl = (...more: readonly string[]): Promise<string> =>
  run('curl', [
    '-sS',
    '-i',
    '--max-time',
    '20',
    '--cacert',
    join(folder, 'own.pem'),
    ...more,
    `https://api.test:${port}/a`,
  ]);

/** Kilobytes that the gateway holds in memory. */
function memoryKiB(): number {
  const pid = gateway?.namespacePath.split('/')[2] ?? '';
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1]);
}

describe('a server that is allowed and hostile', () => {
  const ANSWERS: readonly (readonly [string, string])[] = [
    ['a status above all', 'HTTP/1.1 999 No\r\nContent-Length: 2\r\n\r\nok'],
    ['a status of nought', 'HTTP/1.1 000 No\r\nContent-Length: 2\r\n\r\nok'],
    ['a status below all', 'HTTP/1.1 099 No\r\nContent-Length: 2\r\n\r\nok'],
    ['information without end', `${'HTTP/1.1 103 Early\r\nA: b\r\n\r\n'.repeat(5_000)}`],
    [
      'a change of protocol that nobody asked for',
      'HTTP/1.1 101 Go\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\nfree',
    ],
    [
      'a status that nobody asked for',
      'HTTP/1.1 199 Hm\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok',
    ],
    ['a header that ends lines', 'HTTP/1.1 200 OK\r\nA: b\rSet-Cookie: c\r\nContent-Length: 2\r\n\r\nok'],
    ['a header of bytes', 'HTTP/1.1 200 \xff\r\nA: \xff\x80\r\nContent-Length: 2\r\n\r\nok'],
    ['a header that is a pseudo-header', 'HTTP/1.1 200 OK\r\n:status: 404\r\nContent-Length: 2\r\n\r\nok'],
    ['a header of HTTP/2', 'HTTP/1.1 200 OK\r\nHTTP2-Settings: AA\r\nTE: x\r\nContent-Length: 2\r\n\r\nok'],
    [
      'headers said twice',
      'HTTP/1.1 200 OK\r\nContent-Type: a\r\nContent-Type: b\r\nLocation: a\r\nLocation: b\r\nContent-Length: 2\r\n\r\nok',
    ],
    ['a body where none is', 'HTTP/1.1 204 No\r\nContent-Length: 2\r\n\r\nok'],
    [
      'a body with a status that has none',
      'HTTP/1.1 304 No\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n',
    ],
    ['a head that is too large', `HTTP/1.1 200 OK\r\nA: ${'x'.repeat(200_000)}\r\n\r\n`],
    ['many heads', `HTTP/1.1 200 OK\r\n${'A: b\r\n'.repeat(3_000)}\r\n`],
    [
      'trailers',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: A\r\n\r\n2\r\nok\r\n0\r\nA: b\r\n:c: d\r\n\r\n',
    ],
    ['a length that is none', 'HTTP/1.1 200 OK\r\nContent-Length: 5, 6\r\n\r\nok'],
    ['less than it says', 'HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\nok'],
    ['more than it says', 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nokokokok'],
    ['nothing that is HTTP', '\0\0\0\x12\x04 what'],
  ];

  test.each(ANSWERS)('answers with %s, and its gateway lives', async (_what, answer) => {
    says = Buffer.from(answer, 'latin1');
    await open({ methods: ['GET'] });
    await curl('--http2');
    await curl('--http1.1');
    await curl('--http1.1', '--head');
    says = Buffer.from('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngood');
    expect(await curl()).toContain('good');
    expect(died).toBe(false);
    expect(events.filter(({ kind }) => kind === 'gap')).toEqual([]);
  });
});

describe('a client of an inspected host', () => {
  const python = (protocol: string, code: string): Promise<string> =>
    run('python3', [
      '-c',
      `import socket, ssl, struct, time
c = ssl.create_default_context(cafile='${join(folder, 'own.pem')}')
c.set_alpn_protocols(['${protocol}'])
def open():
    s = c.wrap_socket(socket.create_connection(('api.test', ${port}), 5), server_hostname='api.test')
    s.settimeout(4); return s
def frame(kind, flags, stream, body=b''): return struct.pack('>I', len(body))[1:] + bytes([kind, flags]) + struct.pack('>I', stream) + body
BEGIN = b'PRI * HTTP/2.0\\r\\n\\r\\nSM\\r\\n\\r\\n' + frame(4, 0, 0)
def text(t): return bytes([len(t)]) + t
HEAD = b'\\x82\\x84\\x87' + b'\\x01' + text(b'api.test:${port}')
${code}`,
    ]);
  const asked = (): number => events.filter(({ kind }) => kind === 'request').length;

  test('that asks without end and hears no answer is held back: its gateway stays small', async () => {
    await open({ methods: ['GET'] });
    const before = memoryKiB();
    const out = await python(
      'http/1.1',
      `
s = open(); sent = 0
one = b'GET /' + b'x' * 900 + b' HTTP/1.1\\r\\nHost: api.test:${port}\\r\\n\\r\\n'
try:
  while sent < 200000000: s.sendall(one * 100); sent += 100 * len(one)
except OSError: pass
print(sent < 200000000)`,
    );
    expect(out).toBe('True\n');
    expect(memoryKiB() - before).toBeLessThan(150_000);
    expect(asked()).toBeLessThanOrEqual(101);
    expect(events).toContainEqual(expect.objectContaining({ kind: 'request', reason: 'limit' }));
    expect(died).toBe(false);
  });

  test('that takes back each request at once makes the gateway ask for few, and hold little', async () => {
    await open({ methods: ['GET'] });
    const before = memoryKiB();
    await python(
      'h2',
      `
for _ in range(10):
  s = open(); s.sendall(BEGIN)
  try:
    for n in range(200): s.sendall(b''.join(frame(1, 5, 1 + 2 * (n * 100 + m), HEAD) + frame(3, 0, 1 + 2 * (n * 100 + m), b'\\0\\0\\0\\x08') for m in range(100)))
  except OSError: pass
  s.close()`,
    );
    expect(memoryKiB() - before).toBeLessThan(150_000);
    expect(asked()).toBeLessThan(20_000);
    expect(died).toBe(false);
  });

  test.each([
    [
      'heads that never end',
      `frame(1, 1, 1, HEAD) + b''.join(frame(9, 0, 1, b'\\x40' + text(b'x' * 100) + text(b'y' * 100)) for _ in range(200000))`,
    ],
    ['settings without end', `frame(4, 0, 0) * 2000000`],
    ['pings without end', `frame(6, 0, 0, b'12345678') * 2000000`],
    ['empty data without end', `frame(1, 4, 1, HEAD) + frame(0, 0, 1) * 2000000`],
    ['priorities without end', `frame(2, 0, 1, b'\\0\\0\\0\\0\\x10') * 2000000`],
    ['streams that are never answered', `b''.join(frame(1, 4, 1 + 2 * n, HEAD) for n in range(200000))`],
  ])('that says %s in HTTP/2 fills no memory', async (_what, bytes) => {
    await open({ methods: ['GET'] });
    const before = memoryKiB();
    const out = await python(
      'h2',
      `
s = open(); s.sendall(BEGIN)
try:
  s.sendall(${bytes}); s.recv(9)
  while s.recv(65536): pass
except OSError: pass
print('done')`,
    );
    expect(out).toBe('done\n');
    expect(memoryKiB() - before).toBeLessThan(150_000);
    expect(died).toBe(false);
  });

  test('that asks for a WebSocket and reads nothing of another answer has it wait at the server', async () => {
    says = Buffer.concat([Buffer.from('HTTP/1.1 200 OK\r\n\r\n'), Buffer.alloc(300_000_000)]);
    await open({ websocket: true, methods: ['GET'] });
    const before = memoryKiB();
    await python(
      'http/1.1',
      `
s = open()
s.sendall(b'GET /a HTTP/1.1\\r\\nHost: api.test:${port}\\r\\nConnection: Upgrade\\r\\nUpgrade: websocket\\r\\nSec-WebSocket-Version: 13\\r\\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\\r\\n\\r\\n')
time.sleep(3)`,
    );
    expect(memoryKiB() - before).toBeLessThan(150_000);
    expect(died).toBe(false);
  });

  test('that reads nothing of an answer has it wait at the server', async () => {
    says = Buffer.concat([
      Buffer.from('HTTP/1.1 200 OK\r\nContent-Length: 300000000\r\n\r\n'),
      Buffer.alloc(300_000_000),
    ]);
    await open({ methods: ['GET'] });
    const before = memoryKiB();
    await python(
      'http/1.1',
      `
s = open()
s.sendall(b'GET /a HTTP/1.1\\r\\nHost: api.test:${port}\\r\\n\\r\\n')
time.sleep(3)`,
    );
    expect(memoryKiB() - before).toBeLessThan(100_000);
    expect(died).toBe(false);
  });

  test('cannot carry out more in heads than its entry lets it upload', async () => {
    says = Buffer.from('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
    await open({ methods: ['GET'], uploadBytes: 50_000 });
    for (const version of ['--http1.1', '--http2'])
      for (let at = 0; at < 6; at += 1) await curl(version, '-H', `Stolen: ${'x'.repeat(10_000)}`);
    expect(received.length).toBeLessThan(60_000);
    expect(received).toContain('x'.repeat(10_000));
    expect(events).toContainEqual(expect.objectContaining({ kind: 'request', reason: 'budget' }));
  });

  test('is the last on its connection with a body, which a server could take for the next request', async () => {
    says = undefined;
    await open({ methods: ['GET', 'POST'] });
    const asking = curl('--http1.1', '--max-time', '2', '-X', 'GET', '--data', 'GET /other HTTP/1.1');
    await asking;
    expect(received.toLowerCase()).toContain('connection: close');
  });
});
