import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { Duplex } from 'node:stream';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { AllowEntry } from '../config/index.ts';
import type { Gateway, GatewayEvent } from './contract.ts';
import { inside, openGateway } from './gateway.fixture.ts';
import { certificateFor, makeAuthority } from './inspect/authority.ts';

const KEY = 'dGhlIHNhbXBsZSBub25jZQ==';
/** What RFC 6455 (section 1.3) has as the answer to that key. */
const ACCEPT = 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=';

let folder = '';
let server: Server;
let port = 0;
let gateway: Gateway | undefined;
let events: GatewayEvent[] = [];
/** What arrived at the far side, whatever the gateway says of it. */
let arrived: string[] = [];
/** How the server answers who asks for a WebSocket: as it must, without doing it, or as one that only says so. */
let answer: 'switch' | 'stay' | 'pretend' = 'switch';

function onUpgrade(request: IncomingMessage, socket: Duplex): void {
  arrived.push(`upgrade ${request.url}`);
  socket.on('error', () => undefined);
  socket.on('end', () => socket.end());
  socket.on('data', (bytes: Buffer) => {
    arrived.push(`data ${bytes.toString('latin1').slice(0, 40)}`);
    socket.write(bytes);
  });
  const key = `${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`;
  const accept =
    answer === 'pretend' ? ACCEPT.replace('s', 'x') : createHash('sha1').update(key).digest('base64');
  socket.write(
    answer === 'stay'
      ? 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nno'
      : `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
  );
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'websocket-'));
  events = [];
  arrived = [];
  answer = 'switch';
});
afterEach(async () => {
  await gateway?.close();
  gateway = undefined;
  server.closeAllConnections();
  server.close();
  rmSync(folder, { recursive: true });
});

async function serve(made: Server): Promise<void> {
  server = made.on('upgrade', onUpgrade);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const at = server.address();
  port = typeof at === 'object' && at !== null ? at.port : 0;
}

const record = (event: GatewayEvent): void => void events.push(event);
const plainAnswer = (request: IncomingMessage, response: { end(text: string): unknown }): void => {
  arrived.push(`${request.method} ${request.url} ${request.headers.host}`);
  response.end('ok');
};

async function plain(...entries: readonly AllowEntry[]): Promise<void> {
  await serve(createServer(plainAnswer));
  gateway = await openGateway(entries.map(placed), record);
}

async function inspected(...entries: readonly AllowEntry[]): Promise<void> {
  const world = makeAuthority(['api.test']);
  const own = makeAuthority(['api.test']);
  writeFileSync(join(folder, 'own.pem'), own.certificate);
  const { certificate, key } = certificateFor(world, 'api.test');
  await serve(createSecureServer({ cert: certificate, key }, plainAnswer) as unknown as Server);
  const inspection = { authority: own, trusted: world.certificate };
  gateway = await openGateway(entries.map(placed), record, ['127.0.0.0/8'], inspection);
}

/** The entry with the port that the server came to have. */
function placed(entry: AllowEntry): AllowEntry {
  return typeof entry === 'string' ? `${entry}:${port}` : { ...entry, to: `${entry.to}:${port}` };
}

function reasons(): readonly string[] {
  return events.flatMap((event) =>
    (event.kind === 'connect' || event.kind === 'request') && event.verdict === 'denied'
      ? [event.reason ?? '']
      : [],
  );
}

/** Runs Python that has `head(path, more)`, `open()` for a connection and `until(s, text)`. */
function client(code: string, tls: boolean): Promise<string> {
  if (gateway === undefined) throw new Error('there is no gateway');
  const wrap = tls
    ? `ctx = ssl.create_default_context(cafile='${join(folder, 'own.pem')}'); ctx.set_alpn_protocols(['http/1.1']); s = ctx.wrap_socket(s, server_hostname='api.test')`
    : 'pass';
  return inside(
    gateway,
    `
import ssl, time
def head(path='/ws', more='Connection: Upgrade\\r\\nUpgrade: websocket\\r\\nSec-WebSocket-Version: 13\\r\\nSec-WebSocket-Key: ${KEY}\\r\\n', method='GET', host='api.test:${port}'):
    return ('%s %s HTTP/1.1\\r\\nHost: %s\\r\\n%s\\r\\n' % (method, path, host, more)).encode()
def open_():
    s = socket.create_connection((ask('api.test'), ${port}), 10); s.settimeout(10)
    ${wrap}
    return s
def until(s, text):
    out = b''
    try:
        while text not in out:
            part = s.recv(65536)
            if not part: return out.decode('latin1') + ' <closed>'
            out += part
    except OSError as e: return out.decode('latin1') + ' <' + type(e).__name__ + '>'
    return out.decode('latin1')
${code}`,
  );
}

const TALK = `
s = open_(); s.sendall(head())
print(until(s, b'\\r\\n\\r\\n').split('\\r\\n')[0])
s.sendall(b'\\x81\\x05hello'); print(until(s, b'hello').endswith('hello'))
s.sendall(head('/other', '', host='evil.test')); print('evil.test' in until(s, b'evil.test'))
`;

describe.each([
  ['plain HTTP', plain, false],
  ['inspected TLS', inspected, true],
] as const)('a WebSocket over %s', (_what, allow, tls) => {
  test('passes where an entry says so, whatever is said on it, and is told', async () => {
    await allow({ to: 'api.test', paths: ['/ws', '/plain'], websocket: true });
    // What is said on it goes to the same server, which was agreed with; it is no request any more.
    expect(await client(TALK, tls)).toBe('HTTP/1.1 101 Switching Protocols\nTrue\nTrue');
    expect(arrived[0]).toBe('upgrade /ws');
    expect(arrived.filter((one) => one.startsWith('GET'))).toEqual([]);
    await expect.poll(() => events.some(({ kind }) => kind === 'closed'), { timeout: 10_000 }).toBe(true);
    const requests = events.filter(({ kind }) => kind === 'request');
    expect(requests).toMatchObject(tls ? [{ path: '/ws', verdict: 'allowed', websocket: true }] : []);
    expect(reasons()).toEqual([]);
  });

  test('is refused where none does, and the refusal is an answer', async () => {
    await allow({ to: 'api.test', paths: ['/**'] });
    const said = await client(`s = open_(); s.sendall(head()); print(until(s, b'never'))`, tls);
    expect(said).toMatch(/403 Forbidden.*protocol-not-allowed/s);
    expect(arrived).toEqual([]);
    expect(reasons()).toEqual(['protocol-not-allowed']);
  });

  test('is held to the methods and paths of its entry', async () => {
    await allow({ to: 'api.test', paths: ['/ws'], websocket: true }, { to: 'api.test', paths: ['/plain'] });
    const said = await client(
      `
for path in ['/plain', '/else', '/ws/../x']:
    s = open_(); s.sendall(head(path)); print(until(s, b'never').split('\\r\\n')[0])
s = open_(); s.sendall(head('/plain', 'Connection: close\\r\\n')); print(until(s, b'never').split('\\r\\n')[0])
`,
      tls,
    );
    expect(said.match(/403/g)).toHaveLength(3);
    expect(said).toContain('200 OK');
    expect(arrived).toEqual([`GET /plain api.test:${port}`]);
  });

  test.each([
    ['stay', 'answers something else'],
    ['pretend', 'only says that it changes'],
  ] as const)(
    'is none with a server that does not (%s: it %s): nothing more is said to it',
    async (how, _how) => {
      answer = how;
      await allow({ to: 'api.test', paths: ['/**'], websocket: true });
      const said = await client(
        `
s = open_(); s.sendall(head()); first = until(s, b'\\r\\n\\r\\n'); print(first.split('\\r\\n')[0])
try:
    for _ in range(3): s.sendall(head('/smuggled', '', host='evil.test')); time.sleep(0.2)
except OSError: pass
print(until(s, b'never')[-40:])
`,
        tls,
      );
      expect(said).not.toContain('smuggled');
      expect(arrived.join('\n')).not.toMatch(/smuggled|evil/);
      expect(reasons().every((reason) => reason === 'protocol-not-allowed')).toBe(true);
    },
  );

  test.each([
    ['another protocol', "head(more='Connection: Upgrade\\r\\nUpgrade: h2c\\r\\n')"],
    [
      'two protocols',
      "head(more='Connection: Upgrade\\r\\nUpgrade: websocket, h2c\\r\\nSec-WebSocket-Version: 13\\r\\nSec-WebSocket-Key: KEY\\r\\n')",
    ],
    [
      'two headers',
      "head(more='Connection: Upgrade\\r\\nUpgrade: h2c\\r\\nUpgrade: websocket\\r\\nSec-WebSocket-Version: 13\\r\\nSec-WebSocket-Key: KEY\\r\\n')",
    ],
    [
      'no key',
      "head(more='Connection: Upgrade\\r\\nUpgrade: websocket\\r\\nSec-WebSocket-Version: 13\\r\\n')",
    ],
    [
      'another version',
      "head(more='Connection: Upgrade\\r\\nUpgrade: websocket\\r\\nSec-WebSocket-Version: 8\\r\\nSec-WebSocket-Key: KEY\\r\\n')",
    ],
    ['another method', "head(method='POST')"],
    [
      'a body',
      "head(more='Connection: Upgrade\\r\\nUpgrade: websocket\\r\\nSec-WebSocket-Version: 13\\r\\nSec-WebSocket-Key: KEY\\r\\nContent-Length: 4\\r\\n') + b'body'",
    ],
    ['a word before the answer', "head() + head('/smuggled', '', host='evil.test')"],
    ['another host', "head(host='evil.test')"],
  ])('is refused with %s', async (_why, request) => {
    await allow({ to: 'api.test', paths: ['/**'], websocket: true });
    const code = `s = open_(); s.sendall(${request.replaceAll('KEY', KEY)}); print(until(s, b'101 '))`;
    expect(await client(code, tls)).not.toContain('101');
    expect(arrived.join('\n')).not.toMatch(/upgrade|smuggled|evil/);
  });

  test('counts to the bytes of its entry, in both directions', async () => {
    await allow({ to: 'api.test', paths: ['/**'], websocket: true, uploadBytes: 20_000 });
    const send = `
s = open_(); s.sendall(head()); until(s, b'\\r\\n\\r\\n'); sent = 0
try:
    for _ in range(50):
        s.sendall(b'x' * 1000); sent += 1000; time.sleep(0.02)
        if s.recv(1000) == b'': break
except OSError: pass
print(sent < 40000)
`;
    expect(await client(send, tls)).toBe('True');
    expect(reasons()).toEqual(['budget']);
    expect(arrived.length).toBeLessThan(30);
  });
});

test('an entry that narrows nothing lets a WebSocket begin too when it says so, beside others of its host', async () => {
  await plain('api.test', { to: 'api.test', websocket: true });
  expect(await client(TALK, false)).toContain('101 Switching');
  const again = `
s = open_(); s.sendall(head('/plain', '')); until(s, b'ok'); s.sendall(head()); print(until(s, b'\\r\\n\\r\\n').split('\\r\\n')[0])
`;
  expect(await client(again, false)).toContain('101 Switching');
});
