import { createServer as createHttp, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createHttps } from 'node:https';
import { createServer, type Server, type Socket } from 'node:net';

// The far side, a process of its own. Its standard input gives a certificate and a key; it tells its ports in one line.

const CHUNK = Buffer.alloc(1 << 18, 'x');

/** Writes so many bytes as fast as they are taken. */
function give(
  to: { write(bytes: Buffer): boolean; once(event: 'drain', then: () => void): unknown },
  bytes: number,
  then: () => void = () => undefined,
): void {
  let left = bytes;
  const pump = (): void => {
    while (left > 0) {
      const part = CHUNK.subarray(0, Math.min(left, CHUNK.length));
      left -= part.length;
      if (!to.write(part) && left > 0) {
        to.once('drain', pump);
        return;
      }
    }
    then();
  };
  pump();
}

/** A line with a number is answered by as many bytes. */
const raw = (socket: Socket): void => {
  socket.setNoDelay(true);
  socket.on('error', () => socket.destroy());
  socket.on('data', (asked: Buffer) => give(socket, Number(asked.toString('latin1'))));
};

/** So is a path. */
const http = ({ url = '/0' }: IncomingMessage, response: ServerResponse): void => {
  const bytes = Number(url.slice(1));
  response.writeHead(200, { 'content-length': bytes });
  give(response, bytes, () => response.end());
};

function listen(server: Server): Promise<number> {
  return new Promise((resolve) => {
    server.listen({ port: 0, host: '127.0.0.1', backlog: 4_096 }, () => {
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : 0);
    });
  });
}

let given = '';
process.stdin.setEncoding('utf8');
process.stdin.on('data', (text: string) => {
  given += text;
  if (!given.endsWith('\n')) return;
  const pair = JSON.parse(given) as { readonly cert: string; readonly key: string };
  const quiet = { keepAliveTimeout: 60_000, noDelay: true };
  void Promise.all([
    listen(createServer(raw)),
    listen(createHttp(quiet, http)),
    // Twice, as the gateway reads the requests of the one and not of the other.
    listen(createHttps({ ...pair, ...quiet }, http)),
    listen(createHttps({ ...pair, ...quiet }, http)),
  ]).then((ports) => process.stdout.write(`${ports.join(' ')}\n`));
});
process.stdin.on('end', () => process.exit(0));
