import { constants } from 'node:os';
import { Readable, Writable } from 'node:stream';
import type { Duplex } from 'node:stream';
import type { ProcessExit, ProcessSpec, RunningProcess } from '../contract.ts';
import type { Profile } from '../profiles/index.ts';
import { errorName, signalName } from './names.ts';
import { ANSWER, encodeFrame, type Frame, FrameReader, MAX_FRAME_BYTES, ORDER, uint32 } from './frames.ts';

/** Output on the way that nobody has read yet, and input that the process has not taken, are held to these. */
const OUTPUT_WINDOW_BYTES = 1_048_576;
const INPUT_WINDOW_BYTES = 262_144;
const INPUT_CHUNK_BYTES = 65_536;

const BROKEN = ['ECONNRESET', 'EPIPE'];

/**
 * The conversation with a sandbox's process 1: starts processes, carries their streams, and tells their ends. Whatever
 * process 1 sends is checked; anything unexpected ends the session, and with it the sandbox.
 */
export class InitSession {
  readonly #socket: Duplex;
  readonly #processes = new Map<number, InitProcess>();
  #next = 1;
  #probed: ((report: string) => void) | undefined;
  #killed: ((count: number) => void) | undefined;
  #ended: string | undefined;
  #over = false;
  readonly ended: Promise<{ readonly why: string }>;

