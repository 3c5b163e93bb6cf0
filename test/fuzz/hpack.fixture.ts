// HTTP/2 frames and header blocks (RFC 9113, RFC 7541) as far as a fuzz needs them: written plainly, and read by another reader than
// ours, which gives up where it does not know.

export const HEADERS = 1;
const DATA_LIKE = 0;
const CONTINUATION = 9;
const END_HEADERS = 4;
const PADDED = 8;
const PRIORITY = 32;

export function frame(type: number, flags: number, stream: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

/** Each field a literal with a new name, not indexed and not compressed. */
export function encoded(fields: Readonly<Record<string, string>>): Buffer {
  return Buffer.concat(
    Object.entries(fields).flatMap(([name, value]) => [
      Buffer.from([0, name.length]),
      Buffer.from(name, 'latin1'),
      Buffer.from([value.length]),
      Buffer.from(value, 'latin1'),
    ]),
  );
}

export interface Request {
  readonly fields: readonly (readonly [name: string, value: string])[];
}

/** The static table, of which names that decide nothing are left out (RFC 7541 appendix A). */
const STATIC: Readonly<Record<number, readonly [string, string]>> = {
  1: [':authority', ''],
  2: [':method', 'GET'],
  3: [':method', 'POST'],
  4: [':path', '/'],
  5: [':path', '/index.html'],
  6: [':scheme', 'http'],
  7: [':scheme', 'https'],
  28: ['content-length', ''],
  38: ['host', ''],
};
const STATIC_SIZE = 61;

/** Thrown where this reader gives up: what it says then is nothing. */
class Unknown extends Error {}

class Block {
  readonly #bytes: Buffer;
  readonly #table: (readonly [string, string])[];
  #at = 0;

  constructor(bytes: Buffer, table: (readonly [string, string])[]) {
    this.#bytes = bytes;
    this.#table = table;
  }

  fields(): (readonly [string, string])[] {
    const found: (readonly [string, string])[] = [];
    while (this.#at < this.#bytes.length) {
      const first = this.#bytes[this.#at] ?? 0;
      if ((first & 0x80) !== 0) found.push(this.#entry(this.#number(7)));
      // A table of another size forgets other things than this one.
      else if ((first & 0xe0) === 0x20) throw new Unknown();
      else {
        const indexed = (first & 0xc0) === 0x40;
        const index = this.#number(indexed ? 6 : 4);
        const name = index === 0 ? this.#text() : this.#entry(index)[0];
        const field = [name, this.#text()] as const;
        if (indexed) this.#table.unshift(field);
        found.push(field);
      }
    }
    // What is forgotten for want of room is not followed.
    if (this.#table.reduce((sum, [name, value]) => sum + name.length + value.length + 32, 0) > 4_096)
      throw new Unknown();
    return found;
  }

  #entry(index: number): readonly [string, string] {
    if (index === 0) throw new Unknown();
    if (index <= STATIC_SIZE) return STATIC[index] ?? ['other', ''];
    const entry = this.#table[index - STATIC_SIZE - 1];
    if (entry === undefined) throw new Unknown();
    return entry;
  }

  #number(bits: number): number {
    const most = 2 ** bits - 1;
    let value = (this.#bytes[this.#at] ?? 0) & most;
    this.#at += 1;
    if (value < most) return value;
    for (let shift = 0; shift < 21; shift += 7) {
      const byte = this.#bytes[this.#at];
      if (byte === undefined) throw new Unknown();
      this.#at += 1;
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
    throw new Unknown();
  }

  #text(): string {
    const first = this.#bytes[this.#at];
    // Compressed text is left to the other oracle.
    if (first === undefined || first >= 0x80) throw new Unknown();
    const length = this.#number(7);
    if (this.#at + length > this.#bytes.length) throw new Unknown();
    this.#at += length;
    return this.#bytes.toString('latin1', this.#at - length, this.#at);
  }
}

/** What is asked for in these frames; undefined where this reader does not know. What it cannot read ends what it says. */
export function decodedRequests(bytes: Buffer): readonly Request[] | undefined {
  const table: (readonly [string, string])[] = [];
  const requests: Request[] = [];
  let block: Buffer | undefined;
  try {
    for (let at = 0; at + 9 <= bytes.length; ) {
      const length = bytes.readUIntBE(at, 3);
      const [type, flags] = [bytes.readUInt8(at + 3), bytes.readUInt8(at + 4)];
      let payload = bytes.subarray(at + 9, at + 9 + length);
      if (payload.length < length) break;
      at += 9 + length;
      if (type !== HEADERS && type !== CONTINUATION) {
        if (block !== undefined && type >= DATA_LIKE) break;
        continue;
      }
      if (type === HEADERS && (flags & PADDED) !== 0) {
        const padding = payload[0] ?? 0;
        if (padding >= payload.length) break;
        payload = payload.subarray(1, payload.length - padding);
      }
      if (type === HEADERS && (flags & PRIORITY) !== 0) payload = payload.subarray(5);
      block = block === undefined ? payload : Buffer.concat([block, payload]);
      if ((flags & END_HEADERS) === 0) continue;
      requests.push({ fields: new Block(block, table).fields() });
      block = undefined;
    }
  } catch (error) {
    if (error instanceof Unknown) return undefined;
    throw error;
  }
  return requests;
}
