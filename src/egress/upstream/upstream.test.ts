import { createServer, type Server } from 'node:net';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Gateway, GatewayEvent, UpstreamProxy } from '../contract.ts';
import { inside, openGateway } from '../gateway.fixture.ts';
import { certificateFor, makeAuthority } from '../inspect/authority.ts';
import { connectRequest, readConnectAnswer } from './connect-answer.ts';
import { Conversation } from './conversation.ts';
import { isExcepted } from './exceptions.ts';
import { answers, httpProxy, portOf, serve, socksProxy, type TestProxy } from './proxy-server.fixture.ts';
import { socksRequest } from './socks.ts';
import { connect } from 'node:net';

const CREDENTIALS = 'robot:Pa55-word:with-colon';

describe('what is said to a proxy', () => {
  test('holds a name or an address and not a byte more, whatever a host is called', () => {
    const host = fc.oneof(
      fc.string({ maxLength: 60 }),
      fc.constantFrom(
        'a.test\r\nX: y',
        'a.test HTTP/1.1\r\n\r\nGET',
        'a.test:1',
        'fe80::1%\r\n',
        'fe80::1%a b',
        'A.test',
        'a.test\0',
      ),
    );
    fc.assert(
      fc.property(host, fc.integer({ min: -1, max: 70_000 }), (name, port) => {
        const said = connectRequest({ host: name, port }, undefined)?.toString('latin1');
        const socks = socksRequest({ host: name, port });
        expect(said === undefined).toBe(socks === undefined);
        if (said === undefined) return;
        expect(said).toMatch(
          /^CONNECT ([a-z0-9_.-]+|\[[0-9a-fA-F:.]+\]):\d{1,5} HTTP\/1\.1\r\nHost: \1:\d{1,5}\r\n\r\n$/,
        );
      }),
    );
    expect(connectRequest({ host: 'a.test', port: 443 }, CREDENTIALS)?.toString('latin1')).toBe(
      `CONNECT a.test:443 HTTP/1.1\r\nHost: a.test:443\r\nProxy-Authorization: Basic ${Buffer.from(CREDENTIALS).toString('base64')}\r\n\r\n`,
    );
  });

  test.each([
    ['192.0.2.7', '05010001c000020701bb'],
    ['2001:db8::1', '0501000420010db800000000000000000000000101bb'],
    ['::ffff:192.0.2.7', '0501000400000000000000000000ffffc000020701bb'],
    ['a.test', '0501000306612e7465737401bb'],
  ])('in SOCKS is %s in its bytes', (host, hex) => {
    expect(socksRequest({ host, port: 443 })?.toString('hex')).toBe(hex);
  });

  test('is answered in a head of HTTP/1 of 16 KiB at most, or not at all', () => {
    const read = (text: string) => readConnectAnswer(Buffer.from(text, 'latin1'));
    expect(read('HTTP/1.1 200 OK\r\n\r\nrest')).toEqual({ kind: 'answer', status: 200, size: 19 });
    expect(read('HTTP/1.0 407\r\nA: b\r\n\r\n')).toMatchObject({ status: 407 });
    expect(read('HTT')).toEqual({ kind: 'more' });
    for (const wrong of [
      'HTTP/2 200\r\n\r\n',
      'HTTP/1.1 20\r\n\r\n',
      'SSH-2.0-x\r\n',
      'HTTP/1.1 200 O\rK\r\n\r\n',
      'x',
    ])
      expect(read(wrong), wrong).toEqual({ kind: 'malformed' });
    expect(read(`HTTP/1.1 200 OK\r\nA: ${'b'.repeat(17_000)}`)).toEqual({ kind: 'malformed' });
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        const answer = readConnectAnswer(Buffer.from(bytes));
        if (answer.kind === 'answer') expect(answer.size).toBeLessThanOrEqual(bytes.length);
      }),
    );
  });

  test('must be over in its time, however slowly the proxy answers', async () => {
    const dripping = await serve((socket) => {
      const timer = setInterval(() => socket.write('H'), 20);
      socket.on('close', () => clearInterval(timer));
    });
    const socket = connect(dripping.port, '127.0.0.1');
    const talk = new Conversation(socket, 200, 100);
    const looked: number[] = [];
    const reading = talk.read((bytes) => {
      looked.push(bytes.length);
      return undefined;
    });
    const late = setTimeout(() => talk.done(), 5_000);
    socket.on('error', () => undefined);
    const ended = await reading;
    clearTimeout(late);
    expect(ended).toBeUndefined();
    expect(looked.length).toBeGreaterThan(1);
    socket.destroy();
    await dripping.close();
  });

  test('is nothing where a destination was excepted: by name, below a wildcard, or by each of its addresses', () => {
    const except = ['direct.test', '*.corp.test', '10.0.0.0/8', '192.0.2.1', 'fd00::/8'];
    const excepted = (host: string, ...addresses: string[]): boolean => isExcepted(except, host, addresses);
    expect(excepted('direct.test', '203.0.113.1')).toBe(true);
    expect(excepted('a.corp.test')).toBe(true);
    expect(excepted('corp.test')).toBe(false);
    expect(excepted('any.test', '10.1.1.1', '10.2.2.2')).toBe(true);
    expect(excepted('any.test', '10.1.1.1', '203.0.113.1')).toBe(false);
    expect(excepted('any.test', 'fd00::1')).toBe(true);
    expect(excepted('192.0.2.1', '192.0.2.1')).toBe(true);
    expect(excepted('evildirect.test')).toBe(false);
  });
});

