import type { Sandbox } from '../../sandbox/index.ts';
import type { LimitName, Limits } from '../../zone/index.ts';

const EVERY_MS = 250;

/**
 * Tells which of a job's limits was met, with the step on whose account it was: from what the cgroup counted, and from file
 * systems that are full. A file system that was full for less than a quarter of a second in the middle of a step may go
 * unseen; the kernel refused the write all the same.
 */
export class LimitWatch {
  readonly #sandbox: Sandbox;
  readonly #limits: Limits;
  readonly #hit: (limit: LimitName, value: number, step: string) => Promise<void>;
  readonly #timer: NodeJS.Timeout;
  readonly #told = new Set<string>();
  readonly #counted = { memoryBytes: 0, pids: 0 };
  /** Full when the step began: on another's account, unless it still is when the step ends. */
  readonly #inherited = new Set<LimitName>();
  #full: readonly LimitName[] = [];
  #step = 'job';
  #looking: Promise<void> = Promise.resolve();

  constructor(
    sandbox: Sandbox,
    limits: Limits,
    hit: (limit: LimitName, value: number, step: string) => Promise<void>,
  ) {
    this.#sandbox = sandbox;
    this.#limits = limits;
    this.#hit = hit;
    this.#timer = setInterval(() => void this.#queue(false), EVERY_MS);
  }

  /** The step on whose account what is met from now on is told. */
  setStep(step: string): void {
    this.#step = step;
    this.#inherited.clear();
    for (const limit of this.#full) this.#inherited.add(limit);
  }

  /** Looks now, and tells what is new. A step ends with a look, so that nothing of it is told of the next. */
  look(): Promise<void> {
    return this.#queue(true);
  }

  #queue(last: boolean): Promise<void> {
    this.#looking = this.#looking.then(() => this.#look(last)).catch(() => undefined);
    return this.#looking;
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.look();
  }

  async #look(last: boolean): Promise<void> {
    const step = this.#step;
    const [usage, full] = await Promise.all([this.#sandbox.usage(), this.#sandbox.full()]);
    const counts = { memoryBytes: usage.oomKills ?? 0, pids: usage.pidsRefused ?? 0 };
    for (const limit of ['memoryBytes', 'pids'] as const) {
      const more = counts[limit] > this.#counted[limit];
      this.#counted[limit] = counts[limit];
      if (more) await this.#tell(limit, step);
    }
    this.#full = full;
    for (const limit of this.#inherited) if (!full.includes(limit)) this.#inherited.delete(limit);
    for (const limit of full) if (last || !this.#inherited.has(limit)) await this.#tell(limit, step);
  }

  /** Once for each limit and step. */
  async #tell(limit: LimitName, step: string): Promise<void> {
    const key = `${limit} ${step}`;
    if (this.#told.has(key)) return;
    this.#told.add(key);
    await this.#hit(limit, this.#limits[limit], step);
  }
}
