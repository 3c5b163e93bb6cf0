import { statSync } from 'node:fs';
import type { RecordEvent } from '../../audit/index.ts';
import type { Refusal, Result } from '../../base/index.ts';
import { type LoadedConfiguration, operatorConfiguration, operatorPaths } from '../../config/index.ts';
import type { EgressPolicy, Narrowed } from '../../egress/index.ts';
import type { ZoneId } from '../../zone/index.ts';

/** The operator's file as a run found it, and how it is read again. */
export interface OperatorSource {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** `--config`. */
  readonly named?: string;
  /** The folder in which it may not lie. */
  readonly notIn: string;
  /** What was in force when the run began; absent: there was no file. */
  readonly began?: LoadedConfiguration;
}

/** A running job, as far as its network goes. */
export interface Narrowable {
  readonly jobId: string;
  readonly zone: ZoneId;
  narrow(policy: EgressPolicy): Promise<Narrowed>;
}

export interface LivePolicyRequest {
  readonly source: OperatorSource;
  /** What the file gives jobs of a zone, as it stands now. */
  readonly settle: (operator: LoadedConfiguration, zone: ZoneId) => Promise<Result<EgressPolicy, Refusal>>;
  readonly write: (event: RecordEvent) => Promise<void>;
}

const EVERY_MS = 500;

/**
 * Follows the operator's file while jobs run. What it allows less is in force in a moment, in jobs that run and in those that begin
 * later; what it allows more waits for the next run. A file that is wrong, gone, or that others could have written changes
 * nothing, and that is told. Only the very file is looked at, which no job sees (ADR 0021).
 */
export class LivePolicy {
  readonly #request: LivePolicyRequest;
  readonly #jobs = new Set<Narrowable>();
  readonly #timer: NodeJS.Timeout;
  #stamp: string;
  /** Seen at the last look, and not read yet: a file is read once it was left alone from one look to the next. */
  #changed: string | undefined;
  #digest: string | undefined;
  #file: LoadedConfiguration | undefined;
  #reading: Promise<void> = Promise.resolve();

  constructor(request: LivePolicyRequest) {
    this.#request = request;
    this.#digest = request.source.began?.digest;
    this.#stamp = this.#look();
    this.#timer = setInterval(() => this.#tick(), EVERY_MS);
    this.#timer.unref();
  }

  /** A job begins: what changed since the run began holds for it before its first step. Gives what forgets it. */
  async join(job: Narrowable): Promise<() => void> {
    this.#jobs.add(job);
    await this.#reading;
    if (this.#file !== undefined) await this.#narrow(job, this.#file);
    return () => this.#jobs.delete(job);
  }

  /** Nothing is read any more when this settles. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#reading;
  }

  /** The state of every place where the file may stand: changed, put there, taken away or replaced. */
  #look(): string {
    const { environment, named } = this.#request.source;
    return (named === undefined ? operatorPaths(environment) : [named])
      .map((path) => {
        try {
          const { dev, ino, size, mtimeNs, ctimeNs } = statSync(path, { bigint: true });
          return `${dev}:${ino}:${size}:${mtimeNs}:${ctimeNs}`;
        } catch {
          return 'none';
        }
      })
      .join(' ');
  }

  #tick(): void {
    const now = this.#look();
    if (now === this.#stamp) this.#changed = undefined;
    else if (now !== this.#changed) this.#changed = now;
    else {
      this.#stamp = now;
      this.#changed = undefined;
      // A record that cannot be written ends the run by itself.
      this.#reading = this.#reading.then(() => this.#read()).catch(() => undefined);
    }
  }

  async #read(): Promise<void> {
    const { environment, named, notIn } = this.#request.source;
    const read = await operatorConfiguration(environment, {
      notIn,
      ...(named !== undefined && { named }),
    });
    if (!read.ok) return this.#refused(read.error[0]?.why ?? 'it cannot be read', read.error[0]?.where?.file);
    const file = read.value;
    if (file === undefined) {
      if (this.#digest !== undefined) await this.#refused('the file is gone');
      return;
    }
    if (file.digest === this.#digest) return;
    const zones = new Set([...this.#jobs].map(({ zone }) => zone));
    for (const zone of zones) {
      const settled = await this.#request.settle(file, zone);
      if (!settled.ok) return this.#refused(settled.error.why, file.path);
    }
    this.#digest = file.digest;
    this.#file = file;
    await Promise.all([...this.#jobs].map((job) => this.#narrow(job, file)));
  }

  async #narrow(job: Narrowable, file: LoadedConfiguration): Promise<void> {
    const settled = await this.#request.settle(file, job.zone);
    if (!settled.ok) return this.#refused(settled.error.why, file.path, job.jobId);
    const { closed, notGiven, connections } = await job.narrow(settled.value);
    await this.#request.write({
      type: 'policy.reloaded',
      job: job.jobId,
      path: file.path,
      digest: file.digest,
      closed,
      notGiven,
      connections,
    });
  }

  #refused(why: string, path?: string, job?: string): Promise<void> {
    const where = path ?? this.#request.source.began?.path ?? 'cofferdam.yaml';
    return this.#request.write({
      type: 'policy.reloaded',
      ...(job !== undefined && { job }),
      path: where,
      refused: why,
    });
  }
}
