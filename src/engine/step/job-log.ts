import { type FileHandle, constants, open } from 'node:fs/promises';
import type { Masker } from '../../secrets/index.ts';
import type { Refusal, Result } from '../../base/index.ts';
import type { RunObserver } from '../cell/journal.ts';
import { LogLines } from './log-lines.ts';

/**
 * A job's output: masked, cut into lines, written to the run's folder and shown to whoever watches, up to the zone's
 * `logBytes`. Masking is no boundary (guide §3): it keeps accidents out of logs, not a determined program.
 */
export class JobLog {
  readonly #file: FileHandle;
  readonly #masker: Masker;
  readonly #lines: LogLines;
  readonly #observer: RunObserver;
  readonly #jobId: string;
  readonly #limitBytes: number;
  #pending: Buffer[] = [];
  #pendingBytes = 0;
  #writing: Promise<void> = Promise.resolve();
  #failed = false;
  #stepId = '';
  #idle: NodeJS.Timeout | undefined;
  bytes = 0;

  private constructor(
    file: FileHandle,
    masker: Masker,
    observer: RunObserver,
    jobId: string,
    limitBytes: number,
  ) {
    this.#file = file;
    this.#masker = masker;
    this.#observer = observer;
    this.#jobId = jobId;
    this.#limitBytes = limitBytes;
    this.#lines = new LogLines((line) => this.#show(line));
  }

  static async open(
    path: string,
    masker: Masker,
    observer: RunObserver,
    jobId: string,
    limitBytes: number,
  ): Promise<JobLog> {
    const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
    return new JobLog(await open(path, flags, 0o600), masker, observer, jobId, limitBytes);
  }

  setStep(stepId: string): void {
    this.#stepId = stepId;
  }

  /** Hides a value from now on. Refused when it is too short, too long or one too many: it is then not hidden. */
  mask(value: string): Result<void, Refusal> {
    return this.#masker.add(value);
  }

  /** A text that is no line of the log, with what is hidden replaced. */
  masked(text: string): string {
    const masker = this.#masker.fork();
    const bytes = [masker.push(Buffer.from(text)), masker.flush()];
    return Buffer.concat(bytes).toString('utf8');
  }

  /** Counts output that is not shown: a step can say as little without end by commands as by lines. False as for `line`. */
  unshown(bytes: number): boolean {
    if (this.bytes + bytes > this.#limitBytes || this.#failed) return false;
    this.bytes += bytes + 1;
    return true;
  }

  /** Takes one line of the job's. False when the limit is reached: the line was not taken. */
  line(line: Buffer, partial: boolean): boolean {
    if (!this.unshown(line.length)) return false;
    this.#lines.push(this.#masker.push(line));
    if (!partial) this.#lines.push(this.#masker.push(NEWLINE));
    // What is held back because a secret might be beginning is shown when nothing more comes.
    this.#idle ??= setTimeout(() => {
      this.#idle = undefined;
      this.#lines.push(this.#masker.flush());
    }, IDLE_MS);
    return true;
  }

  async close(): Promise<void> {
    clearTimeout(this.#idle);
    this.#lines.push(this.#masker.flush());
    this.#lines.end();
    await this.#drain();
    await this.#file.close();
  }

  #show(line: Buffer): void {
    this.#observer.output({ jobId: this.#jobId, stepId: this.#stepId, text: line.toString('utf8') });
    this.#pending.push(line, NEWLINE);
    this.#pendingBytes += line.length + 1;
    if (this.#pendingBytes >= FLUSH_BYTES) void this.#drain();
  }

  #drain(): Promise<void> {
    const batch = Buffer.concat(this.#pending);
    this.#pending = [];
    this.#pendingBytes = 0;
    this.#writing = this.#writing
      .then(() => this.#file.writeFile(batch))
      .catch(() => {
        this.#failed = true;
      });
    return this.#writing;
  }
}

const NEWLINE = Buffer.from('\n');
const IDLE_MS = 50;
const FLUSH_BYTES = 64 * 1024;
