import { createServer } from 'node:http2';
import { Agent } from 'node:https';
import type { Socket } from 'node:net';
import { Duplex, duplexPair } from 'node:stream';
import { expect, test } from 'vitest';
import { Budgets } from '../../src/egress/budgets.ts';
import type { AllowedDestination } from '../../src/egress/index.ts';
import { Recorder } from '../../src/egress/recorder.ts';
import { serveRequests, SETTINGS } from '../../src/egress/inspect/inspect.ts';
import { decodedRequests, encoded, frame, HEADERS, type Request } from './hpack.fixture.ts';
import { fuzzLater } from './mutate.fixture.ts';

// An input is what a client says in HTTP/2 after its preface and settings, inside of TLS that has ended at the gateway.

const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
const EMPTY_SETTINGS = frame(4, 0, 0, Buffer.alloc(0));
const ENTRY: AllowedDestination = {
  host: 'good.test',
  entry: 'good.test',
  methods: ['GET', 'HEAD'],
  paths: ['/v1/**'],
};

/** The far side: it takes all, and answers each head. */
class Sink extends Duplex {
  readonly heard: Buffer[] = [];

  setKeepAlive(): this {
    return this;
  }

  setTimeout(): this {
    return this;
  }

  setNoDelay(): this {
    return this;
  }

  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }

  override _read(): void {}

  override _write(bytes: Buffer, _encoding: string, done: () => void): void {
    this.heard.push(bytes);
    if (bytes.includes('\r\n\r\n')) this.push('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
    done();
  }
}

interface Arrived {
  readonly method: string;
  readonly path: string;
}

