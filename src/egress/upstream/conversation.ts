import type { Socket } from 'node:net';
import { Gathered } from '../gathered.ts';

/**
 * What is said with a proxy before it carries anything. Reads exactly what is asked for; what comes after stays with the socket.
 * All of it must be over in `withinMs`, however slowly the proxy speaks, and nothing larger than `most` is held.
 */
export class Conversation {
  readonly #socket: Socket;
  readonly #most: number;
  readonly #held = new Gathered();
  readonly #timer: NodeJS.Timeout;
  #look: () => void = () => undefined;
  #over = false;

  constructor(socket: Socket, withinMs: number, most: number) {
    this.#socket = socket;
    this.#most = most;
    this.#timer = setTimeout(this.#end, withinMs);
    socket.on('data', this.#take);
    socket.on('error', this.#end);
    socket.on('end', this.#end);
    socket.on('close', this.#end);
  }

  /** Bytes that came and were not asked for yet. */
  get unread(): number {
    return this.#held.size;
  }

  say(bytes: Buffer): void {
    this.#socket.write(bytes);
  }

  /** The first `size(bytes)` bytes once they are there; `size` gives undefined while it cannot tell. Undefined at the end. */
  read(size: (bytes: Buffer) => number | undefined): Promise<Buffer | undefined> {
    return new Promise((resolve) => {
      this.#look = () => {
        const bytes = this.#held.bytes;
        const wanted = size(bytes);
        if (wanted !== undefined && wanted <= bytes.length) {
          const all = this.#held.take();
          this.#held.add(all.subarray(wanted));
          this.#look = () => undefined;
          resolve(all.subarray(0, wanted));
        } else if (this.#over || bytes.length > this.#most) {
          this.#look = () => undefined;
          resolve(undefined);
        }
      };
      this.#look();
    });
  }

  /** Gives the socket back, paused, with whatever was not read. */
  done(): void {
    clearTimeout(this.#timer);
    this.#socket.off('data', this.#take);
    this.#socket.off('error', this.#end);
    this.#socket.off('end', this.#end);
    this.#socket.off('close', this.#end);
    this.#socket.pause();
    const rest = this.#held.take();
    if (rest.length > 0 && !this.#socket.readableEnded) this.#socket.unshift(rest);
  }

  readonly #take = (chunk: Buffer): void => {
    // More than a proxy may say, and not yet asked for: it waits in the kernel.
    if (this.#held.size > this.#most) this.#socket.pause();
    this.#held.add(chunk);
    this.#look();
  };

  readonly #end = (): void => {
    this.#over = true;
    this.#look();
  };
}
