import { randomBytes } from 'node:crypto';
import {
  createSecureServer,
  type Http2SecureServer,
  type Http2Server,
  type Http2ServerRequest,
  type Http2ServerResponse,
} from 'node:http2';
import type { Socket } from 'node:net';
import { type SecureContext, TLSSocket } from 'node:tls';
import { hostName } from '../../config/index.ts';
import { type ConnectionContext, type Inspector, placeOf, type Target } from '../connection-context.ts';
import type { AllowedDestination, DenialReason, Inspection } from '../contract.ts';
import { decideRequest } from '../decide.ts';
import { ruleReason } from '../own-rules.ts';
import { certificateFor, type ServerCertificate } from './authority.ts';
import { overridesIn } from '../overrides.ts';
import { webSocketKey } from '../websocket.ts';
import { type BodyEnd, bodyEnd } from './body.ts';
import { cutOff, forward, isGone } from './forward.ts';
import { switchProtocol } from './switch-protocol.ts';
import { openUpstream, outwardContext, trustedAuthorities, type Upstream } from './upstream.ts';

const MAX_HEAD = 65_536;
const MAX_STREAMS = 100;
const HEAD_MS = 30_000;
/** Requests of one connection that have no answer yet. HTTP/2 has a bound of its own; whoever writes HTTP/1.1 may ask on without end. */
const MAX_WAITING = 100;
/** Of HTTP/2. */
export const SETTINGS = { maxConcurrentStreams: MAX_STREAMS, enablePush: false, maxHeaderListSize: MAX_HEAD };

/** A connection whose TLS ends here: what its client asks for is read request by request. */
interface Inspected {
  readonly client: Socket;
  readonly first: Buffer;
  readonly target: Target & { readonly host: string };
  readonly reads: readonly AllowedDestination[];
  readonly upstream: Upstream;
}

/** A client may go on with the session of an earlier connection to the same host of the same run, and to no other. */
interface ServerSecrets extends ServerCertificate {
  readonly ticketKeys: Buffer;
}
const TICKET_KEYS_BYTES = 48;

/** Reads requests inside of TLS under the authority of a run. */
export function makeInspector({ authority, trusted }: Inspection): Inspector {
  const servers = new Map<string, ServerSecrets>();
  let outward: SecureContext | undefined;
  return {
    inspect: ({ client, first, far, dial, target, reads }, context, done) => {
      const host = target.host ?? target.address;
      const secrets = servers.get(host) ?? {
        ...certificateFor(authority, host),
        ticketKeys: randomBytes(TICKET_KEYS_BYTES),
      };
      servers.set(host, secrets);
      outward ??= outwardContext(trustedAuthorities(trusted));
      const upstream = openUpstream({ host, first: far, dial, context: outward });
      const one = { client, first, target: { ...target, host }, reads, upstream };
      inspect(one, secrets, context, (requests) => done(upstream.bytes(), requests));
    },
  };
}

/**
 * Ends the TLS of one connection, and passes on each request that an entry allows, by another connection to the host that was
 * resolved and checked. HTTP/1.1 and HTTP/2.
 */
function inspect(
  one: Inspected,
  { certificate, key, ticketKeys }: ServerSecrets,
  context: ConnectionContext,
  done: (requests: number) => void,
): void {
  const server = createSecureServer({
    allowHTTP1: true,
    cert: certificate,
    key,
    ticketKeys,
    minVersion: 'TLSv1.2',
    settings: SETTINGS,
  });
  serveRequests(server, one, context, done);
}

/**
 * Has a server of its own read one connection. Each request must name the host that was asked for, in each place where one can
 * be named. A change of protocol other than to a WebSocket where an entry says so, CONNECT and server push are refused. `done` is
 * called once, when the client has gone.
 */
