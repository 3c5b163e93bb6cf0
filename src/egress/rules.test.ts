import { createServer, type Server } from 'node:http';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { AllowEntry } from '../config/index.ts';
import type { Gateway, GatewayEvent } from './contract.ts';
import { inside, openGateway } from './gateway.fixture.ts';

let upstream: Server;
let port = 0;
let gateway: Gateway | undefined;
let events: GatewayEvent[] = [];
/** What arrived at the far side, whatever the gateway says of it. */
let arrived: string[] = [];
let arrivedBytes = 0;

beforeEach(async () => {
  events = [];
  arrived = [];
  arrivedBytes = 0;
  upstream = createServer((request, response) => {
    arrived.push(`${request.method} ${request.url}`);
    request.on('data', (chunk: Buffer) => {
      arrivedBytes += chunk.length;
    });
    request.on('error', () => undefined);
    request.on('end', () => response.end(request.url === '/large' ? 'x'.repeat(300_000) : 'ok'));
  });
  await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve));
  const address = upstream.address();
  port = typeof address === 'object' && address !== null ? address.port : 0;
});
afterEach(async () => {
  await gateway?.close();
  gateway = undefined;
  upstream.closeAllConnections();
  upstream.close();
});

async function open(...entries: readonly AllowEntry[]): Promise<Gateway> {
  gateway = await openGateway(entries, (event) => void events.push(event));
  return gateway;
}

function denials(): readonly string[] {
  return events.flatMap((event) =>
    event.kind === 'connect' && event.verdict === 'denied' ? [event.reason ?? ''] : [],
  );
}

const head = (line: string, more = ''): string =>
  `${line} HTTP/1.1\\r\\nHost: api.test:${port}\\r\\n${more}\\r\\n`;

const ask = (what: string): string => `print(attempt(lambda: get(ask('api.test'), ${port}, ${what})))`;

describe('a rule of methods and paths', () => {
  test('lets its requests through, and answers another with its reason before anything is dialled', async () => {
    const of = await open({ to: `api.test:${port}`, methods: ['GET', 'HEAD'], paths: ['/v1/**'] });
    const close = 'Connection: close\\r\\n';
    expect(await inside(of, ask(`'${head('GET /v1/a', close)}'`))).toContain('ok');
    expect(await inside(of, ask(`'${head('POST /v1/a', close)}'`))).toMatch(/403 .*request-not-allowed/s);
    expect(await inside(of, ask(`'${head('GET /v2/a', close)}'`))).toMatch(/403 .*request-not-allowed/s);
    expect(await inside(of, ask(`'${head('BREW /v1/a', close)}'`))).toMatch(/403 .*request-not-allowed/s);
    expect(arrived).toEqual(['GET /v1/a']);
    expect(denials()).toEqual(['request-not-allowed', 'request-not-allowed', 'request-not-allowed']);
  });

  test.each([
    '/v1/../v2',
    '/v1/%2e%2e/v2',
    '/v1%2fa',
    '/v1//a',
    '/v1/a;b',
    '/v1/a%00',
    '//v1/a',
    '/v1/.%2e/v2',
    '/v1\\\\\\\\..',
  ])('refuses %s, which two programs could read as two paths', async (path) => {
    const of = await open({ to: `api.test:${port}`, paths: ['/v1/**'] });
    await inside(of, ask(`'${head(`GET ${path}`)}'`));
    expect(arrived).toEqual([]);
    expect(denials()).toEqual(['path-not-clear']);
  });

  test('holds the second request of a connection against it, also one in absolute form', async () => {
    const of = await open({ to: `api.test:${port}`, methods: ['GET'], paths: ['/v1/**'] });
    for (const second of [head('POST /v1/a'), head('GET /v2'), head(`GET http://api.test:${port}/v2`)]) {
      await inside(of, ask(`'${head('GET /v1/a')}${second}'`));
    }
    expect(arrived.filter((request) => request !== 'GET /v1/a')).toEqual([]);
    expect(denials()).toHaveLength(3);
  });

  test('lets nothing through that cannot be read: neither TLS nor another protocol', async () => {
    const of = await open({ to: `api.test:${port}`, methods: ['GET'] });
    const tls = `
import ssl
context = ssl._create_unverified_context()
def hello():
    with socket.create_connection((ask('api.test'), ${port}), 5) as s:
        context.wrap_socket(s, server_hostname='api.test')
print(attempt(hello))`;
    expect(await inside(of, tls)).toMatch(/Error/);
    await inside(of, ask(`'SSH-2.0-x\\r\\n'`));
    expect(arrived).toEqual([]);
    expect(denials()).toEqual(['not-readable', 'protocol-not-allowed']);
  });

  test('is held against what a header asks to be taken for the method, or for the path', async () => {
    const of = await open({ to: `api.test:${port}`, methods: ['GET', 'POST'], paths: ['/v1/**'] });
    const more = (header: string): string => `${header}\\r\\nConnection: close\\r\\nContent-Length: 0\\r\\n`;
    for (const header of [
      'X-HTTP-Method-Override: DELETE',
      'x_http_method_override: delete',
      'X-HTTP-Method: PUT',
      'X-Method-Override: POST\\r\\nX-Method-Override: PATCH',
      'X-Original-URL: /admin',
      'X-Rewrite-URL: /admin',
    ])
      expect(await inside(of, ask(`'${head('POST /v1/a', more(header))}'`)), header).toContain(
        'request-not-allowed',
      );
    expect(arrived).toEqual([]);
    expect(await inside(of, ask(`'${head('POST /v1/a', more('X-HTTP-Method-Override: GET'))}'`))).toContain(
      'ok',
    );
    expect(arrived).toEqual(['POST /v1/a']);
  });

  test('takes nothing from another rule that allows more', async () => {
    const of = await open(
      { to: `api.test:${port}`, methods: ['GET'] },
      { to: `api.test:${port}`, paths: ['/up'] },
    );
    const close = 'Connection: close\\r\\n';
    expect(await inside(of, ask(`'${head('POST /up', close)}'`))).toContain('ok');
    expect(await inside(of, ask(`'${head('POST /down', close)}'`))).toContain('403');
    expect(arrived).toEqual(['POST /up']);
  });
});

