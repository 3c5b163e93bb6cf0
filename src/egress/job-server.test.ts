import { spawn } from 'node:child_process';
import { connect, type Socket } from 'node:net';
import { expect, test } from 'vitest';
import { jobServer } from './job-server.ts';

/** TCP_NODELAY of a socket, as the kernel has it. */
async function noDelay(socket: Socket): Promise<string> {
  const ask = 'import socket; s = socket.socket(fileno=0); print(s.getsockopt(6, 1))';
  const child = spawn('python3', ['-c', ask], { stdio: [socket, 'pipe', 'inherit'] });
  let said = '';
  child.stdout?.on('data', (part: Buffer) => {
    said += part.toString('latin1');
  });
  await new Promise((resolve) => child.once('close', resolve));
  return said.trim();
}

test('what the gateway answers a job is sent at once, also while something before it was not acknowledged', async () => {
  const taken = Promise.withResolvers<Socket>();
  const server = jobServer((socket) => taken.resolve(socket));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const client = connect(typeof address === 'object' && address !== null ? address.port : 0, '127.0.0.1');
  const socket = await taken.promise;
  expect(await noDelay(socket)).toBe('1');
  socket.destroy();
  client.destroy();
  await new Promise((resolve) => server.close(resolve));
});