export function serveRequests(
  server: Http2Server | Http2SecureServer,
  one: Inspected,
  context: Pick<ConnectionContext, 'recorder' | 'budgets' | 'rules'>,
  done: (requests: number) => void,
): void {
  const { client, target, upstream } = one;
  let requests = 0;
  let waiting = 0;
  let spoke = false;
  const tell = async (
    request: Http2ServerRequest,
    verdict: { readonly entry?: string; readonly reason?: DenialReason; readonly websocket?: true },
    allowed: boolean,
  ): Promise<boolean> => {
    const event = {
      kind: 'request',
      id: target.id,
      clientPort: target.clientPort,
      host: target.host,
      port: target.port,
      version: request.httpVersionMajor === 2 ? '2' : '1.1',
      method: request.method.slice(0, 32),
      path: (request.url.split('?')[0] ?? '').slice(0, 1_024),
      verdict: allowed ? 'allowed' : 'denied',
      ...verdict,
    } as const;
    if (allowed) return context.recorder.recorded(event);
    await context.recorder.tell(event);
    return true;
  };
  const serve = async (request: Http2ServerRequest, response: Http2ServerResponse): Promise<void> => {
    spoke = true;
    // What came in one piece with one too many.
    if (isGone(request, response)) return;
    requests += 1;
    waiting += 1;
    response.once('close', () => {
      waiting -= 1;
    });
    if (waiting > MAX_WAITING) {
      cutOff(request, response);
      await tell(request, { reason: 'limit' }, false);
      return;
    }
    const verdict = judge(request, one, context);
    if ('reason' in verdict) {
      await tell(request, verdict, false);
      refuse(request, response, one, verdict.reason);
      return;
    }
    if (!(await tell(request, { entry: verdict.entry.entry }, true))) {
      refuse(request, response, one, 'limit');
      return;
    }
    // Who takes back what he asked for is asked for nothing: the far side would be, and nobody would end it.
    if (isGone(request, response)) return;
    forward({ request, response, ...verdict, target, upstream, budgets: context.budgets }, (reason) => {
      void tell(request, { reason }, false);
      refuse(request, response, one, reason);
    });
  };
  const take = (request: Http2ServerRequest, response: Http2ServerResponse): void => {
    serve(request, response).catch(() => cutOff(request, response));
  };
  server.on('request', take);
  // The client waits for a word before it sends the body: it is decided first.
  server.on('checkContinue', take);
  const noOther = (request: Http2ServerRequest, socket: Socket): void => {
    requests += 1;
    socket.destroy();
    void tell(request, { reason: 'protocol-not-allowed' }, false);
  };
  server.on('connect', noOther);
  server.on('upgrade', (request: Http2ServerRequest, socket: Socket, early: Buffer) => {
    spoke = true;
    const key = webSocketKey(request.method, request.httpVersionMinor, request.headers);
    const twice = request.rawHeaders.filter(
      (name, at) => at % 2 === 0 && /^(?:upgrade|sec-websocket-(?:key|version))$/i.test(name),
    );
    // Who asked waits for the answer; what comes before it could be meant for another reader.
    if (key === undefined || twice.length !== 3 || early.length > 0) {
      noOther(request, socket);
      return;
    }
    requests += 1;
    const begin = async (): Promise<void> => {
      const verdict = judge(request, one, context, key);
      if ('reason' in verdict) {
        await tell(request, verdict, false);
        socket.end(refusedHead(one, verdict.reason), () => socket.destroy());
        return;
      }
      if (!(await tell(request, { entry: verdict.entry.entry, websocket: true }, true))) {
        socket.destroy();
        return;
      }
      const { entry } = verdict;
      const { budgets } = context;
      switchProtocol({ request, client: socket, key, entry, target, upstream, budgets }, (reason) => {
        void tell(request, { reason, websocket: true }, false);
      });
    };
    begin().catch(() => socket.destroy());
  });
  /** What is no request went nowhere; that somebody tried is told. */
  const unreadable = (): void =>
    void context.recorder.tell({
      kind: 'connect',
      ...placeOf(target),
      protocol: 'tls',
      verdict: 'denied',
      reason: 'malformed',
    });
  server.on('tlsClientError', (error: NodeJS.ErrnoException, socket: TLSSocket) => {
    socket.destroy();
    if (!/unknown ca|bad certificate|certificate unknown|access denied/i.test(error.message)) return;
    void context.recorder.tell({
      kind: 'connect',
      ...placeOf(target),
      protocol: 'tls',
      verdict: 'denied',
      reason: 'authority-not-trusted',
    });
  });
  server.on('clientError', ({ code }: NodeJS.ErrnoException, socket: Socket) => {
    socket.destroy();
    // Not a client that only ended in the middle.
    if (code?.startsWith('HPE_') === true && code !== 'HPE_INVALID_EOF_STATE') unreadable();
  });
  const late = setTimeout(() => {
    if (!spoke) client.destroy();
  }, HEAD_MS);
  let gone = false;
  const end = (): void => {
    if (gone) return;
    gone = true;
    clearTimeout(late);
    upstream.close();
    client.destroy();
    done(requests);
  };
  client.once('close', end);
  server.on('sessionError', ({ code }: NodeJS.ErrnoException) => {
    if (code === 'ERR_HTTP2_ERROR') unreadable();
    end();
  });
  server.on('secureConnection', (socket: TLSSocket) => socket.once('close', end));
  server.on('session', (session) => session.once('close', end));
  // TLS ends as a whole, and with it its requests.
  client.allowHalfOpen = false;
  if (one.first.length > 0) client.unshift(one.first);
  server.emit('connection', client);
}

