/** Bytes that come in pieces, gathered in time that grows with their number and not with that of the pieces. */
export class Gathered {
  #room: Buffer = Buffer.alloc(0);
  #size = 0;

  get bytes(): Buffer {
    return this.#room.subarray(0, this.#size);
  }

  get size(): number {
    return this.#size;
  }

  add(piece: Buffer): void {
    const size = this.#size + piece.length;
    if (size > this.#room.length) {
      const larger = Buffer.alloc(Math.max(size, this.#room.length * 2, 256));
      this.#room.copy(larger, 0, 0, this.#size);
      this.#room = larger;
    }
    piece.copy(this.#room, this.#size);
    this.#size = size;
  }

  /** Gives them away: what is added from now on begins anew. */
  take(): Buffer {
    const bytes = this.bytes;
    this.#room = Buffer.alloc(0);
    this.#size = 0;
    return bytes;
  }
}
