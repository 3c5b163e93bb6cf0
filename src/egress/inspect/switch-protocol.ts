import type { IncomingMessage } from 'node:http';
import { request as ask } from 'node:https';
import type { Socket } from 'node:net';
import type { Budgets } from '../budgets.ts';
import type { Target } from '../connection-context.ts';
import type { AllowedDestination, DenialReason } from '../contract.ts';
import { isAccepted } from '../websocket.ts';
import { hostHeader, isDistrust, messageHeaders } from './forward.ts';
import type { Upstream } from './upstream.ts';

interface Switching {
  readonly request: Pick<IncomingMessage, 'url' | 'headers'>;
  /** The client's, from which the request was read. */
  readonly client: Socket;
  readonly key: string;
  readonly entry: AllowedDestination;
  readonly target: Target & { readonly host: string };
  readonly upstream: Upstream;
  readonly budgets: Budgets;
}

/**
 * Asks the far side for a WebSocket, and carries it when the server changes to it: from then on what is said is not read, and
 * counted. Any other answer is given to the client, and is the last on its connection. `denied` is called at most once.
 */
export function switchProtocol(
  { request, client, key, entry, target, upstream, budgets }: Switching,
  denied: (reason: DenialReason) => void,
): void {
  let over = false;
  const stop = (reason?: DenialReason): void => {
    if (over) return;
    over = true;
    asked.destroy();
    client.destroy();
    if (reason !== undefined) denied(reason);
  };
  const asked = ask({
    agent: upstream.agent,
    host: target.host,
    port: target.port,
    servername: target.host,
    method: 'GET',
    path: request.url,
    headers: {
      ...messageHeaders(request.headers),
      host: hostHeader(target),
      connection: 'Upgrade',
      upgrade: 'websocket',
    },
  });
  const carry = (from: Socket, to: Socket, way: 'upload' | 'download', first?: Buffer): void => {
    const pass = (bytes: Buffer): void => {
      if (!budgets.take(entry, { [way]: bytes.length })) {
        to.destroy();
        stop('budget');
      } else if (!to.write(bytes)) {
        from.pause();
        to.once('drain', () => from.resume());
      }
    };
    if (first !== undefined && first.length > 0) pass(first);
    from.on('data', pass);
    from.on('end', () => to.end());
    from.on('error', () => to.destroy());
    from.on('close', () => to.destroy());
  };
  asked.on('upgrade', (answer: IncomingMessage, far: Socket, first: Buffer) => {
    if (over || !isAccepted(key, answer.headers)) {
      far.destroy();
      stop('protocol-not-allowed');
      return;
    }
    client.write(headOf(answer, ''));
    carry(far, client, 'download', first);
    carry(client, far, 'upload');
    client.resume();
  });
  asked.on('response', (answer: IncomingMessage) => {
    client.write(headOf(answer, 'Connection: close\r\n'));
    answer.on('data', (bytes: Buffer) => {
      if (!budgets.take(entry, { download: bytes.length })) stop('budget');
      else if (!client.write(bytes)) {
        answer.pause();
        client.once('drain', () => answer.resume());
      }
    });
    answer.on('end', () => client.end());
    answer.on('error', () => client.destroy());
  });
  asked.on('error', (error: NodeJS.ErrnoException) =>
    stop(isDistrust(error) ? 'server-not-trusted' : undefined),
  );
  client.on('error', () => stop());
  client.on('close', () => asked.destroy());
  asked.end();
}

/** The head of an answer as it was read, so that it can be said once more; of its connection only what a WebSocket needs. */
function headOf({ statusCode = 502, statusMessage = '', rawHeaders }: IncomingMessage, last: string): string {
  const lines: string[] = [];
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const [name = '', value = ''] = [rawHeaders[at], rawHeaders[at + 1]];
    const ofConnection = /^(connection|keep-alive|transfer-encoding)$/i.test(name);
    if (!(last !== '' && ofConnection)) lines.push(`${name}: ${value}\r\n`);
  }
  return `HTTP/1.1 ${statusCode} ${statusMessage}\r\n${lines.join('')}${last}\r\n`;
}
