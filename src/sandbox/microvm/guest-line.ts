import type { Socket } from 'node:net';
import { LineSplitter } from '../telemetry/line-splitter.ts';

/** What only the guest's kernel knows of the job's container; absent: it could not be read. */
export interface GuestUse {
  readonly memoryLimit?: number;
  readonly memoryPeak?: number;
  readonly oomKills?: number;
  readonly pidsLimit?: number;
  readonly pidsRefused?: number;
  readonly blocksFull: boolean;
  readonly filesFull: boolean;
}

const BOOTED = /^booted\t([\w.+~-]{1,64})$/u;
const STARTED = /^started\t(\d{1,7})$/u;
const ENDED = /^ended\t([a-z0-9 ]{1,40})$/u;
const USE = /^use\t(-?\d{1,19})\t(-?\d{1,19})\t(-?\d{1,19})\t(-?\d{1,19})\t(-?\d{1,19})\t([01])\t([01])$/u;
const QUESTION = Buffer.from('?');

/**
 * The line to process 1 of a guest (native/microvm/guest.c). Until the job starts it is our own program's word; after that it
 * is that of a kernel that the job may have taken over: it is counted with, and nothing is decided by it.
 */
export class GuestLine {
  /** Settles with the release of its kernel. */
  readonly booted: Promise<string>;
  /** Settles with the number that process 1 of the job's container has in the guest. */
  readonly started: Promise<number>;
  /** Settles when the container or its telemetry ended, or the line says what it must not. */
  readonly ended: Promise<string>;
  readonly #socket: Socket;
  readonly #booted = Promise.withResolvers<string>();
  readonly #started = Promise.withResolvers<number>();
  readonly #ended = Promise.withResolvers<string>();
  #waiting: ((use: GuestUse | undefined) => void)[] = [];

  constructor(socket: Socket) {
    this.#socket = socket;
    this.booted = this.#booted.promise;
    this.started = this.#started.promise;
    this.ended = this.#ended.promise;
    const lines = new LineSplitter((text) => this.#take(text));
    socket.on('data', (chunk: Buffer) => lines.add(chunk));
    socket.on('error', () => undefined);
    socket.on('close', () => this.#end('its machine has ended'));
  }

  /** Undefined when the guest does not answer in time. */
  use(withinMs: number): Promise<GuestUse | undefined> {
    if (this.#socket.destroyed) return Promise.resolve(undefined);
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(undefined), withinMs);
      this.#waiting.push((use) => {
        clearTimeout(timer);
        resolve(use);
      });
      // One answer is for all who wait.
      if (this.#waiting.length === 1) this.#socket.write(QUESTION);
    });
  }

  #take(text: string): void {
    const release = BOOTED.exec(text)?.[1];
    if (release !== undefined) {
      this.#booted.resolve(release);
      return;
    }
    const init = STARTED.exec(text)?.[1];
    if (init !== undefined) {
      this.#started.resolve(Number(init));
      return;
    }
    const ended = ENDED.exec(text)?.[1];
    const use = USE.exec(text);
    if (use !== null) this.#answer(readUse(use));
    else this.#end(ended === undefined ? 'its guest said what it must not' : `its ${ended} has ended`);
  }

  #answer(use: GuestUse | undefined): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve(use);
  }

  #end(why: string): void {
    this.#ended.resolve(why);
    this.#answer(undefined);
    this.#socket.destroy();
  }
}

function readUse([, ...fields]: RegExpExecArray): GuestUse {
  const number = (at: number): number | undefined => {
    const value = Number(fields[at]);
    return value >= 0 ? value : undefined;
  };
  const [memoryLimit, memoryPeak, oomKills, pidsLimit, pidsRefused] = [0, 1, 2, 3, 4].map(number);
  return {
    ...(memoryLimit !== undefined && { memoryLimit }),
    ...(memoryPeak !== undefined && { memoryPeak }),
    ...(oomKills !== undefined && { oomKills }),
    ...(pidsLimit !== undefined && { pidsLimit }),
    ...(pidsRefused !== undefined && { pidsRefused }),
    blocksFull: fields[5] === '1',
    filesFull: fields[6] === '1',
  };
}
