import { once } from 'node:events';
import { request } from 'node:https';
import { connect, type Socket } from 'node:net';
import { createServer, type Server } from 'node:tls';
import { afterEach, describe, expect, test } from 'vitest';
import { certificateFor, makeAuthority } from './authority.ts';
import { isDistrust } from './forward.ts';
import { openUpstream, outwardContext, type Upstream } from './upstream.ts';

const world = makeAuthority(['api.test', 'other.test']);
let server: Server | undefined;
let opened: Upstream | undefined;
let port = 0;
let heard = '';

afterEach(async () => {
  opened?.close();
  opened = undefined;
  await new Promise((resolve) => server?.close(resolve));
});

async function serve(host: string, take: (socket: Socket) => void = () => undefined): Promise<void> {
  const { certificate, key } = certificateFor(world, host);
  heard = '';
  server = createServer({ cert: certificate, key }, (socket) => {
    socket.on('error', () => undefined);
    socket.on('data', (bytes: Buffer) => {
      heard += bytes.toString('latin1');
      socket.write('HTTP/1.1 204 No Content\r\n\r\n');
    });
    take(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  port = typeof address === 'object' && address !== null ? address.port : 0;
}

async function dial(): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  return socket;
}

/** The status of an answer, or the error. */
function ask({ agent }: Upstream): Promise<number | NodeJS.ErrnoException | undefined> {
  return new Promise((resolve) => {
    request({ agent, host: 'api.test', path: '/' })
      .on('response', (answer) => {
        answer.resume();
        resolve(answer.statusCode);
      })
      .on('error', resolve)
      .end();
  });
}

const context = outwardContext([world.certificate]);

describe('the server of an inspected host', () => {
  test('is spoken to in TLS before a request is there, and the request needs no other connection', async () => {
    await serve('api.test');
    const secured = once(server ?? expect.fail(), 'secureConnection');
    let dialled = 0;
    const again = (): Promise<Socket> => {
      dialled += 1;
      return dial();
    };
    opened = openUpstream({ host: 'api.test', first: await dial(), dial: again, context });
    await secured;
    expect(heard).toBe('');
    expect(await ask(opened)).toBe(204);
    expect(dialled).toBe(0);
  });

  test('is held to its certificate however early that was seen, and hears of no request without a right one', async () => {
    await serve('other.test');
    const first = await dial();
    opened = openUpstream({ host: 'api.test', first, dial, context });
    await once(first, 'close');
    for (let again = 0; again < 2; again += 1) {
      const answer = await ask(opened);
      expect(typeof answer === 'object' && isDistrust(answer)).toBe(true);
    }
    expect(heard).toBe('');
  });

  test('that ended the first connection before it was used is asked by another', async () => {
    let taken = 0;
    await serve('api.test', (socket) => {
      taken += 1;
      if (taken === 1) socket.end();
    });
    const first = await dial();
    opened = openUpstream({ host: 'api.test', first, dial, context });
    await once(first, 'close');
    expect(await ask(opened)).toBe(204);
    expect(taken).toBe(2);
  });
});
