import { Gathered } from '../gathered.ts';

/** The most of a line of identification, with its end (RFC 4253 section 4.2). */
const MAX_LINE = 255;
/** What a server may say before it (the same section), in all. */
const MAX_BEFORE = 4_096;
/** The most of a packet that everybody must take (RFC 4253 section 6.1). */
const MAX_PACKET = 35_000;
/** All of one side before its bytes are encrypted: a few packets of some kilobytes. */
const MAX_PLAIN = 131_072;

const IDENTIFICATION = /^SSH-2\.0-[\x21-\x7e]{1,200}(?: [\x20-\x7e]{0,200})?$/;
const OLDER_SERVER = /^SSH-1\.99-[\x21-\x7e]{1,200}(?: [\x20-\x7e]{0,200})?$/;

export type SshPart =
  | { readonly kind: 'identification'; readonly bytes: Buffer }
  /** `payload` without length and padding. */
  | { readonly kind: 'packet'; readonly payload: Buffer; readonly bytes: Buffer };

/**
 * Reads one side of SSH for as long as it is in plain text: its line of identification, then packets (RFC 4253 sections 4.2
 * and 6, with neither encryption nor MAC). Bounded in each part and in all; what is wrong is `malformed`, from then on.
 */
export class SshPackets {
  readonly #server: boolean;
  readonly #held = new Gathered();
  #identified = false;
  #seen = 0;

  constructor(side: 'client' | 'server') {
    this.#server = side === 'server';
  }

  add(bytes: Buffer): void {
    this.#held.add(bytes);
  }

  /** More waits than a side can have to say in plain text. */
  get tooMuch(): boolean {
    return this.#held.size > MAX_PLAIN;
  }

  /** What came and is in no part yet: from the change of keys on nobody's to read. */
  rest(): Buffer {
    return this.#held.take();
  }

  /** The next part, once it is whole. */
  next(): SshPart | 'malformed' | undefined {
    const part = this.#identified ? this.#packet() : this.#line();
    if (typeof part !== 'object') return part;
    const all = this.#held.take();
    this.#held.add(all.subarray(part.bytes.length));
    this.#seen += part.bytes.length;
    return this.#seen > MAX_PLAIN ? 'malformed' : part;
  }

  #line(): SshPart | 'malformed' | undefined {
    const bytes = this.#held.bytes;
    for (let start = 0; start <= bytes.length; ) {
      const newline = bytes.indexOf(10, start);
      if (newline === -1) {
        const unfinished = bytes.length - start > MAX_LINE || bytes.length > MAX_BEFORE;
        // Whoever does not begin so never will.
        const hopeless = !this.#server && !'SSH-2.0-'.startsWith(bytes.toString('latin1', 0, 8));
        return unfinished || hopeless ? 'malformed' : undefined;
      }
      const line = bytes.toString('latin1', start, newline).replace(/\r$/, '');
      if (newline + 1 - start > MAX_LINE || newline > MAX_BEFORE) return 'malformed';
      if (line.startsWith('SSH-')) {
        const known = IDENTIFICATION.test(line) || (this.#server && OLDER_SERVER.test(line));
        if (!known) return 'malformed';
        this.#identified = true;
        return { kind: 'identification', bytes: Buffer.from(bytes.subarray(0, newline + 1)) };
      }
      if (!this.#server) return 'malformed';
      start = newline + 1;
    }
    return undefined;
  }

  #packet(): SshPart | 'malformed' | undefined {
    const bytes = this.#held.bytes;
    if (bytes.length < 4) return undefined;
    const length = bytes.readUInt32BE(0);
    if (length < 12 || length > MAX_PACKET || (length + 4) % 8 !== 0) return 'malformed';
    if (bytes.length < 5) return undefined;
    const padding = bytes.readUInt8(4);
    if (padding < 4 || padding > length - 2) return 'malformed';
    if (bytes.length < length + 4) return undefined;
    const whole = Buffer.from(bytes.subarray(0, length + 4));
    return { kind: 'packet', payload: whole.subarray(5, length + 4 - padding), bytes: whole };
  }
}

/** A packet as it is written before keys are: for the one that we say ourselves. */
export function plainPacket(payload: Buffer): Buffer {
  const least = 8 - ((payload.length + 5) % 8);
  const fill = least < 4 ? least + 8 : least;
  const head = Buffer.alloc(5);
  head.writeUInt32BE(payload.length + 1 + fill);
  head.writeUInt8(fill, 4);
  return Buffer.concat([head, payload, Buffer.alloc(fill)]);
}
