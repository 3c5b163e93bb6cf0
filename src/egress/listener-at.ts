import { connect } from 'node:net';

/** The second where not even the loopback is up. */
const NOBODY = ['ECONNREFUSED', 'ENETUNREACH'];
const WITHIN_MS = 1_000;

/**
 * Who listens there, by what whoever connects is told; undefined when surely nobody does. (To look for a listener among all
 * sockets of the machine takes longer than to start a gateway.)
 */
export function listenerAt(place: {
  readonly host: string;
  readonly port: number;
}): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ ...place, timeout: WITHIN_MS });
    const settle = (listener: string | undefined): void => {
      socket.destroy();
      resolve(listener);
    };
    socket.on('connect', () => settle('somebody listens'));
    socket.on('timeout', () => settle('whoever asks is not answered'));
    socket.on('error', ({ code, message }: NodeJS.ErrnoException) =>
      settle(
        code !== undefined && NOBODY.includes(code) ? undefined : `whoever asks is told ${code ?? message}`,
      ),
    );
  });
}