/** Reads what arrived as an old server would: lines, then as many bytes as were said. Throws at what two servers could read as two. */
function arrivedAt(sink: Sink): readonly Arrived[] {
  let rest = Buffer.concat(sink.heard).toString('latin1');
  const found: Arrived[] = [];
  while (rest !== '') {
    const end = rest.indexOf('\r\n\r\n');
    if (end === -1) throw new Error(`half a head: ${rest}`);
    const [line = '', ...headers] = rest.slice(0, end).split('\r\n');
    const [, method = '', path = ''] = /^([A-Z]+) (\/[!-~\x80-\xff]*) HTTP\/1\.1$/.exec(line) ?? [];
    if (method === '') throw new Error(`no request line: ${line}`);
    const named = (wanted: string): readonly string[] =>
      headers
        .filter((one) => one.toLowerCase().startsWith(`${wanted}:`))
        .map((one) => one.slice(wanted.length + 1).trim());
    expect(
      headers.every((one) => /^[!#$%&'*+.^_`|~0-9A-Za-z-]+:[^\r\n\0]*$/.test(one)),
      rest,
    ).toBe(true);
    expect(named('host'), rest).toEqual(['good.test']);
    const [lengths, codings] = [named('content-length'), named('transfer-encoding')];
    expect(lengths.length + codings.length, rest).toBeLessThanOrEqual(1);
    rest = rest.slice(end + 4);
    if (lengths[0] !== undefined) {
      expect(lengths[0]).toMatch(/^\d{1,15}$/);
      rest = rest.slice(Number(lengths[0]));
    }
    while (codings[0] !== undefined) {
      const size = /^([0-9a-f]+)\r\n/i.exec(rest);
      // Its client went away in the middle of it.
      if (size === null) {
        rest = '';
        break;
      }
      const bytes = Number.parseInt(size[1] ?? '', 16);
      rest = rest.slice(size[0].length + bytes + 2);
      if (bytes === 0) break;
    }
    found.push({ method, path });
  }
  return found;
}

/** What the entry says, said anew. */
function isAllowed({ method, path }: Arrived): boolean {
  if (!['GET', 'HEAD'].includes(method) || !URL.canParse(`http://h.test${path}`)) return false;
  const decoded = decodeURIComponent(new URL(`http://h.test${path}`).pathname);
  return decoded === '/v1' || decoded.startsWith('/v1/');
}

function mayPass({ fields: all }: Request): boolean {
  // A field that holds what no field can is dropped by the library, and goes on to nobody: the host is written anew.
  const fields = all.filter(
    ([name, value]) =>
      /^[\t\x20-\x7e\x80-\xff]*$/.test(value) &&
      (name !== 'host' || /^[!$%&'()*+,\-.0-9:;=@A-Z[\]_a-z~]*$/.test(value)),
  );
  const values = (name: string): readonly string[] =>
    fields.filter(([one]) => one === name).map(([, value]) => value);
  return (
    values(':authority').length === 1 &&
    [...values(':authority'), ...values('host')].every((one) => /^good\.test\.?(?::443)?$/i.test(one)) &&
    values(':scheme').every((one) => one.toLowerCase() === 'https') &&
    values('upgrade').length === 0
  );
}

async function speak(input: Buffer): Promise<string> {
  const [client, inner] = duplexPair();
  const sinks: Sink[] = [];
  const agent = new Agent({ keepAlive: true });
  agent.createConnection = () => {
    const sink = new Sink();
    sinks.push(sink);
    return sink;
  };
  const told: string[] = [];
  const recorder: Recorder = new Recorder((number, event) => {
    if ('verdict' in event) told.push(event.verdict === 'allowed' ? 'allowed' : (event.reason ?? event.kind));
    recorder.acknowledge(number, true);
  });
  const done = new Promise<number>((resolve) => {
    const server = createServer({ settings: SETTINGS });
    serveRequests(
      server,
      {
        client: inner as unknown as Socket,
        first: Buffer.of(),
        target: { id: 1, family: 4, clientPort: 1, address: '203.0.113.1', port: 443, host: 'good.test' },
        reads: [ENTRY],
        upstream: { agent, bytes: () => ({ inward: 0, outward: 0 }), close: () => agent.destroy() },
      },
      { recorder, budgets: new Budgets() },
      resolve,
    );
  });
  client.on('error', () => undefined);
  inner.on('error', () => undefined);
  client.resume();
  client.write(Buffer.concat([PREFACE, EMPTY_SETTINGS, input]));
  for (let turns = 0; turns < 6; turns += 1) await new Promise((resolve) => setImmediate(resolve));
  client.destroy();
  inner.destroy();
  const requests = await done;
  const asked = decodedRequests(input);
  const arrived = sinks.flatMap(arrivedAt);
  for (const one of arrived) {
    expect(isAllowed(one), JSON.stringify(one)).toBe(true);
    if (asked === undefined) continue;
    const meant = asked.some(
      (request) =>
        mayPass(request) &&
        request.fields.some(([name, value]) => name === ':path' && value === one.path) &&
        request.fields.some(([name, value]) => name === ':method' && value === one.method),
    );
    expect(meant, JSON.stringify([one, asked])).toBe(true);
  }
  expect(arrived.length).toBeLessThanOrEqual(told.filter((one) => one === 'allowed').length);
  passed += arrived.length;
  return `${requests} ${arrived.length} ${[...new Set(told)].toSorted().join()} ${asked === undefined}`;
}

let passed = 0;

test('no frames make the reader of HTTP/2 fail, or pass a request that its entry does not allow, as the far side sees it', async () => {
  const good = { ':method': 'GET', ':scheme': 'https', ':authority': 'good.test', ':path': '/v1/a' };
  const of = (fields: Readonly<Record<string, string>>, flags = 5, stream = 1): Buffer =>
    frame(HEADERS, flags, stream, encoded(fields));
  const seeds = [
    of(good),
    of({ ...good, ':method': 'HEAD', ':path': '/v1/b?c=/../x' }),
    of({ ...good, ':method': 'POST', ':path': '/v1/up', 'content-length': '2' }, 4).subarray(),
    Buffer.concat([
      of({ ...good, 'content-length': '2', te: 'trailers' }, 4),
      frame(0, 1, 1, Buffer.from('hi')),
    ]),
    of({ ...good, ':authority': 'evil.test' }),
    of({ ...good, host: 'evil.test' }),
    Buffer.concat([
      of(good),
      of({ ...good, ':path': '/v2' }, 5, 3),
      of({ ...good, ':path': '/v1/%2e%2e/v2' }, 5, 5),
    ]),
    Buffer.concat([
      frame(HEADERS, 1, 1, encoded(good).subarray(0, 20)),
      frame(9, 4, 1, encoded(good).subarray(20)),
    ]),
    of({ ...good, ':method': 'CONNECT' }),
    of({ ...good, 'transfer-encoding': 'chunked' }, 4),
  ];
  const words = [
    encoded({ host: 'evil.test' }),
    encoded({ ':authority': 'evil.test' }),
    encoded({ ':path': '/v2' }),
    encoded({ ':method': 'POST' }),
    encoded({ upgrade: 'websocket' }),
    encoded({ connection: 'host' }),
    encoded({ 'content-length': '7' }),
    encoded({ 'transfer-encoding': 'chunked' }),
    encoded({ expect: '100-continue' }),
    of(good, 5, 3),
    frame(0, 1, 1, Buffer.from('GET /v2 HTTP/1.1\r\nHost: evil.test\r\n\r\n')),
    frame(3, 0, 1, Buffer.from([0, 0, 0, 8])),
    frame(8, 0, 0, Buffer.from([0, 0, 1, 0])),
    '\r\n',
    '/../',
    '%2e%2e',
    'evil.test',
    ' ',
    '\0',
    '\u0082',
    '\u0087',
    '\u0084',
    '\u00be',
  ].map((word) => word.toString('latin1'));
  const seen = await fuzzLater('http2', seeds, words, speak, 64);
  expect(seen).toBeGreaterThan(10);
  expect(passed).toBeGreaterThan(10);
});
