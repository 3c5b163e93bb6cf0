import { createSocket } from 'node:dgram';
import { createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { certificateFor, makeAuthority } from '../../egress/index.ts';
import { holds } from './scene.ts';
import { SshAnswers } from './ssh-answers.ts';

/** Something that arrived. `bytes` is bounded, one character a byte. */
export interface Arrival {
  readonly protocol: 'tcp' | 'tls' | 'udp' | 'dns';
  /** The address that it was sent to. */
  readonly address: string;
  readonly port: number;
  bytes: string;
}

export interface Sink {
  readonly arrivals: readonly Arrival[];
  /** Whether the value arrived, in whatever way and encoding. */
  readonly got: (canary: string, fits?: (arrival: Arrival) => boolean) => Arrival | undefined;
  /** What is answered to an HTTP request; the default is nothing but a status. With `location` it leads there. */
  answer: (path: string, address: string) => string | { readonly location: string };
  /** What a question for a name's IPv4 address is answered with. */
  addressOf: (name: string) => string;
  /** Who vouches for its server of TLS, which is `allowed.test` to whoever asks for a certificate. PEM. */
  readonly authority: string;
  readonly close: () => void;
}

const TCP_PORTS = [22, 25, 53, 80, 853, 3_128, 4_444, 8_080, 8_443] as const;
const TLS_PORT = 443;
const TLS_HANDSHAKE = 22;
const SSH_PORT = 22;
const UDP_PORTS = [123, 443, 4_444, 5_353] as const;
const TLS_HOST = 'allowed.test';
const MAX_BYTES = 65_536;
/** A translated machine takes a while for what it sends after a request. */
const LINGER_MS = 300;
/** TLS without certificates (RFC 4279), for whoever knows the key: nothing has to be trusted. */
export const PRE_SHARED = { identity: 'replay', key: '00112233445566778899aabbccddeeff' } as const;

/**
 * Listens on every address of this network namespace, on the ports that attacks use: for connections, TLS, datagrams and
 * DNS questions, which it answers. Only ever opened in a throwaway namespace.
 */
export async function openSink(): Promise<Sink> {
  const arrivals: Arrival[] = [];
  const closers: (() => void)[] = [];
  const authority = await makeAuthority([TLS_HOST]);
  const server = await certificateFor(authority, TLS_HOST);
  const sink: Sink = {
    arrivals,
    got: (canary, fits = () => true) =>
      arrivals.find((arrival) => fits(arrival) && holds(arrival.bytes.replaceAll('.', ''), canary)) ??
      arrivals.find((arrival) => fits(arrival) && holds(arrival.bytes, canary)),
    answer: () => '',
    authority: authority.certificate,
    addressOf: () => '203.0.113.9',
    close: () => {
      for (const close of closers) close();
    },
  };
  const take = (socket: Socket, protocol: 'tcp' | 'tls'): void => {
    const arrival: Arrival = {
      protocol,
      address: (socket.localAddress ?? '').replace(/^::ffff:/, ''),
      port: socket.localPort ?? 0,
      bytes: '',
    };
    arrivals.push(arrival);
    const ssh = arrival.port === SSH_PORT ? new SshAnswers() : undefined;
    let answered = false;
    socket.on('error', () => undefined);
    socket.on('data', (chunk: Buffer) => {
      if (arrival.bytes.length < MAX_BYTES) arrival.bytes += chunk.toString('latin1');
      const said = ssh?.take(chunk);
      if (said !== undefined && said.length > 0) socket.write(said);
      const path = /^[A-Z]{3,7} (\S{1,2000}) HTTP\/1/.exec(arrival.bytes)?.[1];
      if (path === undefined || answered) return;
      answered = true;
      const answer = sink.answer(path, arrival.address);
      const [status, body] = typeof answer === 'string' ? ['200 OK', answer] : ['302 Found', ''];
      const more = typeof answer === 'string' ? '' : `location: ${answer.location}\r\n`;
      const head = `HTTP/1.1 ${status}\r\n${more}content-length: ${body.length}\r\nconnection: close\r\n\r\n`;
      // What comes after a request on the same connection is still taken.
      setTimeout(() => socket.end(head + body), LINGER_MS);
    });
  };
  const listen = async (server: Server, port: number): Promise<void> => {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, '::', resolve);
    });
    closers.push(() => server.close());
  };
  for (const port of TCP_PORTS)
    await listen(
      createServer((socket) => take(socket, 'tcp')),
      port,
    );
  const tls = createTlsServer(
    {
      pskCallback: () => Buffer.from(PRE_SHARED.key, 'hex'),
      cert: server.certificate,
      key: server.key,
      ciphers: 'PSK-AES128-GCM-SHA256:ECDHE-ECDSA-AES128-GCM-SHA256',
      maxVersion: 'TLSv1.2',
    },
    (socket) => take(socket, 'tls'),
  );
  tls.on('tlsClientError', () => undefined);
  // Whatever else is said there is taken as it stands.
  const either = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', (chunk: Buffer) => {
      socket.pause();
      socket.unshift(chunk);
      if (chunk[0] === TLS_HANDSHAKE) tls.emit('connection', socket);
      else {
        take(socket, 'tcp');
        socket.resume();
      }
    });
  });
  await listen(either, TLS_PORT);
  for (const port of UDP_PORTS) closers.push(await datagrams(port, arrivals));
  closers.push(await names(arrivals, (name) => sink.addressOf(name)));
  return sink;
}

async function datagrams(port: number, arrivals: Arrival[]): Promise<() => void> {
  const socket = createSocket('udp6');
  socket.on('message', (message) => {
    arrivals.push({ protocol: 'udp', address: '', port, bytes: message.toString('latin1') });
  });
  await new Promise<void>((resolve) => socket.bind(port, '::', resolve));
  return () => socket.close();
}

/** Answers every question for an address with one, as a name server of the attacker's. */
async function names(arrivals: Arrival[], addressOf: (name: string) => string): Promise<() => void> {
  const socket = createSocket('udp4');
  socket.on('message', (message, peer) => {
    const { name, end } = question(message);
    arrivals.push({
      protocol: 'dns',
      address: '',
      port: 53,
      bytes: `${name}\n${message.toString('latin1')}`,
    });
    if (end === 0) return;
    const isA = message.readUInt16BE(end) === 1;
    const head = Buffer.from(message.subarray(0, end + 4));
    head.writeUInt16BE(0x8180, 2);
    head.writeUInt16BE(isA ? 1 : 0, 6);
    head.writeUInt32BE(0, 8);
    const answer = Buffer.from([
      0xc0,
      12,
      0,
      1,
      0,
      1,
      0,
      0,
      0,
      60,
      0,
      4,
      ...addressOf(name).split('.').map(Number),
    ]);
    socket.send(isA ? Buffer.concat([head, answer]) : head, peer.port, peer.address);
  });
  await new Promise<void>((resolve) => socket.bind(53, '0.0.0.0', resolve));
  return () => socket.close();
}

function question(message: Buffer): { readonly name: string; readonly end: number } {
  const labels: string[] = [];
  for (let at = 12; at < message.length; ) {
    const size = message[at] ?? 0;
    if (size === 0) return { name: labels.join('.'), end: at + 5 > message.length ? 0 : at + 1 };
    if (size > 63) break;
    labels.push(message.toString('latin1', at + 1, at + 1 + size));
    at += size + 1;
  }
  return { name: labels.join('.'), end: 0 };
}