type Judged =
  | { readonly entry: AllowedDestination; readonly end: BodyEnd }
  | { readonly reason: DenialReason };

function judge(
  request: Http2ServerRequest,
  { target, reads }: Inspected,
  context: Pick<ConnectionContext, 'budgets' | 'rules'>,
  websocket?: string,
): Judged {
  if (!isClear(request)) return { reason: 'malformed' };
  if (!namesOnly(request, target)) return { reason: 'name-mismatch' };
  if (request.method === 'CONNECT' || (request.headers.upgrade !== undefined && websocket === undefined))
    return { reason: 'protocol-not-allowed' };
  const verdict = decideRequest(reads, {
    method: request.method,
    path: request.url,
    ...overridesIn(request.rawHeaders),
    ...(websocket !== undefined && { websocket }),
  });
  if (!verdict.allowed) return { reason: verdict.reason };
  const ruled = ruleReason(context, target, 'tls', { method: request.method, path: request.url });
  if (ruled !== undefined) return { reason: ruled };
  const end = bodyEnd(request);
  if (end === undefined) return { reason: 'malformed' };
  return context.budgets.take(verdict.entry, { requests: 1, upload: headBytes(request) })
    ? { entry: verdict.entry, end }
    : { reason: 'budget' };
}

/** What the head of a request says: it carries out as much as a body does. */
function headBytes({ method, url, rawHeaders }: Http2ServerRequest): number {
  return rawHeaders.reduce((sum, one) => sum + one.length, method.length + url.length);
}

/** One host, and a path that names none (RFC 9112 section 3.2: of two Host headers a reader may take either). */
function isClear({ url, method, rawHeaders }: Http2ServerRequest): boolean {
  const hosts = rawHeaders.filter((name, at) => at % 2 === 0 && name.toLowerCase() === 'host');
  return hosts.length <= 1 && (url.startsWith('/') || (url === '*' && method === 'OPTIONS'));
}

/** Whether every place in which a request can name a host names this one (RFC 9113 section 8.3.1, RFC 9112 section 3.2). */
function namesOnly(request: Http2ServerRequest, { host, port }: Inspected['target']): boolean {
  const { ':authority': authority, ':scheme': scheme, host: header } = request.headers;
  if (request.httpVersionMajor === 2 && (scheme !== 'https' || authority === undefined)) return false;
  const places = [authority, header].filter((place) => place !== undefined);
  return (
    places.length > 0 &&
    places.every((place) => {
      const [, name = '', written] =
        /^([^:[\]@\s]{1,253}|\[[0-9a-f:.]{2,45}\])(?::(\d{1,5}))?$/i.exec(place) ?? [];
      const plain = name.startsWith('[') ? name.slice(1, -1).toLowerCase() : (hostName(name) ?? name);
      return plain === host && (written === undefined ? port === 443 : Number(written) === port);
    })
  );
}

function refusedText({ host, port }: Inspected['target'], reason: DenialReason): string {
  return `Denied by Cofferdam: ${host}:${port} (${reason}).\nWhat decides, and what would change it: cofferdam policy explain --host ${host}:${port}\n`;
}

/** To a request that asked for another protocol, whose connection is no server's of ours any more. */
function refusedHead({ target }: Inspected, reason: DenialReason): string {
  const body = refusedText(target, reason);
  return `HTTP/1.1 403 Forbidden\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`;
}

/** Inside of TLS every denial is an answer: 403 with the reason, and 502 where the far side is at fault. */
function refuse(
  request: Http2ServerRequest,
  response: Http2ServerResponse,
  { target }: Inspected,
  reason: DenialReason,
): void {
  if (response.headersSent || response.writableEnded) {
    cutOff(request, response);
    return;
  }
  const body = refusedText(target, reason);
  response.writeHead(reason === 'server-not-trusted' ? 502 : 403, {
    'content-type': 'text/plain; charset=utf-8',
    'content-length': Buffer.byteLength(body),
    ...(request.httpVersionMajor === 1 && { connection: 'close' }),
  });
  response.end(body);
  request.resume();
}
