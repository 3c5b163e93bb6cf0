import type { IncomingMessage } from 'node:http';
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2';
import { request as ask } from 'node:https';
import type { Socket } from 'node:net';
import type { Budgets } from '../budgets.ts';
import type { Target } from '../connection-context.ts';
import type { AllowedDestination, DenialReason } from '../contract.ts';
import { type BodyEnd, bodyHeaders } from './body.ts';
import type { Upstream } from './upstream.ts';

interface Forwarding {
  readonly request: Http2ServerRequest;
  readonly response: Http2ServerResponse;
  readonly entry: AllowedDestination;
  readonly target: Target & { readonly host: string };
  readonly upstream: Upstream;
  readonly budgets: Budgets;
  readonly end: BodyEnd;
}

/** Headers that are of one connection and not of a message (RFC 9110 section 7.6.1, RFC 9113 section 8.2.2). */
const OF_A_CONNECTION = [
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authenticate',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
];

/** Of an answer, what its reader has not taken yet. To stop and begin again for each 64 KiB would take longer than to carry them. */
const MAX_UNREAD = 262_144;

/**
 * Asks the far side, in HTTP/1.1, what the client asked for, and gives its answer. `denied` is called at most once: when the
 * server is not who it must be, or when more would pass than the entry allows.
 */
export function forward(
  { request, response, entry, target, upstream, budgets, end }: Forwarding,
  denied: (reason: DenialReason) => void,
): void {
  let over = false;
  const stop = (reason: DenialReason): void => {
    if (over) return;
    over = true;
    asked.destroy();
    denied(reason);
  };
  const expects = request.headers.expect !== undefined;
  const asked = ask({
    agent: upstream.agent,
    host: target.host,
    port: target.port,
    servername: target.host,
    method: request.method,
    path: request.url,
    headers: {
      ...bodyHeaders(end, messageHeaders(request.headers)),
      host: hostHeader(target),
      // A server that takes no body where one stands reads it as the next request: after this one there is none.
      ...((end.kind === 'chunks' || end.bytes > 0) && { connection: 'close' }),
    },
  });
  let left = end.kind === 'chunks' ? Number.POSITIVE_INFINITY : end.bytes;
  asked.on('response', (answer: IncomingMessage) => {
    if (over) {
      answer.destroy();
      return;
    }
    if (!isFinal(answer.statusCode, request.httpVersionMajor)) {
      answer.destroy();
      noAnswer();
      return;
    }
    if (!budgets.take(entry, { download: answer.rawHeaders.reduce((sum, one) => sum + one.length, 0) })) {
      stop('budget');
      return;
    }
    try {
      response.writeHead(answer.statusCode ?? 502, messageHeaders(answer.headers));
    } catch {
      // What can be said in HTTP/1.1 and not to this client.
      over = true;
      answer.destroy();
      cutOff(request, response);
      return;
    }
    answer.on('data', (bytes: Buffer) => {
      if (!budgets.take(entry, { download: bytes.length })) stop('budget');
      else if (!response.write(bytes) && response.writableLength > MAX_UNREAD) {
        answer.pause();
        response.once('drain', () => answer.resume());
      }
    });
    answer.on('end', () => response.end());
    answer.on('error', () => cutOff(request, response));
    // An answer that was cut must not look whole.
    answer.on('aborted', () => cutOff(request, response));
  });
  const noAnswer = (): void => {
    if (over) return;
    over = true;
    if (response.headersSent) {
      cutOff(request, response);
      return;
    }
    response.writeHead(502, { 'content-type': 'text/plain; charset=utf-8' });
    response.end(`Cofferdam got no answer from ${target.host}:${target.port}, which is allowed.\n`);
  };
  asked.on('error', (error: NodeJS.ErrnoException) => {
    if (isDistrust(error)) stop('server-not-trusted');
    else noAnswer();
  });
  // Nobody asked for another protocol here.
  asked.on('upgrade', (_answer: IncomingMessage, far: Socket) => {
    far.destroy();
    noAnswer();
  });
  if (expects) response.writeContinue();
  request.on('data', (bytes: Buffer) => {
    if (over) return;
    left -= bytes.length;
    if (left < 0) stop('malformed');
    else if (!budgets.take(entry, { upload: bytes.length })) stop('budget');
    else if (!asked.write(bytes)) {
      request.pause();
      asked.once('drain', () => request.resume());
    }
  });
  request.on('end', () => {
    if (over) return;
    // What is missing would be taken from the next request.
    if (left > 0 && end.kind === 'bytes') stop('malformed');
    else asked.end();
  });
  request.on('aborted', () => asked.destroy());
  request.on('error', () => asked.destroy());
  response.on('close', () => {
    if (!response.writableFinished) asked.destroy();
  });
}

/** Whether a status ends an exchange, and can be said to the client: HTTP/2 knows none above 599 (RFC 9110 section 15). */
function isFinal(status: number | undefined, version: number): boolean {
  return status !== undefined && status >= 200 && status <= (version === 1 ? 999 : 599);
}

/** Whether nobody waits for an answer any more. */
export function isGone(request: Http2ServerRequest, response: Http2ServerResponse): boolean {
  return request.httpVersionMajor === 1 ? request.socket.destroyed : response.stream.destroyed;
}

/** Ends an answer so that nobody takes it for whole: the connection in HTTP/1.1, the stream in HTTP/2. */
export function cutOff(request: Http2ServerRequest, response: Http2ServerResponse): void {
  if (request.httpVersionMajor === 1) request.socket.destroy();
  else response.stream.destroy();
}

export function hostHeader({ host, port }: Target & { readonly host: string }): string {
  const name = host.includes(':') ? `[${host}]` : host;
  return port === 443 ? name : `${name}:${port}`;
}

/** The headers of a message without those of its connection, and without those that it says are. */
export function messageHeaders(
  headers: Readonly<Record<string, string | string[] | undefined>>,
): Record<string, string | string[]> {
  const named = String(headers['connection'] ?? '')
    .split(',')
    .map((name) => name.trim().toLowerCase());
  const kept: Record<string, string | string[]> = {};
  for (const [name, value] of Object.entries(headers)) {
    const isLeftOut =
      name.startsWith(':') || name === 'host' || name === 'expect' || OF_A_CONNECTION.includes(name);
    if (value !== undefined && !isLeftOut && !named.includes(name)) kept[name] = value;
  }
  return kept;
}

export function isDistrust(error: NodeJS.ErrnoException): boolean {
  return /^(CERT_|ERR_TLS_CERT|SELF_SIGNED|DEPTH_ZERO|UNABLE_TO_|ERR_SSL|HOSTNAME_MISMATCH|INVALID_CA|EPROTO)/.test(
    error.code ?? '',
  );
}
