import { isIP } from 'node:net';
import { hostName } from '../../config/index.ts';

/** The most that a proxy may say before the bytes that it carries begin. */
export const MAX_ANSWER = 16_384;

/** Where a proxy is asked to go. Only a name or an address can be written into a request: no byte of it is a delimiter. */
export interface Asked {
  readonly host: string;
  readonly port: number;
}

/** A host that holds nothing but a name or an address; undefined for anything else, whoever let it come so far. */
export function plainHost(host: string): string | undefined {
  // Node.js takes an address with a zone (`fe80::1%eth0`) for one.
  const address = isIP(host) !== 0 && !host.includes('%');
  return address || hostName(host) === host ? host : undefined;
}

/** The request of RFC 9110 section 9.3.6; undefined when the host is none. */
export function connectRequest({ host, port }: Asked, credentials: string | undefined): Buffer | undefined {
  const plain = plainHost(host);
  if (plain === undefined || !Number.isInteger(port) || port < 1 || port > 65_535) return undefined;
  const at = `${isIP(plain) === 6 ? `[${plain}]` : plain}:${port}`;
  const authorization =
    credentials === undefined
      ? ''
      : `Proxy-Authorization: Basic ${Buffer.from(credentials, 'utf8').toString('base64')}\r\n`;
  return Buffer.from(`CONNECT ${at} HTTP/1.1\r\nHost: ${at}\r\n${authorization}\r\n`, 'latin1');
}

export type ConnectAnswer =
  | { readonly kind: 'more' }
  | { readonly kind: 'malformed' }
  /** `size`: of the head; what follows it is the far side's. */
  | { readonly kind: 'answer'; readonly status: number; readonly size: number };

const STATUS = /^HTTP\/1\.[01] ([1-5]\d\d)(?: [^\r\n\0]{0,1000})?$/;

/**
 * Reads a proxy's answer to CONNECT. Anything but a whole head of an HTTP/1 answer of at most 16 KiB is malformed. Headers are
 * not looked at: after 2xx the tunnel begins, whatever length they name (RFC 9110 section 9.3.6), and nothing else is followed.
 */
export function readConnectAnswer(bytes: Buffer): ConnectAnswer {
  const head = bytes.subarray(0, MAX_ANSWER);
  if (!'HTTP/1.'.startsWith(head.toString('latin1', 0, 7))) return { kind: 'malformed' };
  const end = head.indexOf('\r\n\r\n');
  if (end === -1) return bytes.length >= MAX_ANSWER ? { kind: 'malformed' } : { kind: 'more' };
  const status = STATUS.exec(head.toString('latin1', 0, head.indexOf('\r\n')))?.[1];
  return status === undefined
    ? { kind: 'malformed' }
    : { kind: 'answer', status: Number(status), size: end + 4 };
}
