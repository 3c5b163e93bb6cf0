import {
  closeSync,
  constants,
  fdatasync,
  fdatasyncSync,
  fsyncSync,
  openSync,
  renameSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { type Digest, sha256 } from '../base/index.ts';
import { loadSigningKey, type SigningKey, signCheckpoint } from './checkpoint.ts';
import { encodeLine, genesis } from './record-line.ts';
import type { RecordEvent } from './vocabulary.ts';

export const RECORD_FILE = 'record.jsonl';
export const CHECKPOINT_FILE = 'record.checkpoint';

/**
 * A job may cause observations without end. From these bounds on they are counted only, and the record says so there; what
 * grants something is written on, up to as many bytes again, and what cannot be written is not granted.
 */
const BOUNDS: RecordBounds = { observations: 1_000_000, bytes: 256 * 2 ** 20 };
const CHECKPOINT_EVERY_MS = 2_000;

/** The record cannot be written any more: the disk is full or gone. What was to be granted is not, and the run ends. */
export class RecordLost extends Error {
  static from(cause: unknown): RecordLost {
    return cause instanceof RecordLost
      ? cause
      : new RecordLost(cause instanceof Error ? cause.message : String(cause));
  }
}

/** An append-only, hash-chained record of one run. */
export interface RunRecord {
  /**
   * Writes an event. With `durable` the promise is fulfilled when it is on disk; without, at once. Rejects with
   * `RecordLost`; a caller that grants nothing by it need not look.
   */
  write(event: RecordEvent, options?: { readonly durable?: boolean }): Promise<void>;
  /** Writes what is left and signs the end. */
  close(): Promise<{ readonly events: number; readonly head: Digest }>;
}

export interface RecordBounds {
  readonly observations: number;
  readonly bytes: number;
}

export interface RecordOptions {
  /** An existing private folder that holds no record yet. */
  readonly directory: string;
  readonly keysFolder: string;
  readonly runId: string;
  readonly now: () => Date;
  readonly watch?: (event: RecordEvent) => void;
  readonly bounds?: RecordBounds;
}

/** Starts a record. Throws when the folder cannot be written: a run without a record does not begin. */
export function openRecord(options: RecordOptions): RunRecord {
  let key: SigningKey;
  try {
    key = loadSigningKey(options.keysFolder);
  } catch (error) {
    throw RecordLost.from(error);
  }
  return new ChainedRecord(options, key);
}

const FULL = 'there were more than a record holds';

/** What a job causes as often as it likes, and what nothing is granted by. */
function isObservation(event: RecordEvent): boolean {
  switch (event.type) {
    case 'process.started':
    case 'process.exited':
    case 'process.outlived':
    case 'risk.attempted':
    case 'network.listening':
    case 'dns.question':
    case 'network.closed':
    case 'network.refused':
    case 'command.used':
    case 'annotation':
    case 'telemetry.gap':
      return true;
    case 'network.connection':
      return event.verdict === 'denied';
    default:
      return false;
  }
}

class ChainedRecord implements RunRecord {
  readonly #options: RecordOptions;
  readonly #key: SigningKey;
  readonly #file: number;
  #seq = 0;
  #head: Digest;
  #lines: string[] = [];
  #scheduled = false;
  #broken: RecordLost | undefined;
  #closed = false;
  #dropped = 0;
  #observations = 0;
  #bytes = 0;
  #checkpointed = 0;
  #syncing: Promise<void> | undefined;
  #next: Promise<void> | undefined;

  constructor(options: RecordOptions, key: SigningKey) {
    this.#options = options;
    this.#key = key;
    this.#head = genesis(options.runId);
    const flags =
      constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_APPEND | constants.O_NOFOLLOW;
    try {
      this.#file = openSync(join(options.directory, RECORD_FILE), flags, 0o600);
      this.#checkpoint(false);
    } catch (error) {
      throw RecordLost.from(error);
    }
  }

  write(event: RecordEvent, options: { readonly durable?: boolean } = {}): Promise<void> {
    const written = this.#write(event, options.durable === true);
    written.catch(() => undefined);
    return written;
  }

  async #write(event: RecordEvent, durable: boolean): Promise<void> {
    if (this.#closed) throw new Error('the record is closed');
    const bounds = this.#options.bounds ?? BOUNDS;
    if (isObservation(event)) {
      if (this.#observations >= bounds.observations || this.#bytes >= bounds.bytes) {
        if (this.#dropped === 0) this.#append({ type: 'telemetry.gap', what: 'events', why: FULL });
        this.#dropped += 1;
        return;
      }
      this.#observations += 1;
    }
    if (durable && this.#bytes >= 2 * bounds.bytes) throw new RecordLost(FULL);
    this.#append(event);
    if (durable) {
      this.#flush();
      await this.#sync();
    } else if (!this.#scheduled) {
      this.#scheduled = true;
      setImmediate(() => this.#flush());
    }
    if (this.#broken !== undefined) throw this.#broken;
  }

  async close(): Promise<{ readonly events: number; readonly head: Digest }> {
    if (!this.#closed) {
      if (this.#dropped > 0) {
        this.#append({
          type: 'telemetry.gap',
          what: 'events',
          why: FULL,
          count: this.#dropped,
        });
      }
      this.#flush();
      this.#closed = true;
      try {
        if (this.#broken === undefined) {
          fdatasyncSync(this.#file);
          this.#checkpoint(true);
        }
      } catch (error) {
        this.#broken = RecordLost.from(error);
      }
      closeSync(this.#file);
    }
    if (this.#broken !== undefined) throw this.#broken;
    return { events: this.#seq, head: this.#head };
  }

  #append(event: RecordEvent): void {
    const line = encodeLine(this.#seq, this.#options.now().toISOString(), this.#head, event);
    this.#seq += 1;
    this.#bytes += line.length + 1;
    this.#head = sha256(line);
    this.#lines.push(`${line}\n`);
    this.#options.watch?.(event);
  }

  #flush(): void {
    this.#scheduled = false;
    if (this.#lines.length === 0 || this.#broken !== undefined || this.#closed) return;
    const bytes = Buffer.from(this.#lines.join(''));
    this.#lines = [];
    try {
      for (let written = 0; written < bytes.length; ) written += writeSync(this.#file, bytes, written);
      const now = this.#options.now().getTime();
      if (now - this.#checkpointed >= CHECKPOINT_EVERY_MS) this.#checkpoint(false);
    } catch (error) {
      this.#broken = RecordLost.from(error);
    }
  }

  /**
   * Whoever waits while the disk is written waits for the next time, with all others who do: that one begins after their lines
   * were handed over, and puts them all there at once.
   */
  #sync(): Promise<void> {
    if (this.#syncing === undefined) return this.#syncNow();
    this.#next ??= this.#syncing
      .catch(() => undefined)
      .then(() => {
        this.#next = undefined;
        return this.#syncNow();
      });
    return this.#next;
  }

  #syncNow(): Promise<void> {
    // Its end puts all of it on disk, and the descriptor is no longer ours.
    if (this.#closed) return this.#broken === undefined ? Promise.resolve() : Promise.reject(this.#broken);
    const syncing = new Promise<void>((resolve, reject) => {
      fdatasync(this.#file, (error) => {
        if (this.#syncing === syncing) this.#syncing = undefined;
        if (error !== null) this.#broken = RecordLost.from(error);
        if (this.#broken === undefined) resolve();
        else reject(this.#broken);
      });
    });
    this.#syncing = syncing;
    return syncing;
  }

  /** Replaced as a whole, so that a crash leaves the one before. */
  #checkpoint(closed: boolean): void {
    this.#checkpointed = this.#options.now().getTime();
    const text = signCheckpoint(
      { runId: this.#options.runId, size: this.#seq, head: this.#head, closed },
      this.#key,
    );
    const path = join(this.#options.directory, CHECKPOINT_FILE);
    const staged = `${path}.new`;
    writeFileSync(staged, text, { mode: 0o600 });
    if (closed) {
      const file = openSync(staged, 'r');
      fsyncSync(file);
      closeSync(file);
    }
    renameSync(staged, path);
  }
}
