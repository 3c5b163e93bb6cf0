import { hostName } from './host-name.ts';

/** What the first bytes of a TLS connection say. `more` asks for further bytes. */
export type ClientHello =
  | { readonly kind: 'more' }
  | { readonly kind: 'malformed' }
  | {
      readonly kind: 'hello';
      readonly serverName?: string;
      /** It holds another hello, which nobody but the server can read (RFC 9849), or pretends to. */
      readonly encrypted?: true;
    };

const RECORD_HEADER = 5;
const HANDSHAKE_RECORD = 22;
const CLIENT_HELLO = 1;
const SERVER_NAME = 0;
/** encrypted_client_hello, and encrypted_server_name of the drafts before it. */
const ENCRYPTED: readonly number[] = [0xfe0d, 0xffce];
const MAX_HELLO = 16_384;
/** Each record costs a reading of those before it. */
const MAX_RECORDS = 16;

/** True when the bytes can only be the beginning of TLS. */
export function looksLikeTls(bytes: Buffer): boolean {
  return bytes[0] === HANDSHAKE_RECORD && (bytes.length < 2 || bytes[1] === 3);
}

/**
 * Reads the server name out of a ClientHello (RFC 8446 section 4.1.2, RFC 6066 section 3), which may be cut into several
 * records, though not into crumbs. Strict: lengths must fit exactly, extensions may stand once, one host name. Never throws.
 */
export function readClientHello(bytes: Buffer): ClientHello {
  const handshake: Buffer[] = [];
  let size = 0;
  for (let at = 0; ; ) {
    if (handshake.length > MAX_RECORDS) return { kind: 'malformed' };
    if (size >= 4) {
      const all = Buffer.concat(handshake);
      const length = all.readUIntBE(1, 3);
      if (all[0] !== CLIENT_HELLO || length > MAX_HELLO) return { kind: 'malformed' };
      if (size >= 4 + length) return readBody(all.subarray(4, 4 + length));
    }
    if (at + RECORD_HEADER > bytes.length) return { kind: 'more' };
    const length = bytes.readUInt16BE(at + 3);
    if (bytes[at] !== HANDSHAKE_RECORD || bytes[at + 1] !== 3 || length === 0 || length > MAX_HELLO)
      return { kind: 'malformed' };
    const end = at + RECORD_HEADER + length;
    if (end > bytes.length) return { kind: 'more' };
    handshake.push(bytes.subarray(at + RECORD_HEADER, end));
    size += length;
    at = end;
  }
}

/** Cuts vectors with a length before them; what does not fit throws, and is caught once. */
class Vectors {
  #at = 0;
  readonly #bytes: Buffer;
  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }
  get empty(): boolean {
    return this.#at === this.#bytes.length;
  }
  take(length: number): Buffer {
    if (this.#at + length > this.#bytes.length) throw new RangeError('cut short');
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }
  vector(lengthBytes: 1 | 2): Buffer {
    return this.take(this.take(lengthBytes).readUIntBE(0, lengthBytes));
  }
}

function readBody(body: Buffer): ClientHello {
  try {
    const hello = new Vectors(body);
    hello.take(2 + 32);
    hello.vector(1);
    hello.vector(2);
    hello.vector(1);
    if (hello.empty) return { kind: 'hello' };
    const extensions = new Vectors(hello.vector(2));
    if (!hello.empty) return { kind: 'malformed' };
    const seen = new Set<number>();
    let serverName: string | undefined;
    let encrypted = false;
    while (!extensions.empty) {
      const type = extensions.take(2).readUInt16BE(0);
      const content = extensions.vector(2);
      if (seen.has(type)) return { kind: 'malformed' };
      seen.add(type);
      encrypted ||= ENCRYPTED.includes(type);
      if (type !== SERVER_NAME) continue;
      serverName = readServerName(content);
      if (serverName === undefined) return { kind: 'malformed' };
    }
    return {
      kind: 'hello',
      ...(serverName !== undefined && { serverName }),
      ...(encrypted && { encrypted: true }),
    };
  } catch {
    return { kind: 'malformed' };
  }
}

function readServerName(content: Buffer): string | undefined {
  const outer = new Vectors(content);
  const list = new Vectors(outer.vector(2));
  const type = list.take(1)[0];
  const name = list.vector(2);
  if (!outer.empty || !list.empty || type !== 0) return undefined;
  return hostName(name.toString('latin1'));
}
