import { readdirSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Gateway, GatewayEvent } from './contract.ts';
import { inside, openGateway } from './gateway.fixture.ts';

let upstream: Server;
let port = 0;
let gateway: Gateway;
let events: GatewayEvent[] = [];
let died = false;

beforeEach(async () => {
  events = [];
  died = false;
  upstream = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.end('220 here\r\n');
  });
  await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve));
  const at = upstream.address();
  port = typeof at === 'object' && at !== null ? at.port : 0;
  gateway = await openGateway([`api.test:${port}`], (event) => events.push(event));
  void gateway.died.then(() => {
    died = true;
    return undefined;
  });
});
afterEach(async () => {
  await gateway.close();
  upstream.close();
});

const GREETING = `print(socket.create_connection((ask('api.test'), PORT), 5).recv(20))`;

async function stillServes(): Promise<void> {
  expect(died).toBe(false);
  expect(await inside(gateway, `PORT = ${port}\n${GREETING}`)).toBe("b'220 here\\r\\n'");
}

/** Descriptors that the gateway holds. */
function descriptors(): number {
  return readdirSync(`/proc/${gateway.namespacePath.split('/')[2]}/fd`).length;
}

const QUESTION = `q = b'\\x12\\x34\\x01\\x00\\x00\\x01\\x00\\x00\\x00\\x00\\x00\\x00\\x01x\\x04test\\x00\\x00\\x01\\x00\\x01'`;

describe('a job that abuses its gateway', () => {
  test('by asking without end and reading no answer is not asked on: nothing is hoarded for it', async () => {
    const out = await inside(
      gateway,
      `
${QUESTION}
import select
many = (struct.pack('>H', len(q)) + q) * 2000
s = socket.create_connection(('127.0.0.1', 53), 5); s.setblocking(False)
sent = 0
while sent < 64 * 1024 * 1024 and select.select([], [s], [], 3)[1]: sent += s.send(many)
print(sent < 64 * 1024 * 1024)`,
    );
    expect(out).toBe('True');
    await stillServes();
  });

  test('by holding connections to its resolver leaves room for others, and holds few', async () => {
    const out = await inside(
      gateway,
      `
import time, os
held = [socket.create_connection(('127.0.0.1', 53), 5) for _ in range(600)]
time.sleep(0.5)
print(len(held))
s = held[-1]; s.settimeout(5); print(repr(attempt(lambda: s.recv(1))))
${QUESTION}
u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); u.settimeout(5); u.connect(('127.0.0.1', 53)); u.send(q); print(len(u.recv(600)) > 20)
time.sleep(1)`,
    );
    expect(out).toBe('600\n"b\'\'"\nTrue');
    expect(descriptors()).toBeLessThan(200);
    expect(events.filter((event) => event.kind === 'gap').length).toBeLessThanOrEqual(20);
    await stillServes();
  });

  test('by asking from an address to which no answer may go gets none, and ends nothing', async () => {
    const out = await inside(
      gateway,
      `
${QUESTION}
for place in ('198.51.100.9', '169.254.169.254', '0.0.0.0', '255.255.255.255', '224.0.0.1'):
    u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); u.settimeout(1)
    print(attempt(lambda: u.bind((place, 0))), attempt(lambda: u.sendto(q, ('127.0.0.1', 53)) and len(u.recv(600))))`,
    );
    expect(out.split('\n')).toHaveLength(5);
    await stillServes();
  });

  test('by connecting from, to and through every odd address is denied, and each is told', async () => {
    const out = await inside(
      gateway,
      `
for family, place in ((10, ('fe80::1', 443, 0, 1)), (10, ('::ffff:198.51.100.7', 443)), (10, ('ff02::1', 443, 0, 1)), (10, ('64:ff9b::1', 80)), (2, ('198.18.0.9', 443)), (2, ('198.51.100.8', 0)), (2, ('127.0.0.1', 9)), (10, ('::1', 9))):
    s = socket.socket(family, socket.SOCK_STREAM); s.settimeout(5)
    def talk():
        s.connect(place); s.send(b'x'); return repr(s.recv(5))
    print(attempt(talk))`,
    );
    expect(out).not.toContain("b'");
    await stillServes();
    const told = events.flatMap((event) =>
      event.kind === 'connect' ? [`${event.address} ${event.reason ?? ''}`] : [],
    );
    expect(told).toEqual(
      expect.arrayContaining([
        'fe80::1 forbidden-range',
        '198.51.100.7 address-without-name',
        '64:ff9b::1 forbidden-range',
        '198.18.0.9 forbidden-range',
        '127.0.0.1 address-without-name',
        '::1 forbidden-range',
      ]),
    );
  });
});
