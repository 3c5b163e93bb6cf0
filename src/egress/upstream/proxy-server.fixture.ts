import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';

/** What a test's proxy heard, and how it behaves. */
export interface TestProxy {
  readonly port: number;
  /** Each request or destination that it was asked for, as it came. */
  readonly asked: string[];
  close(): Promise<void>;
}

type Serve = (socket: Socket, asked: string[]) => void;

export function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}

/** A server on loopback; over TLS when it has a certificate. */
export async function serve(
  take: Serve,
  tls?: { readonly certificate: string; readonly key: string },
  at = 0,
): Promise<TestProxy> {
  const asked: string[] = [];
  const sockets = new Set<Socket>();
  const accept = (socket: Socket): void => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    take(socket, asked);
  };
  const server =
    tls === undefined
      ? createServer(accept)
      : createTlsServer({ cert: tls.certificate, key: tls.key }, accept);
  await new Promise<void>((resolve) => server.listen(at, '127.0.0.1', resolve));
  return {
    port: portOf(server),
    asked,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Answers every CONNECT with the same bytes. */
export function answers(...parts: readonly (string | Buffer)[]): Serve {
  return (socket, asked) =>
    socket.once('data', (bytes: Buffer) => {
      asked.push(bytes.toString('latin1'));
      for (const part of parts) socket.write(part);
    });
}

/** Does what CONNECT asks for. Names are this machine's. */
export function httpProxy(): Serve {
  return (socket, asked) =>
    socket.once('data', (bytes: Buffer) => {
      const head = bytes.toString('latin1');
      asked.push(head);
      join(socket, Number(/^CONNECT \S+:(\d+) /.exec(head)?.[1]), 'HTTP/1.1 200 Connected\r\nX: y\r\n\r\n');
    });
}

/** SOCKS5 with a password. Names are this machine's. */
export function socksProxy(): Serve {
  return (socket, asked) => {
    let step = 0;
    socket.on('data', function take(bytes: Buffer) {
      step += 1;
      if (step === 1) {
        asked.push(`methods ${bytes.toString('hex')}`);
        socket.write(Buffer.of(5, 2));
      } else if (step === 2) {
        asked.push(`password ${bytes.toString('latin1')}`);
        socket.write(Buffer.of(1, 0));
      } else {
        asked.push(`request ${bytes.toString('hex')}`);
        socket.off('data', take);
        join(socket, bytes.readUInt16BE(bytes.length - 2), Buffer.of(5, 0, 0, 1, 0, 0, 0, 0, 0, 0));
      }
    });
  };
}

function join(socket: Socket, port: number, opened: string | Buffer): void {
  const far = connect(port, '127.0.0.1', () => {
    socket.write(opened);
    socket.pipe(far);
    far.pipe(socket);
  });
  far.on('error', () => socket.destroy());
}
