import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { holdersOf, socketOf } from './socket-holders.ts';

let servers: Server[] = [];
let sockets: Socket[] = [];
let children: ChildProcess[] = [];
beforeEach(() => {
  servers = [];
  sockets = [];
  children = [];
});
afterEach(async () => {
  for (const child of children) {
    const gone = new Promise((resolve) => child.once('close', resolve));
    child.kill('SIGKILL');
    await gone;
  }
  for (const socket of sockets) socket.destroy();
  for (const server of servers) server.close();
});

async function connected(
  address: string,
): Promise<{ readonly localPort: number; readonly remotePort: number }> {
  const server = createServer((one) => sockets.push(one));
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, address, resolve));
  const at = server.address();
  const remotePort = typeof at === 'object' && at !== null ? at.port : 0;
  const socket = connect(remotePort, address);
  sockets.push(socket);
  await new Promise((resolve) => socket.once('connect', resolve));
  return { localPort: socket.localPort ?? 0, remotePort };
}

describe('who has a connection open', () => {
  test.each(['127.0.0.1', '::1'])('is found by both ends of it, to %s', async (remoteAddress) => {
    const flow = { ...(await connected(remoteAddress)), remoteAddress };
    const socket = socketOf(process.pid, flow);
    if (socket === undefined) throw new Error('no socket');
    expect(holdersOf(socket, [process.pid])).toEqual([process.pid]);
    // The other end is another socket, and neither end is that of another address or port.
    const { localPort, remotePort } = flow;
    expect(socketOf(process.pid, { remoteAddress, localPort: remotePort, remotePort: localPort })).not.toBe(
      socket,
    );
    expect(socketOf(process.pid, { ...flow, remoteAddress: '198.18.0.1' })).toBeUndefined();
    expect(socketOf(process.pid, { ...flow, remoteAddress: 'fd63::1' })).toBeUndefined();
    expect(socketOf(process.pid, { ...flow, remotePort: 1 })).toBeUndefined();
    expect(socketOf(process.pid, { ...flow, remoteAddress: 'hostile' })).toBeUndefined();
  });

  test('is every process that has it, and is not said where there is too much to look at', async () => {
    const code = `
import os, resource, socket, sys, time
resource.setrlimit(resource.RLIMIT_NOFILE, (12000, 12000))
s = socket.create_connection(('127.0.0.1', int(sys.argv[1])))
print(s.getsockname()[1], flush=True)
if os.fork() == 0: time.sleep(600)
sys.stdin.readline()
for _ in range(11000): os.dup(0)
for _ in range(2):
    if os.fork() == 0: time.sleep(600)
print('held', flush=True); time.sleep(600)`;
    const { remotePort } = await connected('127.0.0.1');
    const child = spawn('python3', ['-c', code, String(remotePort)], {
      stdio: ['pipe', 'pipe', 'inherit'],
      detached: true,
    });
    const said = (): Promise<string> =>
      new Promise((resolve) => child.stdout.once('data', (chunk) => resolve(String(chunk))));
    const localPort = Number(await said());
    const pid = child.pid ?? 0;
    try {
      const socket = socketOf(process.pid, { localPort, remotePort, remoteAddress: '127.0.0.1' }) ?? '';
      const family = () => [pid, ...childrenOf(pid)];
      await expect.poll(() => holdersOf(socket, family())?.length).toBe(2);
      child.stdin.write('\n');
      await said();
      expect(holdersOf(socket, family())).toBeUndefined();
    } finally {
      process.kill(-pid, 'SIGKILL');
    }
  });
});

function childrenOf(pid: number): readonly number[] {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1');
  return text
    .split(' ')
    .filter((word) => word !== '')
    .map(Number);
}
