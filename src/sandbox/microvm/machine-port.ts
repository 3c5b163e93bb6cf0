import { createServer, type Socket } from 'node:net';
import { chmodSync } from 'node:fs';

/** A socket that the machine's monitor connects to, once. */
export interface MachinePort {
  /** Settles with the connection; stays open after a close before that. */
  readonly connected: Promise<Socket>;
  close(): void;
}

/** Listens at a path in a folder that only the monitor and root can pass through. The first connection is the only one. */
export async function openMachinePort(path: string): Promise<MachinePort> {
  const server = createServer();
  const connected = new Promise<Socket>((resolve) => {
    server.once('connection', (socket) => {
      server.close();
      resolve(socket);
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, resolve);
  });
  chmodSync(path, 0o666);
  return {
    connected,
    close: () => {
      server.close();
      void connected.then((socket) => socket.destroy());
    },
  };
}