describe('a gateway behind a proxy', () => {
  let gateway: Gateway | undefined;
  let proxy: TestProxy | undefined;
  let far: Server;
  let farPort = 0;
  /** What arrived at the far side, each by a connection. */
  let arrived: string[] = [];
  let events: GatewayEvent[] = [];

  beforeEach(async () => {
    arrived = [];
    events = [];
    far = createServer((socket) => {
      arrived.push('connected');
      socket.on('error', () => socket.destroy());
      socket.write('banner\n');
      socket.on('data', (bytes: Buffer) => {
        arrived.push(bytes.toString('latin1'));
        socket.end(`seen ${bytes.length}`);
      });
    });
    await new Promise<void>((resolve) => far.listen(0, '127.0.0.1', resolve));
    farPort = portOf(far);
  });
  afterEach(async () => {
    await gateway?.close();
    gateway = undefined;
    await proxy?.close();
    proxy = undefined;
    far.close();
  });

  async function open(
    of: Partial<UpstreamProxy>,
    entries: readonly string[] = [`api.test:${farPort}`],
  ): Promise<void> {
    const settings: UpstreamProxy = {
      kind: 'http',
      host: '127.0.0.1',
      port: proxy?.port ?? 9,
      credentials: () => CREDENTIALS,
      resolves: 'gateway',
      except: [],
      ...of,
    };
    gateway = await openGateway(
      entries,
      (event) => void events.push(event),
      ['127.0.0.0/8'],
      undefined,
      settings,
    );
  }

  const TALK = `
a = ask('api.test')
s = socket.create_connection((a, PORT), 5); s.settimeout(20)
try:
    s.send(b'\\x00hello\\x00here'); out = b''
    while True:
        part = s.recv(4096)
        if not part: break
        out += part
    print(out.decode())
except OSError as e: print(type(e).__name__)
`;
  const talk = (): Promise<string> =>
    gateway === undefined ? Promise.resolve('') : inside(gateway, TALK.replace('PORT', String(farPort)));
  const connection = (): GatewayEvent | undefined => events.find(({ kind }) => kind === 'connect');

  test('asks it for the address that was checked, says who it is, and puts on record by what way it went', async () => {
    proxy = await serve(httpProxy());
    await open({});
    expect(await talk()).toBe('banner\nseen 11');
    expect(proxy.asked[0]).toBe(
      `CONNECT 127.0.0.1:${farPort} HTTP/1.1\r\nHost: 127.0.0.1:${farPort}\r\nProxy-Authorization: Basic ${Buffer.from(CREDENTIALS).toString('base64')}\r\n\r\n`,
    );
    expect(connection()).toMatchObject({
      verdict: 'allowed',
      dialled: '127.0.0.1',
      via: { kind: 'http', host: '127.0.0.1', port: proxy.port, resolved: 'gateway' },
    });
    await gateway?.close();
    expect(events.find(({ kind }) => kind === 'closed')).toMatchObject({ bytesIn: 14, bytesOut: 11 });
    const told = JSON.stringify(events);
    expect(told).not.toContain('Pa55');
    expect(told).not.toContain(Buffer.from(CREDENTIALS).toString('base64').slice(4, 20));
  });

  test('leaves the name to it where the operator says so, and claims no address then', async () => {
    proxy = await serve(httpProxy());
    await open({ resolves: 'proxy' });
    expect(await talk()).toBe('banner\nseen 11');
    expect(proxy.asked[0]).toMatch(`CONNECT api.test:${farPort} `);
    expect(connection()).toMatchObject({ via: { resolved: 'proxy' } });
    expect(connection()).not.toHaveProperty('dialled');
  });

  test.each(['gateway', 'proxy'] as const)(
    'speaks SOCKS5 with its credentials, names found by the %s',
    async (resolves) => {
      proxy = await serve(socksProxy());
      await open({ kind: 'socks5', resolves });
      expect(await talk()).toBe('banner\nseen 11');
      expect(proxy.asked[0]).toBe('methods 05020002');
      expect(proxy.asked[1]).toContain('robot');
      expect(proxy.asked[2]).toMatch(
        resolves === 'gateway' ? /^request 050100017f000001/ : /^request 0501000308/,
      );
      expect(JSON.stringify(events)).not.toContain('Pa55');
    },
  );

  test('speaks TLS with it, and only with one whose certificate is for its name by an authority that was named', async () => {
    const authority = makeAuthority(['other.test']);
    proxy = await serve(httpProxy(), certificateFor(authority, 'other.test'));
    await open({ kind: 'https', host: 'other.test', authorities: authority.certificate });
    expect(await talk()).toBe('banner\nseen 11');
    await gateway?.close();
    expect(events.find(({ kind }) => kind === 'closed')).toMatchObject({ bytesIn: 14, bytesOut: 11 });
    events = [];
    arrived = [];
    const asked = proxy.asked.length;
    const stranger = makeAuthority(['other.test']);
    await open({ kind: 'https', host: 'other.test', authorities: stranger.certificate });
    expect(await talk()).not.toContain('banner');
    expect(connection()).toMatchObject({
      verdict: 'denied',
      reason: 'proxy-unreachable',
      via: { kind: 'https' },
    });
    expect(proxy.asked).toHaveLength(asked);
    expect(arrived).toEqual([]);
  });

  test.each([
    [
      'a redirect',
      'HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1/\r\nContent-Length: 0\r\n\r\n',
      'status 302',
    ],
    [
      '407',
      'HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm="x"\r\n\r\n',
      'status 407',
    ],
    ['an interim answer', 'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\n', 'status 100'],
    ['garbage', '\0\0\0\0garbage\r\n\r\n', 'an answer that is no HTTP'],
    [
      'huge headers',
      `HTTP/1.1 200 OK\r\n${'A: bbbbbbbbbbbbbbbb\r\n'.repeat(5_000)}\r\n`,
      'an answer that is no HTTP',
    ],
    ['terminal controls', 'HTTP/1.1 403 \u001b[31mno\r\n\r\n', 'status 403'],
  ])(
    'denies the connection when the proxy answers with %s, and dials nothing itself',
    async (_what, said, failure) => {
      proxy = await serve(answers(said));
      await open({});
      expect(await talk()).not.toContain('banner');
      expect(connection()).toMatchObject({ verdict: 'denied', reason: 'proxy-refused', via: { failure } });
      expect(arrived).toEqual([]);
      expect(proxy.asked).toHaveLength(1);
      expect(JSON.stringify(events)).not.toContain('Pa55');
    },
  );

  test('denies the connection when there is no proxy, and when it ends at once', async () => {
    await open({ port: 9 });
    expect(await talk()).not.toContain('banner');
    expect(connection()).toMatchObject({ verdict: 'denied', reason: 'proxy-unreachable' });
    await gateway?.close();
    events = [];
    proxy = await serve((socket) => socket.destroy());
    await open({});
    expect(await talk()).not.toContain('banner');
    expect(connection()).toMatchObject({ verdict: 'denied', reason: 'proxy-refused' });
    expect(arrived).toEqual([]);
  });

  test('reaches without it only what was excepted', async () => {
    proxy = await serve(answers('HTTP/1.1 403 No\r\n\r\n'));
    await open({ except: ['api.test'] });
    expect(await talk()).toBe('banner\nseen 11');
    expect(proxy.asked).toEqual([]);
    expect(connection()).not.toHaveProperty('via');
    await gateway?.close();
    await open({ except: ['other.test', '10.0.0.0/8'] });
    expect(await talk()).not.toContain('banner');
    expect(proxy.asked).toHaveLength(1);
  });

  test.each(['gateway', 'proxy'] as const)(
    'lets no job speak to the proxy itself, by its address, its name or another name, also where its range is allowed (%s)',
    async (resolves) => {
      proxy = await serve(httpProxy());
      await open({ resolves, host: 'other.test' }, [
        `api.test:${proxy.port}`,
        `other.test:${proxy.port}`,
        `127.0.0.1:${proxy.port}`,
      ]);
      const seen = await inside(
        gateway as Gateway,
        `
for name in ['api.test', 'other.test']:
    print(name, attempt(lambda: get(ask(name), ${proxy.port}, '\\x00\\x01\\x00')))
print(attempt(lambda: get('10.9.9.9', ${proxy.port}, 'x')))
`,
      );
      expect(seen).not.toContain('HTTP');
      const reasons = events.flatMap((event) => (event.kind === 'connect' ? [event.reason] : []));
      expect(reasons).toEqual(['upstream-proxy', 'upstream-proxy', 'forbidden-range']);
      expect(proxy.asked).toEqual([]);
    },
  );
});
