import { spawn, type ChildProcess } from 'node:child_process';
import { createServer as createTlsServer } from 'node:tls';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Gateway, GatewayEvent } from './contract.ts';
import { inside, openGateway } from './gateway.fixture.ts';
import { certificateFor, makeAuthority } from './inspect/authority.ts';
import { SecondHello } from './second-hello.ts';

const u16 = (value: number): Buffer => Buffer.of(value >> 8, value & 255);
const extension = (kind: number, body: Buffer): Buffer => Buffer.concat([u16(kind), u16(body.length), body]);

/** A hello of TLS 1.3 which names a host; without a share its server must ask for another one. */
function hello(name: string, share: boolean, record = 16_384): Buffer {
  const host = Buffer.from(name);
  const extensions = Buffer.concat([
    extension(0, Buffer.concat([u16(host.length + 3), Buffer.of(0), u16(host.length), host])),
    extension(10, Buffer.concat([u16(2), u16(0x1d)])),
    extension(13, Buffer.concat([u16(4), u16(0x403), u16(0x804)])),
    extension(43, Buffer.of(2, 3, 4)),
    extension(51, share ? Buffer.concat([u16(36), u16(0x1d), u16(32), Buffer.alloc(32, 9)]) : u16(0)),
  ]);
  const body = Buffer.concat([
    Buffer.of(3, 3),
    Buffer.alloc(32, 7),
    Buffer.of(32),
    Buffer.alloc(32, 5),
    u16(2),
    u16(0x1301),
    Buffer.of(1, 0),
    u16(extensions.length),
    extensions,
  ]);
  const handshake = Buffer.concat([Buffer.of(1, 0), u16(body.length), body]);
  const records: Buffer[] = [];
  for (let at = 0; at < handshake.length; at += record) {
    const part = handshake.subarray(at, at + record);
    records.push(Buffer.of(22, 3, 1), u16(part.length), part);
  }
  return Buffer.concat(records);
}

const FIRST = hello('api.test', false);
const OTHER = hello('other.test', true);
const CHANGE = Buffer.of(20, 3, 3, 0, 1, 1);
const EARLY = Buffer.concat([Buffer.of(23, 3, 3, 0, 40), Buffer.alloc(40)]);

describe('the hellos of a connection', () => {
  function passed(...pieces: readonly Buffer[]): { readonly bytes: Buffer; readonly denied?: string } {
    const hellos = new SecondHello();
    const out: Buffer[] = [];
    for (const piece of pieces) {
      const { pass, denied } = hellos.take(piece);
      out.push(...pass);
      if (denied !== undefined) return { bytes: Buffer.concat(out), denied };
    }
    return { bytes: Buffer.concat(out) };
  }

  test.each([
    ['at once', [Buffer.concat([FIRST, OTHER])]],
    ['later', [FIRST, OTHER]],
    ['in records of two bytes each, sixteen of them', [FIRST, hello('other.test', true, 20)]],
    ['after a change of ciphers', [FIRST, CHANGE, OTHER]],
    ['after early data', [FIRST, EARLY, EARLY, CHANGE, OTHER]],
    ['byte by byte', Array.from(Buffer.concat([FIRST, EARLY, OTHER]), (byte) => Buffer.of(byte))],
  ])('that name another host %s pass no further than the first', (_how, pieces) => {
    const { bytes, denied } = passed(...pieces);
    expect(denied).toBe('name-mismatch');
    expect(bytes.includes('other.test')).toBe(false);
    expect(bytes.includes('api.test')).toBe(true);
  });

  test('pass when the second names the same host, and what follows is looked at no longer', () => {
    const all = Buffer.concat([FIRST, CHANGE, hello('api.test', true), OTHER]);
    expect(passed(all)).toEqual({ bytes: all });
    expect(passed(...[...all].map((byte) => Buffer.of(byte)))).toEqual({ bytes: all });
  });

  test('are looked for until a server has answered with something else than the wish for another one', () => {
    const answer = (random: Buffer, before = Buffer.alloc(0)): Buffer => {
      const body = Buffer.concat([Buffer.of(2, 0, 0, 100, 3, 3), random, Buffer.alloc(66)]);
      return Buffer.concat([before, Buffer.of(22, 3, 3, 0, body.length), body]);
    };
    const retry = Buffer.from('cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c', 'hex');
    const after = (said: Buffer): boolean => {
      const hellos = new SecondHello();
      hellos.take(FIRST);
      for (const byte of said) hellos.answered(Buffer.of(byte));
      return hellos.done;
    };
    expect(after(answer(Buffer.alloc(32, 1)))).toBe(true);
    expect(after(answer(Buffer.alloc(32, 1), Buffer.of(21, 3, 3, 0, 2, 1, 112)))).toBe(true);
    expect(after(answer(retry))).toBe(false);
    expect(after(answer(retry, Buffer.of(21, 3, 3, 0, 2, 1, 112)))).toBe(false);
    expect(after(Buffer.alloc(9_000, 22))).toBe(false);
  });
});

