import { once } from 'node:events';
import { connect as dial, createServer as createPlain, type Server, type Socket } from 'node:net';
import { connect, createServer, type TLSSocket } from 'node:tls';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ConnectionContext } from '../connection-context.ts';
import { Budgets } from '../budgets.ts';
import { Recorder } from '../recorder.ts';
import { certificateFor, makeAuthority } from './authority.ts';
import { makeInspector } from './inspect.ts';

const HOSTS = ['api.test', 'other.test'];
const own = makeAuthority(HOSTS);
const world = makeAuthority(HOSTS);
let servers: Server[] = [];
let sockets: Socket[] = [];

async function portOf(server: Server): Promise<number> {
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

let hostNow = '';
let job = 0;
beforeEach(async () => {
  const { certificate, key } = certificateFor(world, 'api.test');
  const far = await portOf(createServer({ cert: certificate, key }, (socket) => void sockets.push(socket)));
  job = await runOfAJob(far);
});
afterEach(() => {
  for (const socket of sockets) socket.destroy();
  for (const server of servers) server.close();
  servers = [];
  sockets = [];
});

/** The gateway's side of one run, for whatever host is asked for at the moment. */
async function runOfAJob(far: number): Promise<number> {
  const inspector = makeInspector({ authority: own, trusted: world.certificate });
  const context = { recorder: new Recorder(() => undefined), budgets: new Budgets() };
  return portOf(
    createPlain((client) => {
      const upstream = dial(far, '127.0.0.1');
      sockets.push(client, upstream);
      inspector.inspect(
        {
          client,
          first: Buffer.alloc(0),
          far: upstream,
          dial: async () => undefined,
          target: { id: 1, family: 4, clientPort: 1, address: '198.18.0.1', port: 443, host: hostNow },
          reads: [],
        },
        context as unknown as ConnectionContext,
        () => undefined,
      );
    }),
  );
}

async function visit(port: number, host: string, session?: Buffer): Promise<TLSSocket> {
  hostNow = host;
  const socket = connect({
    port,
    host: '127.0.0.1',
    servername: host,
    ca: own.certificate,
    ...(session !== undefined && { session }),
  });
  sockets.push(socket);
  await once(socket, 'secureConnect');
  return socket;
}

describe('a client that comes again to an inspected host', () => {
  test('goes on with its session, and so needs no new signature', async () => {
    const first = await visit(job, 'api.test');
    const [session] = (await once(first, 'session')) as [Buffer];
    expect(first.isSessionReused()).toBe(false);
    expect((await visit(job, 'api.test', session)).isSessionReused()).toBe(true);
  });

  test('has no session with another host, nor in another run', async () => {
    const [session] = (await once(await visit(job, 'api.test'), 'session')) as [Buffer];
    expect((await visit(job, 'other.test', session)).isSessionReused()).toBe(false);
    const another = await runOfAJob(job);
    expect((await visit(another, 'api.test', session)).isSessionReused()).toBe(false);
  });
});
