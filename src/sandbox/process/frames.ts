/** Frames of the private descriptor between us and process 1 (native/init/init.h). */
export const ORDER = {
  start: 1,
  stdin: 2,
  stdinEnd: 3,
  signal: 4,
  resize: 5,
  killAll: 6,
  probe: 7,
  credit: 8,
  unproven: 9,
} as const;
export const ANSWER = {
  started: 16,
  failed: 17,
  stdout: 18,
  stderr: 19,
  exited: 20,
  closed: 21,
  killed: 22,
  probed: 23,
  credit: 24,
} as const;

const HEADER_BYTES = 9;
export const MAX_FRAME_BYTES = 1_048_576;

export interface Frame {
  readonly type: number;
  readonly id: number;
  readonly payload: Buffer;
}

export function encodeFrame(type: number, id: number, payload: Uint8Array = new Uint8Array()): Buffer {
  const frame = Buffer.allocUnsafe(HEADER_BYTES + payload.length);
  frame.writeUInt32LE(payload.length, 0);
  frame.writeUInt8(type, 4);
  frame.writeUInt32LE(id, 5);
  frame.set(payload, HEADER_BYTES);
  return frame;
}

export function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

/**
 * Cuts what process 1 sends into frames. It is inside the sandbox, and so not believed: a frame that is too long ends
 * the session by throwing.
 */
export class FrameReader {
  #held: Buffer[] = [];
  #size = 0;

  *push(chunk: Buffer): Generator<Frame> {
    this.#held.push(chunk);
    this.#size += chunk.length;
    for (;;) {
      if (this.#size < HEADER_BYTES) return;
      const head = this.#join(HEADER_BYTES);
      const length = head.readUInt32LE(0);
      if (length > MAX_FRAME_BYTES) throw new Error('process 1 sent a frame that is too long');
      if (this.#size < HEADER_BYTES + length) return;
      const whole = this.#join(HEADER_BYTES + length);
      const payload = whole.subarray(HEADER_BYTES, HEADER_BYTES + length);
      const rest = whole.subarray(HEADER_BYTES + length);
      this.#held[0] = rest;
      this.#size -= HEADER_BYTES + length;
      yield { type: head.readUInt8(4), id: head.readUInt32LE(5), payload };
    }
  }

  /** The first buffer, made to hold at least `bytes`. */
  #join(bytes: number): Buffer {
    let first = this.#held[0] ?? Buffer.alloc(0);
    if (first.length < bytes) {
      first = Buffer.concat(this.#held);
      this.#held = [first];
    }
    return first;
  }
}
