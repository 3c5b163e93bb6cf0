import type { Socket } from 'node:net';
import type { DenialReason } from '../contract.ts';
import { SshHandshake, type Taken } from './handshake.ts';

/** In which both sides must have come to their keys. */
const HANDSHAKE_MS = 60_000;

export interface Followed {
  /** Why it must end, which is the caller's to tell and to do; absent: both sides have their keys, and the sockets are paused. */
  readonly denied?: DenialReason;
  /** A side went away before. */
  readonly gone?: true;
  readonly shown?: string;
}

/**
 * Carries an SSH connection up to the moment in which it is encrypted, and ends it when it is none or shows another key. `first`
 * was read of the client already.
 */
export function followSsh(
  { client, far }: { readonly client: Socket; readonly far: Socket },
  first: Buffer,
  hostKeys: readonly string[],
  spend: (way: 'upload' | 'download', bytes: Buffer) => boolean,
  withinMs = HANDSHAKE_MS,
): Promise<Followed> {
  const handshake = new SshHandshake(hostKeys);
  return new Promise((resolve) => {
    const done = (followed: Followed): void => {
      clearTimeout(late);
      client.off('data', fromClient).off('close', gone).off('end', gone);
      far.off('data', fromServer).off('close', gone).off('end', gone);
      client.pause();
      far.pause();
      const { shown } = handshake;
      resolve({ ...followed, ...(shown !== undefined && { shown }) });
    };
    const go = ({ toServer, toClient, denied }: Taken): void => {
      const spent =
        toServer.every((bytes) => spend('upload', bytes)) &&
        toClient.every((bytes) => spend('download', bytes));
      const reason = spent ? denied : 'budget';
      // One side may be encrypted for a while, and have much to say.
      if (!toServer.map((bytes) => far.write(bytes)).every(Boolean)) wait(client, far);
      if (!toClient.map((bytes) => client.write(bytes)).every(Boolean)) wait(far, client);
      if (reason !== undefined) {
        far.destroy();
        done({ denied: reason });
      } else if (handshake.over) done({});
    };
    const wait = (from: Socket, to: Socket): void => {
      from.pause();
      to.once('drain', () => from.resume());
    };
    const fromClient = (bytes: Buffer): void => go(handshake.client(bytes));
    const fromServer = (bytes: Buffer): void => go(handshake.server(bytes));
    const gone = (): void => {
      client.destroy();
      far.destroy();
      done({ gone: true });
    };
    const late = setTimeout(() => {
      far.destroy();
      done({ denied: 'protocol-not-allowed' });
    }, withinMs);
    client.on('data', fromClient).on('close', gone).on('end', gone);
    far.on('data', fromServer).on('close', gone).on('end', gone);
    if (first.length > 0) fromClient(first);
    if (client.destroyed || handshake.over) return;
    client.resume();
    far.resume();
  });
}
