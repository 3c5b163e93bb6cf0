import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Gateway, GatewayEvent } from './contract.ts';
import { inside, openGateway, relaysOf } from './gateway.fixture.ts';

const PIECE = Buffer.from(Array.from({ length: 64 * 1024 }, (_, at) => (at * 31) % 251));
const PIECES = 384;
const BYTES = PIECE.length * PIECES;
const CLIENT = `
import hashlib, threading, time
piece = bytes((at * 31) % 251 for at in range(65536))
def talk(s, pieces, rest=0, early=b''):
    def send():
        for _ in range(pieces): s.sendall(piece)
        if pieces: s.shutdown(socket.SHUT_WR)
    sender = threading.Thread(target=send); sender.start()
    seen = hashlib.sha256(early)
    count = len(early)
    while True:
        part = s.recv(65536)
        if not part: break
        seen.update(part); count += len(part)
        if rest: time.sleep(rest)
    sender.join()
    return '%d %s' % (count, seen.hexdigest())
# Who has not spoken yet may still name another host, and stays with the gateway.
def spoken():
    s = socket.create_connection((ask('api.test'), PORT), 30); s.sendall(b'\\0'); return s
`;

let server: Server;
let port = 0;
let gateway: Gateway;
let events: GatewayEvent[] = [];
let serve: (socket: Socket) => void;

beforeEach(async () => {
  events = [];
  server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => undefined);
    serve(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const at = server.address();
  port = typeof at === 'object' && at !== null ? at.port : 0;
  gateway = await openGateway([`api.test:${port}`, `other.test:${port}`], (event) => events.push(event));
});
afterEach(async () => {
  await gateway.close();
  server.close();
});

async function until(true_: () => boolean): Promise<void> {
  for (let tries = 0; tries < 500 && !true_(); tries += 1) await sleep(10);
  expect(true_()).toBe(true);
}

function closings(): readonly { readonly bytesIn: number; readonly bytesOut: number }[] {
  return events.flatMap((event) => (event.kind === 'closed' ? [event] : []));
}

function digestOf(pieces: number): string {
  const digest = createHash('sha256');
  for (let at = 0; at < pieces; at += 1) digest.update(PIECE);
  return digest.digest('hex');
}

/** Sends so many pieces, as the other side takes them, then ends its own side. */
async function send(socket: Socket, pieces: number): Promise<void> {
  for (let at = 0; at < pieces; at += 1) {
    if (!socket.write(PIECE)) await new Promise((resolve) => socket.once('drain', resolve));
  }
  socket.end();
}

