import { connect, type Socket } from 'node:net';

const DIAL_MS = 10_000;
const MAX_ADDRESSES = 8;

/** The addresses in turn, ten seconds for each. What is dialled is what was resolved and checked: nothing is resolved again. */
export async function dial(addresses: readonly string[], port: number): Promise<Socket | undefined> {
  for (const host of addresses.slice(0, MAX_ADDRESSES)) {
    const far = await new Promise<Socket | undefined>((resolve) => {
      const socket = connect({ host, port, noDelay: true, timeout: DIAL_MS });
      socket.once('connect', () => {
        socket.setTimeout(0);
        socket.removeAllListeners();
        // The far side may reset before whoever dialled listens.
        socket.on('error', () => socket.destroy());
        resolve(socket);
      });
      const failed = (): void => {
        socket.destroy();
        resolve(undefined);
      };
      socket.once('error', failed);
      socket.once('timeout', failed);
    });
    if (far !== undefined) return far;
  }
  return undefined;
}