describe('a bound', () => {
  const post = (bytes: number, more = ''): string =>
    `'${head('POST /a', `Content-Length: ${bytes}\\r\\n${more}`)}' + 'x' * ${bytes}`;

  test('of bytes that are sent ends the connection, and every later one', async () => {
    const of = await open({ to: `api.test:${port}`, uploadBytes: 100_000 });
    await inside(of, ask(post(400_000)));
    await inside(of, ask(post(90_000)));
    expect(arrivedBytes).toBeLessThanOrEqual(100_000);
    expect(denials().length).toBeGreaterThan(0);
    expect(new Set(denials())).toEqual(new Set(['budget']));
  });

  test('of bytes that are got ends it too', async () => {
    const of = await open({ to: `api.test:${port}`, downloadBytes: 100_000 });
    const out = await inside(of, ask(`'${head('GET /large')}'`));
    expect(out.length).toBeLessThanOrEqual(101_000);
    expect(denials()).toEqual(['budget']);
  });

  test('of requests counts each on a kept connection, and a connection that is not read as one', async () => {
    const of = await open({ to: `api.test:${port}`, requests: 2 });
    await inside(of, ask(`'${head('GET /1')}${head('GET /2')}${head('GET /3', 'Connection: close\\r\\n')}'`));
    expect(arrived).not.toContain('GET /3');
    await inside(of, ask(`b'\\x00\\x01binary'.decode('latin1')`));
    expect(new Set(denials())).toEqual(new Set(['budget']));
  });

  test('is not passed by asking under another rule on the same connection', async () => {
    const of = await open(
      { to: `api.test:${port}`, methods: ['POST'], uploadBytes: 50_000 },
      { to: `api.test:${port}`, methods: ['GET'] },
    );
    const piece = `'${head('POST /a', 'Content-Length: 20000\\r\\n')}' + 'x' * 20000 + '${head('GET /b')}'`;
    await inside(of, ask(`(${piece}) * 20`));
    expect(arrivedBytes).toBeLessThanOrEqual(50_000);
    expect(denials()).toContain('budget');
  });
});
