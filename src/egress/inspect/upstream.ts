import { Agent } from 'node:https';
import { isIP, type Socket } from 'node:net';
import {
  connect,
  createSecureContext,
  getCACertificates,
  type SecureContext,
  type TLSSocket,
} from 'node:tls';
import { callbackify } from 'node:util';

/** The far side of an inspected connection: connections of its own, to addresses that were checked. */
export interface Upstream {
  readonly agent: Agent;
  /** Bytes of all its connections so far, as they were on the wire. */
  readonly bytes: () => { readonly inward: number; readonly outward: number };
  readonly close: () => void;
}

const MAX_CONNECTIONS = 8;

/** Whom a server may be vouched for by: as Node.js does, as this machine does, and who was named. */
export function trustedAuthorities(named: string): readonly string[] {
  const extra = named.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  return [...new Set([...getCACertificates('default'), ...getCACertificates('system'), ...extra])];
}

/** What connections to servers are secured by. Made once: to read the authorities takes longer than all the rest of a connection. */
export function outwardContext(trusted: readonly string[]): SecureContext {
  return createSecureContext({ ca: [...trusted], minVersion: 'TLSv1.2' });
}

/**
 * `first` is connected already; `dial` gives a further one, or undefined. The server's certificate must be for the host, by
 * an authority that is trusted, also when the job's own client would not ask. TLS with it begins at once, while the client's own
 * handshake goes on.
 */
export function openUpstream(options: {
  readonly host: string;
  readonly first: Socket;
  readonly dial: () => Promise<Socket | undefined>;
  readonly context: SecureContext;
}): Upstream {
  const { host, context } = options;
  const sockets: Socket[] = [options.first];
  const agent = new Agent({ keepAlive: true, maxSockets: MAX_CONNECTIONS });
  const secured = (socket: Socket): TLSSocket =>
    connect({
      socket,
      host,
      ...(isIP(host) === 0 && { servername: host }),
      secureContext: context,
      ALPNProtocols: ['http/1.1'],
    });
  // Whatever failed before it was used fails once more, and is then told, when it is used.
  let waiting: TLSSocket | undefined = secured(options.first).on('error', () => undefined);
  const secure = callbackify(async (): Promise<TLSSocket> => {
    const ready = waiting;
    waiting = undefined;
    if (ready !== undefined && !ready.destroyed && !ready.readableEnded) return ready;
    const socket = await options.dial();
    if (socket === undefined) throw Object.assign(new Error('unreachable'), { code: 'ECONNREFUSED' });
    sockets.push(socket);
    return secured(socket);
  });
  agent.createConnection = (_options, callback) => {
    secure((error: Error | null, socket?: Socket) => callback?.(error, socket ?? options.first));
    return undefined;
  };
  // Until it is used, nobody else hears of its end.
  options.first.on('error', () => options.first.destroy());
  return {
    agent,
    bytes: () => ({
      inward: sockets.reduce((sum, socket) => sum + socket.bytesRead, 0),
      outward: sockets.reduce((sum, socket) => sum + socket.bytesWritten, 0),
    }),
    close: () => {
      agent.destroy();
      for (const socket of sockets) socket.destroy();
    },
  };
}