describe('a connection that proves large', () => {
  test('arrives byte for byte in both ways at once, is told to the byte, and leaves no process', async () => {
    const seen = createHash('sha256');
    const during: number[] = [];
    let ended = false;
    serve = (socket) => {
      let count = 0;
      socket.on('data', (bytes) => {
        seen.update(bytes);
        count += bytes.length;
        if (count > BYTES / 2 && during.length === 0) during.push(relaysOf(gateway).length);
      });
      socket.on('end', () => {
        ended = true;
      });
      void send(socket, PIECES);
    };
    const out = await inside(
      gateway,
      `${CLIENT}
print(talk(socket.create_connection((ask('api.test'), ${port}), 30), ${PIECES}))`,
    );
    expect(out).toBe(`${BYTES} ${digestOf(PIECES)}`);
    await until(() => ended && closings().length === 1);
    expect(seen.digest('hex')).toBe(digestOf(PIECES));
    expect(during).toEqual([1]);
    expect(closings()[0]).toMatchObject({ bytesIn: BYTES, bytesOut: BYTES });
    expect(events.filter((event) => event.kind === 'gap')).toEqual([]);
    await until(() => relaysOf(gateway).length === 0);
  });

  test('loses nothing when its reader is slow, and a side that ended hears the other to its end', async () => {
    const seen = createHash('sha256');
    serve = (socket) => {
      socket.on('data', (bytes) => {
        seen.update(bytes);
        socket.pause();
        setImmediate(() => socket.resume());
      });
      socket.on('end', () => void send(socket, PIECES / 4));
    };
    const out = await inside(
      gateway,
      `${CLIENT}
print(talk(socket.create_connection((ask('api.test'), ${port}), 30), ${PIECES / 2}, 0.0005))`,
    );
    expect(out).toBe(`${BYTES / 4} ${digestOf(PIECES / 4)}`);
    expect(seen.digest('hex')).toBe(digestOf(PIECES / 2));
    await until(() => closings().length === 1);
    expect(closings()[0]).toMatchObject({ bytesIn: BYTES / 4, bytesOut: BYTES / 2 });
  });

  test('is never handed over when it is HTTP: every request is read, also the one after a large body', async () => {
    let during = 0;
    const asked: string[] = [];
    serve = (socket) => {
      let count = 0;
      socket.on('data', (bytes) => {
        if (count === 0 || bytes.length < 1000) asked.push(bytes.toString('latin1').split('\r\n')[0] ?? '');
        count += bytes.length;
        during = Math.max(during, count > BYTES / 4 && during === 0 ? relaysOf(gateway).length : 0);
        if (count > BYTES / 2) socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
      });
    };
    const out = await inside(
      gateway,
      `${CLIENT}
s = socket.create_connection((ask('api.test'), ${port}), 30)
s.sendall(b'PUT /a HTTP/1.1\\r\\nHost: api.test\\r\\nContent-Length: ${BYTES / 2}\\r\\n\\r\\n')
for _ in range(${PIECES / 2}): s.sendall(piece)
print(s.recv(12))
s.sendall(b'GET /stolen HTTP/1.1\\r\\nHost: other.test\\r\\n\\r\\n')
s.settimeout(10); print(attempt(lambda: [1 for _ in iter(lambda: s.recv(4096), b'')] and 'read'))`,
    );
    expect(out).toContain("b'HTTP/1.1 200'");
    expect(during).toBe(0);
    expect(asked.join('\n')).not.toContain('stolen');
    expect(events).toContainEqual(
      expect.objectContaining({ kind: 'connect', verdict: 'denied', reason: 'name-mismatch' }),
    );
  });

  test('costs no processor time while its reader reads nothing, in either direction', async () => {
    // In small pieces: the pipe between is then full long before it holds as many bytes as it could.
    serve = (socket) => {
      socket.on('data', (bytes) => {
        if (bytes.includes(1)) socket.pause();
      });
      const talk = (): void => {
        while (socket.write(PIECE.subarray(0, 700)));
        socket.once('drain', talk);
      };
      socket.setNoDelay(true);
      talk();
    };
    const running = inside(
      gateway,
      `PORT = ${port}
${CLIENT}
s = spoken(); s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1); got = 0
while got < 24 * 1024 * 1024: got += len(s.recv(65536))
s.sendall(b'\\1')
s.setblocking(False)
end = time.time() + 4
while time.time() < end:
    try: s.send(b'x' * 50)
    except BlockingIOError: time.sleep(0.01)
`,
    );
    await until(() => relaysOf(gateway).length === 1);
    const [pid = 0] = relaysOf(gateway);
    const spent = (): number => {
      const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(' ');
      return Number(fields[13]) + Number(fields[14]);
    };
    await sleep(2_000);
    const before = spent();
    await sleep(1_500);
    // In hundredths of a second.
    expect(spent() - before).toBeLessThan(30);
    await running;
  });

  test('ends for both when its relay is killed, and the record says that its size is not known', async () => {
    let broken = false;
    serve = (socket) => {
      socket.on('close', () => {
        broken = true;
      });
      void send(socket, PIECES * 100);
    };
    const running = inside(
      gateway,
      `PORT = ${port}
${CLIENT}
print(attempt(lambda: talk(spoken(), 0, 0.001)))`,
    );
    await until(() => relaysOf(gateway).length === 1);
    for (const pid of relaysOf(gateway)) process.kill(pid, 'SIGKILL');
    expect(await running).not.toContain(digestOf(PIECES * 100));
    await until(() => broken && closings().length === 1);
    expect(events).toContainEqual(
      expect.objectContaining({ kind: 'gap', why: expect.stringContaining('relay was killed') }),
    );
  });

  test('is told with what it carried when the gateway is closed, and ends', async () => {
    serve = (socket) => void send(socket, PIECES * 100);
    const running = inside(
      gateway,
      `PORT = ${port}
${CLIENT}
print(attempt(lambda: talk(spoken(), 0, 0.001)))`,
    );
    await until(() => relaysOf(gateway).length === 1);
    const [pid] = relaysOf(gateway);
    await gateway.close();
    await running;
    expect(() => process.kill(pid ?? 0, 0)).toThrow('ESRCH');
    expect(closings()).toHaveLength(1);
    expect(closings()[0]?.bytesIn).toBeGreaterThan(4 * 1024 * 1024);
  });

  test('ends with the gateway, also when that is killed', async () => {
    serve = (socket) => void send(socket, PIECES * 100);
    const running = inside(
      gateway,
      `PORT = ${port}
${CLIENT}
print(attempt(lambda: talk(spoken(), 0, 0.001)))`,
    );
    await until(() => relaysOf(gateway).length === 1);
    const [pid] = relaysOf(gateway);
    process.kill(Number(gateway.namespacePath.split('/')[2]), 'SIGKILL');
    await running;
    await until(() => {
      try {
        process.kill(pid ?? 0, 0);
        return false;
      } catch {
        return true;
      }
    });
  });
});
