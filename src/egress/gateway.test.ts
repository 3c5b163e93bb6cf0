import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { createServer as createTcpServer } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Gateway, GatewayEvent } from './contract.ts';
import { inside, openGateway } from './gateway.fixture.ts';

let upstream: Server;
let port = 0;
let gateway: Gateway | undefined;
let events: GatewayEvent[] = [];
let refuseRecords = false;

beforeEach(async () => {
  events = [];
  refuseRecords = false;
  upstream = createServer((request, response) => response.end(`hello ${request.headers.host}${request.url}`));
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

async function open(entries: readonly string[], allowRanges?: readonly string[]): Promise<Gateway> {
  const record = (event: GatewayEvent): void => {
    if (refuseRecords) throw new Error('the disk is full');
    events.push(event);
  };
  gateway = await openGateway(entries, record, allowRanges);
  return gateway;
}

function verdicts(): readonly string[] {
  return events.flatMap((event) =>
    event.kind === 'connect' ? [`${event.host ?? event.address}:${event.verdict}:${event.reason ?? ''}`] : [],
  );
}

describe('the gateway', () => {
  test('lets an allowed host through, and tells it before and after', async () => {
    const of = await open([`api.test:${port}`]);
    const out = await inside(
      of,
      `print(get(ask('api.test'), ${port}, 'GET /x HTTP/1.1\\r\\nHost: api.test:${port}\\r\\nConnection: close\\r\\n\\r\\n'))`,
    );
    expect(out).toContain(`hello api.test:${port}/x`);
    // The client may be done before the gateway has told the end.
    await expect
      .poll(() => events.map((event) => event.kind), { timeout: 10_000 })
      .toEqual(['dns', 'connect', 'closed']);
    expect(verdicts()).toEqual(['api.test:allowed:']);
  });

  test('holds every request on a connection against the name, also the second', async () => {
    const of = await open([`api.test:${port}`, `other.test:${port}`]);
    const out = await inside(
      of,
      `
a = ask('api.test')
print(get(a, ${port}, 'GET /one HTTP/1.1\\r\\nHost: other.test\\r\\n\\r\\n'))
print(get(a, ${port}, 'GET /two HTTP/1.1\\r\\nHost: api.test\\r\\n\\r\\nGET /three HTTP/1.1\\r\\nHost: other.test\\r\\n\\r\\n'))`,
    );
    expect(out).toContain('403');
    expect(out).not.toContain('/one');
    expect(out).not.toContain('/three');
    expect(verdicts()).toContain('api.test:denied:name-mismatch');
  });

  test('answers no name that is not allowed, over UDP and TCP, of no type, and asks nobody', async () => {
    const of = await open([`api.test:${port}`]);
    const out = await inside(
      of,
      `
for kind in (1, 28, 16, 15, 255): print(ask('secret-in-a-label.collector.test', kind), ask('x.api.test', kind, True))
print(ask('api.test', 16))`,
    );
    expect(out.split('\n')).toEqual([
      ...Array.from({ length: 5 }, () => 'code 3 answers 0 code 3 answers 0'),
      'code 0 answers 0',
    ]);
    expect(events.filter((event) => event.kind === 'dns' && event.verdict === 'denied')).toHaveLength(10);
  });

  test('refuses addresses without a name, the metadata service, and a name that leads to a forbidden range', async () => {
    const of = await open([`api.test:${port}`, 'inside.test']);
    const out = await inside(
      of,
      `
for a, p in (('198.51.100.7', 443), ('169.254.169.254', 80), ('2001:db8::7', 443), (ask('inside.test'), 80)):
    print(a, attempt(lambda: get(a, p, 'GET / HTTP/1.1\\r\\nHost: inside.test\\r\\n\\r\\n')))`,
    );
    expect(out).not.toContain('hello');
    expect(verdicts()).toEqual([
      '198.51.100.7:denied:address-without-name',
      '169.254.169.254:denied:forbidden-range',
      '2001:db8::7:denied:address-without-name',
      'inside.test:denied:forbidden-range',
    ]);
  });

  test('lets a name into its own range only when the operator named the range', async () => {
    const of = await open([`api.test:${port}`], []);
    const out = await inside(
      of,
      `print(get(ask('api.test'), ${port}, 'GET /x HTTP/1.1\\r\\nHost: api.test\\r\\n\\r\\n'))`,
    );
    expect(out).toContain('403');
    expect(verdicts()).toEqual(['api.test:denied:forbidden-range']);
  });

  test('passes no byte that could not be recorded', async () => {
    const of = await open([`api.test:${port}`]);
    refuseRecords = true;
    const out = await inside(
      of,
      `a = ask('api.test')\nprint(attempt(lambda: get(a, ${port}, 'GET /x HTTP/1.1\\r\\nHost: api.test\\r\\n\\r\\n')))`,
    );
    expect(out).not.toContain('hello');
  });

  test('calls nobody denied who went away without a word, also by ending only its own side', async () => {
    const of = await open(['api.test']);
    const out = await inside(
      of,
      `
a = ask('api.test')
gone = socket.create_connection((a, 443), 5); gone.close()
half = socket.create_connection((a, 443), 5); half.shutdown(socket.SHUT_WR); half.settimeout(5)
print(repr(half.recv(1)))
`,
    );
    expect(out).toBe("b''");
    expect(verdicts()).toEqual([]);
  });

  test('lets a server speak first where the port was named, also to a client that has ended its side', async () => {
    const greeter = createTcpServer((socket) => socket.end('220 hello\r\n'));
    await new Promise<void>((resolve) => greeter.listen(0, '127.0.0.1', resolve));
    const at = greeter.address();
    const named = typeof at === 'object' && at !== null ? at.port : 0;
    const of = await open([`api.test:${named}`]);
    const out = await inside(
      of,
      `
s = socket.create_connection((ask('api.test'), ${named}), 5); print(s.recv(20))
s = socket.create_connection((ask('api.test'), ${named}), 5); s.shutdown(socket.SHUT_WR); print(s.recv(20))
`,
    );
    greeter.close();
    expect(out).toBe("b'220 hello\\r\\n'\nb'220 hello\\r\\n'");
  });

  test('keeps nobody waiting who is silent on a port that no entry names', async () => {
    const of = await open(['api.test']);
    const out = await inside(
      of,
      `
s = socket.create_connection((ask('api.test'), 22), 5); s.settimeout(5); print(attempt(lambda: s.recv(20)))
`,
    );
    expect(out).toBe('ConnectionResetError');
    expect(verdicts()).toEqual(['api.test:denied:not-on-allowlist']);
  });

  test('refuses and tells datagrams and leaves the job its own loopback', async () => {
    const of = await open([]);
    const out = await inside(
      of,
      `
print(attempt(lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('198.51.100.7', 123))))
print(attempt(lambda: socket.socket(socket.AF_INET6, socket.SOCK_DGRAM).sendto(b'x', ('2001:db8::7', 123))))
s = socket.socket(); s.bind(('127.0.0.1', 8080)); s.listen()
c = socket.create_connection(('127.0.0.1', 8080), 2); a, _ = s.accept(); a.send(b'own'); print(c.recv(3))`,
    );
    expect(out.split('\n')).toEqual(['PermissionError', 'PermissionError', "b'own'"]);
    await gateway?.close();
    expect(
      events
        .filter((event) => event.kind === 'refused-packet')
        .map((event) => 'address' in event && event.address)
        .toSorted(),
    ).toEqual(['198.51.100.7', '2001:db8::7']);
  });

  test('leaves no listener on the machine, and no way out when it is killed', async () => {
    const of = await open([`api.test:${port}`]);
    expect(readFileSync('/proc/self/net/tcp', 'latin1')).not.toContain('0100007F:0009 00000000:0000 0A');
    const pid = Number(of.namespacePath.split('/')[2]);
    const namespace = spawn('nsenter', [`--net=${of.namespacePath}`, 'sleep', '30']);
    await new Promise((resolve) => setTimeout(resolve, 100));
    process.kill(pid, 'SIGKILL');
    expect((await of.died).why).toContain('ended by itself');
    const out = await inside(
      { ...of, namespacePath: `/proc/${namespace.pid}/ns/net` },
      `print(attempt(lambda: get('198.18.0.1', ${port}, 'GET / HTTP/1.1\\r\\nHost: api.test\\r\\n\\r\\n')))`,
    );
    namespace.kill('SIGKILL');
    expect(out).not.toContain('hello');
  });
});
