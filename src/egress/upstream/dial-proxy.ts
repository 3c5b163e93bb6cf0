import { isIP, type Socket } from 'node:net';
import type { SecureContext } from 'node:tls';
import { dial } from '../dial.ts';
import { type Asked, connectRequest, MAX_ANSWER, readConnectAnswer } from './connect-answer.ts';
import type { UpstreamProxy } from './contract.ts';
import { Conversation } from './conversation.ts';
import { greeting, passwordRequest, readChoice, replySize, socksRequest } from './socks.ts';

/** For TLS with the proxy, and once more for all that is said with it. */
const SAID_MS = 10_000;

export interface ProxyDialing {
  readonly proxy: UpstreamProxy;
  /** Finds the proxy itself. */
  readonly resolve: (host: string) => Promise<readonly string[]>;
  /** Of a proxy that is spoken to over TLS: who may vouch for it. Made once, as that takes longer than a connection. */
  readonly secured?: SecureContext;
}

export type ProxyAnswer =
  | {
      readonly kind: 'open';
      readonly far: Socket;
      /** What was said with the proxy on the socket: no payload of the job's. */
      readonly said: { readonly inward: number; readonly outward: number };
    }
  /** No proxy that could be spoken to. */
  | { readonly kind: 'unreachable'; readonly failure: string }
  /** It was reached, and did not do what it was asked for. */
  | { readonly kind: 'refused'; readonly failure: string };

/**
 * A connection to a destination by the proxy. Whatever the proxy answers but plain success is a failure: it is followed nowhere,
 * tried again in no other way, and its words go no further than a status number.
 */
export async function dialByProxy(
  { proxy, resolve, secured }: ProxyDialing,
  to: Asked,
): Promise<ProxyAnswer> {
  const addresses = isIP(proxy.host) !== 0 ? [proxy.host] : await resolve(proxy.host);
  if (addresses.length === 0) return { kind: 'unreachable', failure: 'its name has no address' };
  const plain = await dial(addresses, proxy.port);
  if (plain === undefined) return { kind: 'unreachable', failure: 'nothing answers there' };
  const far = proxy.kind === 'https' ? await overTls(plain, proxy, secured) : plain;
  if (typeof far === 'string') return { kind: 'unreachable', failure: far };
  const talk = new Conversation(far, SAID_MS, MAX_ANSWER);
  const failure = await (proxy.kind === 'socks5' ? askSocks : askHttp)(talk, proxy, to);
  if (failure !== undefined) {
    far.on('error', () => undefined);
    far.destroy();
    talk.done();
    return { kind: 'refused', failure };
  }
  const said = { inward: far.bytesRead - talk.unread, outward: far.bytesWritten };
  talk.done();
  return { kind: 'open', far, said };
}

async function overTls(
  socket: Socket,
  proxy: UpstreamProxy,
  secureContext: SecureContext | undefined,
): Promise<Socket | string> {
  if (secureContext === undefined) return 'nobody may vouch for it';
  // Loaded here: it is a third of a gateway's start, and few have such a proxy.
  const { connect } = await import('node:tls');
  const secure = connect({
    socket,
    host: proxy.host,
    ...(isIP(proxy.host) === 0 && { servername: proxy.host }),
    secureContext,
    ALPNProtocols: ['http/1.1'],
  });
  const failure = await new Promise<string | undefined>((resolve) => {
    const late = setTimeout(() => resolve('TLS with it took too long'), SAID_MS);
    const over = (why: string | undefined): void => {
      clearTimeout(late);
      resolve(why);
    };
    secure.once('secureConnect', () => over(undefined));
    secure.once('error', (error: NodeJS.ErrnoException) =>
      over(`TLS with it failed: ${error.code ?? 'no reason given'}`),
    );
    secure.once('close', () => over('it ended TLS'));
  });
  if (failure === undefined) {
    secure.removeAllListeners('error').removeAllListeners('close').removeAllListeners('secureConnect');
    secure.on('error', () => secure.destroy());
    return secure;
  }
  secure.on('error', () => undefined);
  secure.destroy();
  socket.destroy();
  return failure;
}

async function askHttp(talk: Conversation, proxy: UpstreamProxy, to: Asked): Promise<string | undefined> {
  const request = connectRequest(to, proxy.credentials?.());
  if (request === undefined) return 'the destination is no name and no address';
  talk.say(request);
  let status: number | undefined;
  const head = await talk.read((bytes) => {
    const answer = readConnectAnswer(bytes);
    if (answer.kind === 'more') return undefined;
    status = answer.kind === 'answer' ? answer.status : Number.NaN;
    return answer.kind === 'answer' ? answer.size : 0;
  });
  if (head === undefined) return 'no whole answer in time';
  if (status === undefined || Number.isNaN(status)) return 'an answer that is no HTTP';
  return status >= 200 && status < 300 ? undefined : `status ${status}`;
}

async function askSocks(talk: Conversation, proxy: UpstreamProxy, to: Asked): Promise<string | undefined> {
  const credentials = proxy.credentials?.();
  const request = socksRequest(to);
  if (request === undefined) return 'the destination is no name and no address';
  talk.say(greeting(credentials));
  const chosen = await talk.read(() => 2);
  if (chosen === undefined) return 'no whole answer in time';
  const choice = readChoice(chosen, credentials);
  if (choice === undefined) return 'it takes none of the ways to say who one is';
  if (choice === 'password') {
    const said = passwordRequest(credentials ?? '');
    if (said === undefined) return 'the credentials cannot be said in SOCKS';
    talk.say(said);
    const answer = await talk.read(() => 2);
    if (answer === undefined) return 'no whole answer in time';
    if (answer[1] !== 0) return 'it does not take the credentials';
  }
  talk.say(request);
  const start = await talk.read((bytes) => (bytes.length < 5 ? undefined : 0));
  if (start === undefined) return 'no whole answer in time';
  const reply = await talk.read((bytes) => replySize(bytes) ?? 0);
  if (reply === undefined) return 'no whole answer in time';
  if (reply.length === 0) return 'an answer that is no SOCKS';
  return reply[1] === 0 ? undefined : `answer ${reply[1]}`;
}
