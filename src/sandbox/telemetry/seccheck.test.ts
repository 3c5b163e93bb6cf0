import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Observation } from '../contract.ts';
import { type Telemetry, startTelemetry } from './telemetry.ts';

let folder = '';
let telemetry: Telemetry | undefined;
let seen: Observation[] = [];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cofferdam-seccheck-'));
  seen = [];
  const started = await startTelemetry({
    directory: join(folder, 'trace'),
    observe: (one) => seen.push(one),
    repositories: ['/work'],
    ownKernel: true,
    innerUid: (uid) => uid,
  });
  if (!started.ok) throw new Error(started.error.why);
  telemetry = started.value;
});
afterEach(async () => {
  await telemetry?.close();
  await rm(folder, { recursive: true });
});

/** A kernel that was taken over: it says what it likes. Its messages are made by a script, as only that has such sockets. */
async function kernel(script: string): Promise<void> {
  const prelude = `
import os, random, socket, struct, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
s.connect(sys.argv[1]); s.send(bytes([8, 1])); assert s.recv(100) == bytes([8, 1])
def varint(n):
    out = b''
    while n > 127: out += bytes([n & 127 | 128]); n >>= 7
    return out + bytes([n])
def number(field, n): return varint(field << 3) + varint(n)
def text(field, b): return varint(field << 3 | 2) + varint(len(b)) + b
def who(pid, parent=1, uid=1001): return text(1, number(1, 10**18) + number(4, pid) + number(10, parent) + text(7, number(1, uid)) + text(8, b'/work'))
def send(kind, body, dropped=0, header=8): s.send(struct.pack('<HHI', header, kind, dropped) + body)
def execute(pid, *argv, dropped=0): send(3, who(pid) + text(2, argv[0]) + b''.join(text(3, a) for a in argv), dropped)
`;
  const child = spawn('python3', ['-c', `${prelude}${script}`, telemetry?.listenerPath ?? ''], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  expect(await new Promise((resolve) => child.once('close', resolve))).toBe(0);
}

const programs = (): readonly (readonly string[])[] =>
  seen.flatMap((one) => (one.kind === 'process' ? [one.process.argv] : []));
const gaps = (): readonly string[] => seen.flatMap((one) => (one.kind === 'gap' ? [one.why] : []));

describe('the word of a kernel of its own', () => {
  it('is read to its bounds, and no word of a hostile one ends the telemetry', async () => {
    await kernel(`
random.seed(7)
for i in range(4000):
    body = bytes(random.randrange(256) for _ in range(random.randrange(200)))
    send(random.choice([1, 2, 3, 4, 7, 10, 14, 15, 37, 999]), body, header=random.choice([0, 7, 8, 8, 8, 60000]))
good = who(5) + text(2, b'/bin/x') + text(3, b'x')
for cut in range(len(good)): send(3, good[:cut])
s.send(b''); s.send(b'x')
send(3, who(6) + text(3, b'y' * 100000) + text(3, b'z') * 2000)
send(7, who(6) + text(6, b'/../' * 5000 + b'/work/.npmrc') + number(7, 65))
send(10, who(6) + text(6, b'\\x02\\x00')); send(10, who(6) + text(6, b'\\x01\\x00' + b'p' * 5000)); send(37, who(6) + text(7, b'\\x01\\x00' + b'p' * 5000))
execute(7, b'true', b'\\n{"kind":"ended"}\\n', b'\\xff')`);
    await telemetry?.observed();
    expect(programs().at(-1)).toEqual(['true', '\n{"kind":"ended"}\n', '\ufffd']);
    for (const one of seen) {
      if (one.kind !== 'process') continue;
      expect(one.process.argv.length).toBeLessThanOrEqual(64);
      expect(one.process.argv.join('').length).toBeLessThanOrEqual(4_096);
    }
    // No line of it was one that we could not read.
    expect(gaps().filter((why) => why.includes('not understood'))).toEqual([]);
  });

  it('is told to be incomplete when that kernel could not send all of it', async () => {
    await kernel(
      `execute(5, b'a'); execute(6, b'b', dropped=3); execute(7, b'c', dropped=3); execute(8, b'd', dropped=4)`,
    );
    await telemetry?.observed();
    expect(programs()).toEqual([['a'], ['b'], ['c'], ['d']]);
    expect(gaps().slice(0, 2)).toEqual([
      expect.stringMatching(/^3 observations .* lost/),
      expect.stringMatching(/^1 observations .* lost/),
    ]);
  });

  it('ends in failure when it falls silent while its sandbox is in use', async () => {
    await kernel(`execute(5, b'a')`);
    expect((await telemetry?.died)?.why).toContain('ended by itself');
    expect(gaps()).toHaveLength(1);
  });

  it('is heard of one kernel only', async () => {
    await kernel(`
execute(5, b'first')
other = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
other.connect(sys.argv[1])
other.settimeout(5)
try: other.send(bytes([8, 1])); assert other.recv(100) == b''
except ConnectionError: pass`);
    await telemetry?.observed();
    expect(programs()).toEqual([['first']]);
    expect(gaps()[0]).toBe('a connection to the listener was refused');
  });
});
