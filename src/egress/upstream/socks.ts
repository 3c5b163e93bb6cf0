import { isIP } from 'node:net';
import { type Asked, plainHost } from './connect-answer.ts';

// SOCKS version 5 (RFC 1928) with user name and password (RFC 1929).
const VERSION = 5;
const NONE = 0;
const PASSWORD = 2;

/** The greeting: which ways to say who one is are offered. */
export function greeting(credentials: string | undefined): Buffer {
  return credentials === undefined ? Buffer.of(VERSION, 1, NONE) : Buffer.of(VERSION, 2, NONE, PASSWORD);
}

/** What the server chose: one that was offered, or nothing that is understood. */
export function readChoice(answer: Buffer, credentials: string | undefined): 'none' | 'password' | undefined {
  if (answer[0] !== VERSION) return undefined;
  if (answer[1] === NONE) return 'none';
  return answer[1] === PASSWORD && credentials !== undefined ? 'password' : undefined;
}

/** `user:password`, each of 1 to 255 bytes; undefined when it cannot be said so. */
export function passwordRequest(credentials: string): Buffer | undefined {
  const colon = credentials.indexOf(':');
  const user = Buffer.from(credentials.slice(0, colon), 'utf8');
  const password = Buffer.from(credentials.slice(colon + 1), 'utf8');
  if (colon < 1 || user.length > 255 || password.length < 1 || password.length > 255) return undefined;
  return Buffer.concat([Buffer.of(1, user.length), user, Buffer.of(password.length), password]);
}

/** CONNECT to a name or an address; undefined when the host is neither. */
export function socksRequest({ host, port }: Asked): Buffer | undefined {
  const plain = plainHost(host);
  if (plain === undefined || !Number.isInteger(port) || port < 1 || port > 65_535) return undefined;
  const tail = Buffer.of(port >> 8, port & 0xff);
  const address = addressBytes(plain);
  return Buffer.concat([Buffer.of(VERSION, 1, 0), address, tail]);
}

function addressBytes(host: string): Buffer {
  const family = isIP(host);
  if (family === 4) return Buffer.of(1, ...host.split('.').map(Number));
  if (family === 6) return Buffer.concat([Buffer.of(4), ipv6Bytes(host)]);
  return Buffer.concat([Buffer.of(3, host.length), Buffer.from(host, 'latin1')]);
}

function ipv6Bytes(host: string): Buffer {
  const dotted = /^(.*:)(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(host);
  const text =
    dotted === null
      ? host
      : `${dotted[1]}${((Number(dotted[2]) << 8) | Number(dotted[3])).toString(16)}:${((Number(dotted[4]) << 8) | Number(dotted[5])).toString(16)}`;
  const [left = '', right] = text.split('::');
  const groups = (part: string): readonly string[] => (part === '' ? [] : part.split(':'));
  const [before, after] = [groups(left), groups(right ?? '')];
  const middle = right === undefined ? 0 : 8 - before.length - after.length;
  const all = [...before, ...Array.from({ length: middle }, () => '0'), ...after];
  return Buffer.from(
    all.flatMap((group) => [Number.parseInt(group, 16) >> 8, Number.parseInt(group, 16) & 0xff]),
  );
}

/** How long an answer to a request is, by its first five bytes; undefined when it is none. */
export function replySize(start: Buffer): number | undefined {
  if (start[0] !== VERSION || start[2] !== 0) return undefined;
  const size = { 1: 4, 4: 16, 3: (start[4] ?? 0) + 1 }[start[3] ?? 0];
  return size === undefined ? undefined : 4 + size + 2;
}