  constructor(socket: Duplex) {
    this.#socket = socket;
    const reader = new FrameReader();
    this.ended = new Promise((resolve) => {
      const end = (why: string): void => {
        if (this.#ended !== undefined) return;
        this.#ended = why;
        socket.destroy();
        for (const process of this.#processes.values()) process.lost();
        this.#processes.clear();
        resolve({ why });
      };
      socket.on('data', (chunk: Buffer) => {
        try {
          for (const frame of reader.push(chunk)) this.#take(frame);
        } catch (error) {
          end(error instanceof Error ? error.message : String(error));
        }
      });
      // A kernel that is ended in mid-word says nothing more than one that is ended in silence.
      socket.on('error', (error: NodeJS.ErrnoException) =>
        end(BROKEN.includes(error.code ?? '') ? 'its process 1 has ended' : error.message),
      );
      socket.on('close', () => end('its process 1 has ended'));
      // It may have ended before anyone listened, and then no event comes any more.
      if (socket.destroyed || socket.readableEnded) end('its process 1 has ended');
    });
  }

  start(spec: ProcessSpec): RunningProcess {
    const id = this.#next;
    this.#next += 1;
    const process = new InitProcess(id, (type, payload, done) => this.#send(type, id, payload, done));
    const order = encodeStart(spec);
    if (order === undefined || this.#over || this.#ended !== undefined) {
      process.failed(order === undefined ? 'E2BIG' : 'ESRCH');
      return process;
    }
    this.#processes.set(id, process);
    this.#send(ORDER.start, id, order);
    this.#send(ORDER.credit, id, uint32(OUTPUT_WINDOW_BYTES));
    return process;
  }

  /**
   * Has process 1 confine what it will start to writing beneath the `writable` places, and by the AppArmor profile of that
   * name, and try its walls: ask for `name`, and see that kernel files are hidden or read-only; all of it as a profile has
   * it. Gives its report, unread. Once, and before any start. `resolver` is where names are asked for, when that is not the
   * loopback.
   */
  probe(
    name: string,
    kernelFiles: { readonly hidden: readonly string[]; readonly readOnly: readonly string[] },
    writable: readonly string[],
    profile?: Profile,
    apparmor?: string,
    resolver?: string,
  ): Promise<string> {
    const answer = new Promise<string>((resolve) => {
      this.#probed = resolve;
    });
    const { hidden, readOnly } = kernelFiles;
    const asked = [
      name,
      ...(resolver === undefined ? [] : [`@${resolver}`]),
      ...(apparmor === undefined ? [] : [`&${apparmor}`]),
      ...places(writable, profile),
      ...((profile?.namespaces ?? 0) === 0 ? [] : ['%']),
      ...hidden.map((path) => `-${path}`),
      ...readOnly.map((path) => `=${path}`),
      '',
    ];
    this.#send(ORDER.probe, 0, Buffer.from(asked.join('\0')));
    return answer;
  }

  /**
   * Lets process 1 start programs without a probe and unconfined. Only for a replay's run without its control, in a throwaway
   * machine: no receipt can be had from it any more.
   */
  unproven(): void {
    this.#send(ORDER.unproven, 0);
  }

  /** From now on nothing can be started any more. */
  finish(): void {
    this.#over = true;
  }

  killAll(): Promise<number> {
    if (this.#ended !== undefined) return Promise.resolve(0);
    const answer = new Promise<number>((resolve) => {
      this.#killed = resolve;
    });
    this.#send(ORDER.killAll, 0);
    return Promise.race([answer, this.ended.then(() => 0)]);
  }

  /** Process 1 ends when it loses us, and everything in the sandbox with it. */
  close(): void {
    this.#socket.destroy();
  }

  #send(type: number, id: number, payload?: Uint8Array, done?: () => void): void {
    if (this.#ended !== undefined || this.#socket.destroyed) {
      done?.();
      return;
    }
    this.#socket.write(encodeFrame(type, id, payload), () => done?.());
  }

  #take(frame: Frame): void {
    if (frame.type === ANSWER.probed) {
      this.#probed?.(frame.payload.toString('utf8'));
      return;
    }
    if (frame.type === ANSWER.killed) {
      this.#killed?.(frame.payload.readUInt32LE(0));
      return;
    }
    const process = this.#processes.get(frame.id);
    if (process === undefined) throw new Error('process 1 spoke of a process that was not started');
    if (process.take(frame)) this.#processes.delete(frame.id);
  }
}

/** What process 1 is to confine the job to: in its own words (`native/init/init.h`). */
function places(writable: readonly string[], profile: Profile | undefined): readonly string[] {
  if (profile?.confinement === 'signals-and-sockets') return ['~'];
  return [
    ...writable.map((path) => `+${path}`),
    ...(profile?.confinement === 'own-processes-open' ? ['*/proc'] : []),
  ];
}

function encodeStart(spec: ProcessSpec): Buffer | undefined {
  const environment = Object.entries(spec.environment).map(([name, value]) => `${name}=${value}`);
  const texts = [...spec.argv, ...environment, spec.workingDirectory];
  if (texts.some((text) => text.includes('\0')) || spec.argv.length > 0xffff || environment.length > 0xffff)
    return undefined;
  const head = Buffer.alloc(9);
  head.writeUInt16LE(spec.argv.length, 0);
  head.writeUInt16LE(environment.length, 2);
  head.writeUInt8(spec.terminal === undefined ? 0 : 1, 4);
  head.writeUInt16LE(spec.terminal?.columns ?? 0, 5);
  head.writeUInt16LE(spec.terminal?.rows ?? 0, 7);
  const order = Buffer.concat([head, Buffer.from(`${texts.join('\0')}\0`)]);
  return order.length > MAX_FRAME_BYTES ? undefined : order;
}

type Send = (type: number, payload?: Uint8Array, done?: () => void) => void;

class InitProcess implements RunningProcess {
  readonly pid: Promise<number>;
  readonly exited: Promise<ProcessExit>;
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
  readonly #send: Send;
  #exit: (exit: ProcessExit) => void = () => undefined;
  #started: (pid: number) => void = () => undefined;
  #room = INPUT_WINDOW_BYTES;
  #waiting: (() => void) | undefined;
  #ended = false;
  #over = false;
  /** What process 1 may still send: it holds itself to the credit that it is given, or is not process 1 any more. */
  #credit = OUTPUT_WINDOW_BYTES;
  /** Bytes handed to a stream whose reader is slow: credit for them is given when it reads again. */
  readonly #owed = new Map<Readable, number>();

  constructor(_id: number, send: Send) {
    this.#send = send;
    this.pid = new Promise((resolve) => {
      this.#started = resolve;
    });
    this.exited = new Promise((resolve) => {
      this.#exit = resolve;
    });
    this.stdout = this.#output();
    this.stderr = this.#output();
    this.stdin = new Writable({
      highWaterMark: INPUT_CHUNK_BYTES,
      write: (chunk: Buffer, _encoding, done) => this.#write(chunk, done),
      final: (done) => {
        this.#send(ORDER.stdinEnd);
        done();
      },
    });
  }

  signal(name: string): void {
    const number: number | undefined = (constants.signals as Readonly<Record<string, number>>)[name];
    if (number !== undefined && !this.#over) this.#send(ORDER.signal, Buffer.from([number]));
  }

  resize(columns: number, rows: number): void {
    if (this.#over) return;
    const payload = Buffer.alloc(4);
    payload.writeUInt16LE(Math.min(columns, 0xffff), 0);
    payload.writeUInt16LE(Math.min(rows, 0xffff), 2);
    this.#send(ORDER.resize, payload);
  }

  failed(name: string): void {
    this.#finish({ code: null, signal: null, failure: name });
  }

  /** The sandbox ended under it. */
  lost(): void {
    this.#finish({ code: null, signal: 'SIGKILL' });
  }

  /** Takes one answer of process 1. True when nothing more will come. */
  take(frame: Frame): boolean {
    switch (frame.type) {
      case ANSWER.started:
        this.#started(frame.payload.readUInt32LE(0));
        return false;
      case ANSWER.failed: {
        const code = frame.payload.readUInt32LE(0);
        this.failed(code > 0xffff ? `${errorName(code & 0xffff)} (working directory)` : errorName(code));
        return true;
      }
      case ANSWER.stdout:
        this.#hand(this.stdout, frame.payload);
        return false;
      case ANSWER.stderr:
        this.#hand(this.stderr, frame.payload);
        return false;
      case ANSWER.exited: {
        const [kind = 0, value = 0] = frame.payload;
        this.#ended = true;
        this.#exit(kind === 1 ? { code: null, signal: signalName(value) } : { code: value, signal: null });
        return false;
      }
      case ANSWER.closed:
        // Else whoever waits for its end would wait for ever.
        if (!this.#ended) throw new Error('process 1 closed a process that had not ended');
        this.#end();
        return true;
      case ANSWER.credit:
        this.#room += frame.payload.readUInt32LE(0);
        this.#waiting?.();
        return false;
      default:
        throw new Error('process 1 gave an answer that is not known');
    }
  }

  #output(): Readable {
    const stream: Readable = new Readable({
      highWaterMark: OUTPUT_WINDOW_BYTES / 4,
      read: () => {
        const owed = this.#owed.get(stream) ?? 0;
        if (owed === 0) return;
        this.#owed.set(stream, 0);
        this.#give(owed);
      },
    });
    return stream;
  }

  #give(bytes: number): void {
    this.#credit += bytes;
    this.#send(ORDER.credit, uint32(bytes));
  }

  #hand(stream: Readable, bytes: Buffer): void {
    this.#credit -= bytes.length;
    if (this.#credit < 0) throw new Error('process 1 sent more output than it was asked for');
    if (stream.destroyed || stream.push(bytes)) {
      this.#give(bytes.length);
    } else {
      this.#owed.set(stream, (this.#owed.get(stream) ?? 0) + bytes.length);
    }
  }

  #write(chunk: Buffer, done: (error?: Error | null) => void): void {
    if (this.#over) {
      done();
      return;
    }
    if (this.#room <= 0) {
      this.#waiting = () => {
        this.#waiting = undefined;
        this.#write(chunk, done);
      };
      return;
    }
    const piece = chunk.subarray(0, Math.min(INPUT_CHUNK_BYTES, this.#room));
    this.#room -= piece.length;
    this.#send(ORDER.stdin, piece, () => {
      if (piece.length === chunk.length) done();
      else this.#write(chunk.subarray(piece.length), done);
    });
  }

  #end(): void {
    if (this.#over) return;
    this.#over = true;
    this.stdout.push(null);
    this.stderr.push(null);
    this.stdin.destroy();
    this.#waiting?.();
  }

  #finish(exit: ProcessExit): void {
    this.#started(0);
    this.#exit(exit);
    this.#end();
  }
}
