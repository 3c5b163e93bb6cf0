import { createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { AllowEntry } from '../config/index.ts';
import { parseAllowlist } from './allowlist.ts';
import type { EgressPolicy, Gateway, GatewayEvent } from './contract.ts';
import { inside, openGateway, relaysOf } from './gateway.fixture.ts';

const RANGES = ['127.0.0.0/8'];
let server: Server;
let port = 0;
let gateway: Gateway;
let events: GatewayEvent[] = [];
let accepted = 0;
let received = 0;

beforeEach(async () => {
  events = [];
  accepted = 0;
  received = 0;
  server = createServer((socket: Socket) => {
    accepted += 1;
    socket.on('error', () => undefined);
    socket.on('data', (bytes) => {
      received += bytes.length;
      socket.write(bytes);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const at = server.address();
  port = typeof at === 'object' && at !== null ? at.port : 0;
  gateway = await openGateway(
    [`api.test:${port}`, { to: `other.test:${port}`, uploadBytes: 3_000 }],
    (event) => events.push(event),
    RANGES,
  );
});
afterEach(async () => {
  await gateway.close();
  server.close();
});

function policy(entries: readonly AllowEntry[], allowRanges = RANGES): EgressPolicy {
  const allow = parseAllowlist(entries, {});
  if (!allow.ok) throw new Error(allow.error.why);
  return { allow: allow.value, allowRanges };
}

const denials = (): readonly unknown[] =>
  events.flatMap((event) =>
    event.kind === 'connect' && event.verdict === 'denied' ? [`${event.host} ${event.reason}`] : [],
  );

/** Holds a connection to each of two names that carried `size` bytes, and says what became of both and of a new one. */
function holding(size: number): Promise<string> {
  return inside(
    gateway,
    `
import time
def hold(name):
    s = socket.create_connection((ask(name), ${port}), 30); s.settimeout(20)
    s.sendall(b'\\0' * 100); got = 0
    while got < 100: got += len(s.recv(100))
    return s
def fate(s):
    try:
        s.sendall(b'\\0'); return 'closed' if s.recv(1) == b'' else 'open'
    except socket.timeout: return 'hangs'
    except OSError: return 'reset'
a, b = hold('api.test'), hold('other.test')
piece = b'\\0' * 65536
for _ in range(${size} // 65536):
    a.sendall(piece); got = 0
    while got < 65536: got += len(a.recv(65536))
print('ready', flush=True)
time.sleep(3)
print(fate(a), fate(b), attempt(lambda: ask('api.test')), attempt(lambda: fate(hold('other.test'))))
`,
  );
}

const until = (condition: () => boolean) => expect.poll(condition, { timeout: 15_000 }).toBe(true);

describe('a policy that is narrowed while the job runs', () => {
  test.each([
    ['that the gateway carries', 0],
    ['that the native relay carries', 16 * 1024 * 1024],
  ])('ends a connection %s and refuses its name, and leaves the others alone', async (_what, size) => {
    const out = holding(size);
    await until(() => accepted === 2);
    await until(() => received >= size + 200 && relaysOf(gateway).length === Math.sign(size));
    const narrowed = await gateway.narrow(
      policy([{ to: `other.test:${port}`, uploadBytes: 3_000 }, 'more.test']),
    );
    expect(narrowed).toEqual({ closed: [`api.test:${port}`], notGiven: ['more.test'], connections: 1 });
    expect(await out).toMatch(/(closed|reset) open code 3 answers 0 open$/);
    expect(denials()).toEqual(['api.test policy-narrowed']);
    await until(() => events.some((event) => event.kind === 'closed'));
  });

  test('leaves a connection alone that goes under another entry of the same place, and no other', async () => {
    await gateway.close();
    const bounded = { to: `api.test:${port}`, uploadBytes: 3_000 };
    const [wide, other] = [`api.test:${port}`, `other.test:${port}`];
    gateway = await openGateway([bounded, wide, other], (event) => events.push(event), RANGES);
    const out = holding(0);
    await until(() => accepted === 2 && received >= 200);
    expect(await gateway.narrow(policy([wide, other]))).toMatchObject({ connections: 0 });
    expect(await gateway.narrow(policy([{ ...bounded, uploadBytes: 2_000 }, other]))).toMatchObject({
      connections: 1,
    });
    expect(await out).toMatch(/(closed|reset) open \S+ open$/);
  });

  test('gives nothing that was not allowed before, however often it is asked', async () => {
    for (const wanted of [
      ['evil.test', `api.test:${port}`],
      ['evil.test', `api.test:${port}`, `other.test:${port}`],
    ])
      await gateway.narrow(policy(wanted, ['0.0.0.0/0', ...RANGES]));
    const out = await inside(
      gateway,
      `print(ask('evil.test'), ask('api.test').startswith('code'), ask('other.test').startswith('code'))`,
    );
    // Nor what the first of the two took away.
    expect(out).toBe('code 3 answers 0 False True');
    const again = await gateway.narrow(policy([`api.test:${port}`], []));
    expect(again.closed).toContain('127.0.0.0/8');
  });

  test('is no new allowance: what was sent under an entry counts under the one that takes its place', async () => {
    const send = (bytes: number) =>
      inside(
        gateway,
        `
s = socket.create_connection((ask('other.test'), ${port}), 10); s.settimeout(10)
def go():
    s.sendall(b'\\0' * ${bytes}); got = 0
    while got < ${bytes}:
        part = s.recv(4096)
        if not part: return 'closed'
        got += len(part)
    return 'all'
print(attempt(go))
`,
      );
    expect(await send(1_800)).toBe('all');
    await gateway.narrow(policy([{ to: `other.test:${port}`, uploadBytes: 2_000 }]));
    expect(await send(1_000)).not.toBe('all');
    expect(denials()).toEqual(['other.test budget']);
  });

  test('ends a connection to an address whose range is allowed no longer', async () => {
    const out = holding(0);
    await until(() => accepted === 2);
    const all = [`api.test:${port}`, { to: `other.test:${port}`, uploadBytes: 3_000 }];
    expect(await gateway.narrow(policy(all, []))).toMatchObject({ closed: RANGES, connections: 2 });
    expect(await out).toMatch(/(closed|reset) (closed|reset) /);
  });
});
