import { readClientHello } from './client-hello.ts';
import type { DenialReason } from './contract.ts';
import { Gathered } from './gathered.ts';

const RECORD_HEADER = 5;
const HANDSHAKE = 22;
const ALERT = 21;
const CLIENT_HELLO = 1;
const SERVER_HELLO = 2;
/** The random of a ServerHello that asks for another hello (RFC 8446 section 4.1.3). */
const RETRY = Buffer.from('cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c', 'hex');
/** Type, length, version and random of a ServerHello. */
const UP_TO_RANDOM = 4 + 2 + 32;

/** A server that has said this much without a hello is looked at no longer; its client is. */
const MAX_SAID = 4_096;

/** What may go on, and why nothing more may. */
interface Checked {
  readonly pass: readonly Buffer[];
  readonly denied?: DenialReason;
}

/**
 * Follows the client's records of a TLS connection that is not inspected, from the first hello on, until no other hello can come. A
 * server that asks for a second one (RFC 8446 section 4.1.4) may take its name for the connection's, as OpenSSL does, and a client
 * need not wait until it was asked: so each hello must name what the first one named, which was decided upon. What is encrypted passes.
 */
export class SecondHello {
  readonly #held = new Gathered();
  readonly #said = new Gathered();
  #hellos = 0;
  #named: string | undefined;
  /** Of a record that is passed on as it comes. */
  #left = 0;
  #noMore = false;
  /** Nothing is looked at any more, and nothing is held. */
  done = false;

  /** Takes what the client says, with its first hello. */
  take(bytes: Buffer): Checked {
    const pass: Buffer[] = [];
    if (this.#noMore || this.done) {
      this.#finish(pass);
      pass.push(bytes);
      return { pass };
    }
    for (let at = 0; at < bytes.length && !this.done; ) {
      if (this.#left > 0) {
        const size = Math.min(this.#left, bytes.length - at);
        pass.push(bytes.subarray(at, at + size));
        this.#left -= size;
        at += size;
        continue;
      }
      // Byte by byte up to the end of a header; then as much as is lacking of what is held.
      const size = Math.min(this.#lacking(), bytes.length - at);
      this.#held.add(bytes.subarray(at, at + size));
      at += size;
      const denied = this.#look(pass);
      if (denied !== undefined) return { pass, denied };
      if (this.done) pass.push(bytes.subarray(at));
    }
    return { pass };
  }

  /** How many bytes the record that is being gathered lacks. */
  #lacking(): number {
    const held = this.#held.bytes;
    let at = 0;
    while (at + RECORD_HEADER <= held.length) {
      const end = at + RECORD_HEADER + held.readUInt16BE(at + 3);
      if (end > held.length) return end - held.length;
      at = end;
    }
    return at + RECORD_HEADER - held.length;
  }

  /** Of a hello all its records are gathered; other records go on once their header was seen. */
  #look(pass: Buffer[]): DenialReason | undefined {
    const held = this.#held.bytes;
    if (held.length < RECORD_HEADER) return undefined;
    if (held[0] !== HANDSHAKE) {
      this.#left = held.readUInt16BE(3);
      pass.push(this.#held.take());
      return undefined;
    }
    if (held.length === RECORD_HEADER) return held.readUInt16BE(3) === 0 ? 'malformed' : undefined;
    if (held[RECORD_HEADER] !== CLIENT_HELLO) {
      // The handshake has gone on: a server that waits for a hello ends the connection.
      this.#finish(pass);
      return undefined;
    }
    const hello = readClientHello(held);
    if (hello.kind === 'more') return undefined;
    if (hello.kind === 'malformed') return 'malformed';
    this.#hellos += 1;
    if (this.#hellos === 1) this.#named = hello.serverName;
    else if (hello.serverName !== this.#named) return 'name-mismatch';
    else if (hello.encrypted === true) return 'encrypted-hello';
    pass.push(this.#held.take());
    this.done = this.#hellos > 1;
    return undefined;
  }

  #finish(pass: Buffer[]): void {
    pass.push(this.#held.take());
    this.done = true;
  }

  /** Takes what the server says first: unless it asks for another hello, none can come. */
  answered(bytes: Buffer): void {
    if (this.#noMore || this.done || this.#said.size > MAX_SAID) return;
    this.#said.add(bytes);
    let said = this.#said.bytes;
    // A warning about the name, which some servers begin with.
    while (said[0] === ALERT && said.length >= RECORD_HEADER) {
      const end = RECORD_HEADER + said.readUInt16BE(3);
      if (end > said.length) return;
      said = said.subarray(end);
    }
    if (said.length < RECORD_HEADER + UP_TO_RANDOM) return;
    const body = said.subarray(RECORD_HEADER);
    const isRetry = body.subarray(6, UP_TO_RANDOM).equals(RETRY);
    // In several pieces it is waited for the client, who then has a hello or goes on.
    const isWhole = said.readUInt16BE(3) >= UP_TO_RANDOM;
    this.#noMore = said[0] === HANDSHAKE && body[0] === SERVER_HELLO && isWhole && !isRetry;
    this.done = this.#noMore && this.#held.size === 0;
  }
}
