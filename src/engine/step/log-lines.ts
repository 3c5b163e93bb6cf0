/** A longer line is handed on in pieces, so that output without a newline takes no memory. */
const MAX_LINE_BYTES = 64 * 1024;

/**
 * Cuts a byte stream into lines. A piece of a longer line says `partial`; bytes are never lost and at most 64 KiB are
 * held. A final `\r` belongs to the line break.
 */
export class LogLines {
  #held: Buffer[] = [];
  #size = 0;
  readonly #emit: (line: Buffer, partial: boolean) => void;

  constructor(emit: (line: Buffer, partial: boolean) => void) {
    this.#emit = emit;
  }

  push(bytes: Uint8Array): void {
    const chunk = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    let from = 0;
    while (from < chunk.length) {
      const newline = chunk.indexOf(0x0a, from);
      const end = newline === -1 ? chunk.length : newline;
      this.#hold(chunk.subarray(from, end));
      if (newline === -1) return;
      this.#flush(false);
      from = newline + 1;
    }
  }

  /** Hands on what came after the last newline. */
  end(): void {
    if (this.#size > 0) this.#flush(false);
  }

  #hold(piece: Buffer): void {
    let rest = piece;
    while (this.#size + rest.length > MAX_LINE_BYTES) {
      const room = MAX_LINE_BYTES - this.#size;
      this.#held.push(rest.subarray(0, room));
      this.#size += room;
      this.#flush(true);
      rest = rest.subarray(room);
    }
    if (rest.length === 0) return;
    // A copy: the caller's buffer may be a small part of a large one.
    this.#held.push(Buffer.from(rest));
    this.#size += rest.length;
  }

  #flush(partial: boolean): void {
    let line =
      this.#held.length === 1 && this.#held[0] !== undefined ? this.#held[0] : Buffer.concat(this.#held);
    if (!partial && line.at(-1) === 0x0d) line = line.subarray(0, -1);
    this.#held = [];
    this.#size = 0;
    this.#emit(line, partial);
  }
}