describe('a real server of TLS', () => {
  let folder = '';
  let server: ChildProcess;
  let port = 0;
  let gateway: Gateway | undefined;
  let events: GatewayEvent[] = [];
  let names = '';

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'second-hello-'));
    const { certificate, key } = certificateFor(makeAuthority(['api.test']), 'api.test');
    writeFileSync(join(folder, 'server.pem'), certificate + key);
    events = [];
    names = '';
    server = spawn('python3', [
      '-uc',
      `import socket, ssl
c = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER); c.load_cert_chain('${join(folder, 'server.pem')}')
c.sni_callback = lambda s, name, _: print('asked for', name)
l = socket.create_server(('127.0.0.1', 0)); print('port', l.getsockname()[1])
while True:
    k, _ = l.accept(); k.settimeout(3)
    try:
        with c.wrap_socket(k, server_side=True) as s: s.sendall(b'hello from the server')
    except OSError as e: print(type(e).__name__)`,
    ]);
    server.stdout?.on('data', (bytes: Buffer) => {
      names += bytes.toString('utf8');
    });
    await expect.poll(() => /port (\d+)/.exec(names)?.[1], { timeout: 10_000 }).toBeDefined();
    port = Number(/port (\d+)/.exec(names)?.[1]);
  });
  afterEach(async () => {
    await gateway?.close();
    gateway = undefined;
    server.kill();
    rmSync(folder, { recursive: true, force: true });
  });

  const ATTACK = (address: string): string => `
import time, ssl
s = socket.create_connection((${address}, ${port}), 5); s.settimeout(4)
def talk():
    s.sendall(bytes.fromhex('${FIRST.toString('hex')}')); print(len(s.recv(9000)) > 50)
    s.sendall(bytes.fromhex('${OTHER.toString('hex')}')); return len(s.recv(9000)) > 500
print(attempt(talk))`;

  test('takes the name of a second hello for the one it was asked for: with no gateway it does', async () => {
    expect(await inside(undefined, ATTACK("'127.0.0.1'"))).toBe('True\nTrue');
    expect(names).toContain('asked for other.test');
  });

  test('is asked for no other name through the gateway, and the record says so', async () => {
    gateway = await openGateway([`api.test:${port}`], (event) => events.push(event));
    const out = await inside(gateway, ATTACK("ask('api.test')"));
    expect(out).toBe('True\nConnectionResetError');
    expect(names).toContain('asked for api.test');
    expect(names).not.toContain('other.test');
    expect(events).toContainEqual(
      expect.objectContaining({ kind: 'connect', verdict: 'denied', reason: 'name-mismatch' }),
    );
  });

  test('may ask an honest client for another hello, and its large answer is whole', async () => {
    const { certificate, key } = certificateFor(makeAuthority(['api.test']), 'api.test');
    const body = Buffer.alloc(9_000_000, 'x');
    const honest = createTlsServer({ cert: certificate, key, ecdhCurve: 'P-384' }, (socket) => {
      socket.on('error', () => undefined);
      socket.end(body);
    });
    await new Promise<void>((resolve) => honest.listen(0, '127.0.0.1', resolve));
    const at = honest.address();
    const other = typeof at === 'object' && at !== null ? at.port : 0;
    gateway = await openGateway([`api.test:${other}`], (event) => events.push(event));
    const out = await inside(
      gateway,
      `
import ssl
c = ssl.create_default_context(); c.check_hostname = False; c.verify_mode = ssl.CERT_NONE
for _ in range(2):
    with c.wrap_socket(socket.create_connection((ask('api.test'), ${other}), 5), server_hostname='api.test') as s:
        n = 0
        while True:
            part = s.recv(65536)
            if not part: break
            n += len(part)
        print(s.version(), n)`,
    );
    honest.close();
    expect(out).toBe('TLSv1.3 9000000\nTLSv1.3 9000000');
    expect(events.filter((event) => event.kind === 'connect' && event.verdict === 'denied')).toEqual([]);
  });
});
