import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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
/** What arrived at the far side, whatever the gateway says of it. */
let arrived: string[] = [];
let arrivedBytes = 0;
/** Who vouches for the far side's server, in the world outside. */
let world: Authority;
let own: Authority;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'inspect-'));
  events = [];
  arrived = [];
  arrivedBytes = 0;
  world = makeAuthority(['api.test', 'other.test']);
  own = makeAuthority(['api.test']);
  writeFileSync(join(folder, 'own.pem'), own.certificate);
  writeFileSync(join(folder, 'world.pem'), world.certificate);
  await serveAs('api.test');
});
afterEach(async () => {
  await gateway?.close();
  gateway = undefined;
  upstream.closeAllConnections();
  upstream.close();
  rmSync(folder, { recursive: true, force: true });
});

async function serveAs(host: string): Promise<void> {
  const { certificate, key } = certificateFor(world, host);
  upstream = createServer({ cert: certificate, key }, (request, response) => {
    arrived.push(`${request.method} ${request.url} ${request.headers.host}`);
    request.on('data', (chunk: Buffer) => {
      arrivedBytes += chunk.length;
    });
    request.on('error', () => undefined);
    request.on('end', () =>
      response.end(request.url === '/large' ? 'x'.repeat(300_000) : `hello ${request.url}`),
    );
  });
  await new Promise<void>((resolve) => upstream.listen(port, '127.0.0.1', resolve));
  const address = upstream.address();
  port = typeof address === 'object' && address !== null ? address.port : 0;
}

async function open(...rules: readonly Omit<Exclude<AllowEntry, string>, 'to'>[]): Promise<Gateway> {
  const entries = rules.map((rule) => ({ to: `api.test:${port}`, ...rule }));
  const inspection = { authority: own, trusted: world.certificate };
  gateway = await openGateway(entries, (event) => void events.push(event), ['127.0.0.0/8'], inspection);
  return gateway;
}

/** Runs a program in the gateway's namespace, where names are answered by the gateway. */
function run(program: string, args: readonly string[]): Promise<string> {
  const path = gateway?.namespacePath ?? '';
  // In a mount namespace of its own, with the resolver that a sandbox has.
  writeFileSync(join(folder, 'resolv.conf'), 'nameserver 127.0.0.1\n');
  const inside = `mount --bind ${join(folder, 'resolv.conf')} /etc/resolv.conf && exec "$@"`;
  return new Promise((resolve) => {
    const child = spawn(
      'unshare',
      ['--mount', 'nsenter', `--net=${path}`, 'sh', '-c', inside, 'sh', program, ...args],
      {
        env: { PATH: process.env['PATH'] ?? '' },
      },
    );
    let out = '';
    const take = (chunk: Buffer): void => {
      out += chunk.toString('utf8');
    };
    child.stdout.on('data', take);
    child.stderr.on('data', take);
    child.on('close', () => resolve(out));
  });
}

const curl = (path: string, ...more: readonly string[]): Promise<string> =>
  run('curl', [
    '-sS',
    '--path-as-is',
    '--max-time',
    '20',
    '--cacert',
    join(folder, 'own.pem'),
    ...more,
    `https://api.test:${port}${path}`,
  ]);

/** Several requests of one HTTP/2 connection; `{}` are its headers. */
const http2 = (requests: readonly Readonly<Record<string, string>>[]): Promise<string> =>
  run(process.execPath, [
    '-e',
    `const s = require('node:http2').connect('https://api.test:${port}', { ca: require('node:fs').readFileSync('${join(folder, 'own.pem')}') });
     s.on('error', (e) => console.log('session', e.code));
     (async () => {
       for (const headers of ${JSON.stringify(requests)}) await new Promise((done) => {
         const r = s.request(headers, { endStream: true }); let body = ''; let status = 'none';
         r.on('response', (h) => { status = h[':status']; });
         r.on('data', (d) => { body += d; });
         r.on('error', (e) => { status = e.code; });
         r.on('close', () => { console.log(status, body.split('\\n')[0]); done(); });
       });
       s.close();
     })();`,
  ]);

function requests(): readonly string[] {
  return events.flatMap((event) =>
    event.kind === 'request'
      ? [`${event.version} ${event.method} ${event.path} ${event.reason ?? event.verdict}`]
      : [],
  );
}
const denials = (): readonly string[] =>
  events.flatMap((event) => (event.kind === 'connect' && event.reason !== undefined ? [event.reason] : []));

describe('a destination that is inspected', () => {
  test('gets the requests that are allowed, and no other, each of them told', async () => {
    await open({ methods: ['GET'], paths: ['/v1/**'] });
    expect(await curl('/v1/a?token=x')).toBe('hello /v1/a?token=x');
    expect(await curl('/v1/a', '--data', 'stolen')).toContain('Denied by Cofferdam: api.test');
    expect(await curl('/v2')).toContain('request-not-allowed');
    expect(await curl('/v1/../v2')).toContain('path-not-clear');
    expect(await curl('/v1/%2e%2e/v2')).toContain('path-not-clear');
    expect(arrived).toEqual([`GET /v1/a?token=x api.test:${port}`]);
    expect(requests()).toEqual([
      '2 GET /v1/a allowed',
      '2 POST /v1/a request-not-allowed',
      '2 GET /v2 request-not-allowed',
      '2 GET /v1/../v2 path-not-clear',
      '2 GET /v1/%2e%2e/v2 path-not-clear',
    ]);
    await expect
      .poll(() => events.filter(({ kind }) => kind === 'closed').length, { timeout: 10_000 })
      .toBe(5);
  });

  test('is inspected in HTTP/1.1 too, where a denial does not spoil the connection for others', async () => {
    await open({ methods: ['GET'] });
    expect(await curl('/a', '--http1.1')).toBe('hello /a');
    expect(await curl('/a', '--http1.1', '-X', 'DELETE')).toContain('request-not-allowed');
    expect(requests()).toEqual(['1.1 GET /a allowed', '1.1 DELETE /a request-not-allowed']);
  });

  test('is asked for nothing that a header names in place of the method or the path', async () => {
    await open({ methods: ['GET', 'POST'], paths: ['/v1/**'] });
    for (const version of ['--http1.1', '--http2'])
      for (const header of ['X-HTTP-Method-Override: DELETE', 'X_HTTP_Method: PUT', 'X-Original-URL: /v2'])
        expect(await curl('/v1/a', version, '-H', header)).toContain('request-not-allowed');
    expect(await curl('/v1/a', '-H', 'X-HTTP-Method-Override: POST')).toBe('hello /v1/a');
    expect(arrived).toHaveLength(1);
  });

  test('is named by every place of a request that can name a host', async () => {
    await open({ methods: ['GET'] });
    expect(await curl('/a', '-H', 'Host: other.test')).toContain('name-mismatch');
    expect(await curl('/a', '--http1.1', '-H', 'Host: other.test')).toContain('name-mismatch');
    expect(await curl('/a', '--http1.1', '-H', `Host: api.test:${port + 1}`)).toContain('name-mismatch');
    const out = await http2([
      { ':path': '/1' },
      { ':path': '/2', ':authority': 'other.test' },
      { ':path': '/3', host: 'other.test' },
      { ':path': '/4', ':method': 'PATCH' },
      { ':path': '/5' },
    ]);
    expect(out.match(/^\d+|^none|^ERR\w*/gm)?.filter((status) => status === '200')).toHaveLength(2);
    expect(arrived).toEqual([`GET /1 api.test:${port}`, `GET /5 api.test:${port}`]);
  });

  test('is spoken to only when its server is who it must be: its certificate fails closed', async () => {
    upstream.close();
    await serveAs('other.test');
    await open({ methods: ['GET'] });
    expect(await curl('/a')).toContain('server-not-trusted');
    expect(arrived).toEqual([]);
    expect(requests()).toContain('2 GET /a server-not-trusted');
  });

  test('cannot be had by a client that trusts nobody but its own authorities, and the record says why', async () => {
    await open({ methods: ['GET'] });
    const out = await run('curl', [
      '-sS',
      '--cacert',
      join(folder, 'world.pem'),
      `https://api.test:${port}/a`,
    ]);
    expect(out).toContain('certificate');
    expect(arrived).toEqual([]);
    await expect.poll(denials, { timeout: 10_000 }).toEqual(['authority-not-trusted']);
  });

  test('gets no change of protocol, and nothing that can be read in two ways', async () => {
    await open({ methods: ['GET', 'POST'] });
    await curl('/a', '--http1.1', '-H', 'Connection: Upgrade', '-H', 'Upgrade: websocket');
    await curl('/a', '--http1.1', '-X', 'CONNECT');
    const raw = `import socket, ssl
c = ssl.create_default_context(cafile='${join(folder, 'own.pem')}')
for head in ['GET /1 HTTP/1.1\\r\\nHost: api.test:${port}\\r\\nContent-Length: 4\\r\\nTransfer-Encoding: chunked\\r\\n\\r\\n0\\r\\n\\r\\nGET /smuggled HTTP/1.1\\r\\nHost: api.test:${port}\\r\\n\\r\\n',
             'GET /2 HTTP/1.1\\r\\nHost: api.test:${port}\\r\\nHost: other.test\\r\\n\\r\\n',
             'GET /3 HTTP/1.1\\r\\n\\r\\n', 'GET https://other.test/4 HTTP/1.1\\r\\nHost: api.test:${port}\\r\\n\\r\\n',
             'GET /5 HTTP/1.1\\nHost: api.test:${port}\\n\\n', 'not http at all\\r\\n\\r\\n']:
  try:
    with c.wrap_socket(socket.create_connection(('api.test', ${port}), 5), server_hostname='api.test') as s:
      s.settimeout(5); s.sendall(head.encode()); print(s.recv(300)[:40])
  except OSError as e: print(type(e).__name__)`;
    await run('python3', ['-c', raw]);
    expect(arrived).toEqual([]);
    expect(denials().filter((reason) => reason === 'malformed').length).toBeGreaterThanOrEqual(2);
  });

  test('gets nothing that is no request, and the record says that it was tried', async () => {
    await open({ methods: ['GET'] });
    const raw = (protocol: string) => `import socket, ssl
c = ssl.create_default_context(cafile='${join(folder, 'own.pem')}')
c.set_alpn_protocols(['${protocol}'])
with c.wrap_socket(socket.create_connection(('api.test', ${port}), 5), server_hostname='api.test') as s:
  s.settimeout(5); s.sendall(b'\\0a secret' * 20)
  try: s.recv(300)
  except OSError: pass`;
    for (const [index, protocol] of ['http/1.1', 'h2'].entries()) {
      await run('python3', ['-c', raw(protocol)]);
      await expect.poll(denials, { timeout: 10_000 }).toHaveLength(index + 1);
    }
    expect(denials()).toEqual(['malformed', 'malformed']);
    expect(arrivedBytes).toBe(0);
  });

  test('gets no more bytes than its entry allows, and gives none', async () => {
    await open({ methods: ['GET', 'POST'], uploadBytes: 100_000, downloadBytes: 200_000 });
    writeFileSync(join(folder, 'large'), 'x'.repeat(1_000_000));
    await curl('/up', '--data-binary', `@${join(folder, 'large')}`);
    expect(arrivedBytes).toBeLessThanOrEqual(100_000);
    expect((await curl('/large')).length).toBeLessThanOrEqual(210_000);
    expect(requests().filter((one) => one.endsWith('budget'))).toHaveLength(2);
  });

  test('gets one request for each that was read: what a body says stays a body', async () => {
    await open({ methods: ['GET'], paths: ['/v1/**'] });
    const smuggled = `POST /smuggled HTTP/1.1\\r\\nHost: api.test:${port}\\r\\nContent-Length: 0\\r\\n\\r\\n`;
    await run(process.execPath, [
      '-e',
      `const s = require('node:http2').connect('https://api.test:${port}', { ca: require('node:fs').readFileSync('${join(folder, 'own.pem')}') });
       s.on('error', () => undefined);
       (async () => {
         for (const more of [{}, {}, { 'content-length': 2 }, { 'content-length': 500 }]) await new Promise((done) => {
           const r = s.request({ ':path': '/v1/a', ...more }, { endStream: false });
           r.on('error', () => undefined); r.on('close', done); r.resume(); r.end("${smuggled}");
         });
         s.close();
       })();`,
    ]);
    const raw = `import socket, ssl
c = ssl.create_default_context(cafile='${join(folder, 'own.pem')}')
body = "${smuggled}"
for head in ['Transfer-Encoding: chunked\\r\\n\\r\\n%x\\r\\n%s\\r\\n0\\r\\n\\r\\n' % (len(body), body), 'Content-Length: %d\\r\\n\\r\\n%s' % (len(body), body)]:
  with c.wrap_socket(socket.create_connection(('api.test', ${port}), 5), server_hostname='api.test') as s:
    s.settimeout(5); s.sendall(('GET /v1/b HTTP/1.1\\r\\nHost: api.test:${port}\\r\\n' + head).encode()); print(s.recv(300)[:40])`;
    await run('python3', ['-c', raw]);
    expect(arrived.filter((one) => !/^GET \/v1\/[ab] /.test(one))).toEqual([]);
    expect(arrived.filter((one) => one.startsWith('GET /v1/b '))).toHaveLength(2);
    expect(arrived.filter((one) => one.startsWith('GET /v1/a ')).length).toBeGreaterThanOrEqual(2);
  });

  test('carries large bodies whole, both ways', async () => {
    await open({ methods: ['GET', 'POST'] });
    writeFileSync(join(folder, 'large'), 'x'.repeat(5_000_000));
    await curl('/up', '--data-binary', `@${join(folder, 'large')}`);
    await curl('/up', '--http1.1', '--data-binary', `@${join(folder, 'large')}`);
    expect(arrivedBytes).toBe(10_000_000);
    expect(await curl('/large')).toBe('x'.repeat(300_000));
  });
});
