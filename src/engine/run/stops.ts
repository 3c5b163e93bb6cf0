import type { RecordEvent } from '../../audit/index.ts';
import type { Limits } from '../../config/index.ts';
import type { Journal } from '../cell/journal.ts';

/** Held by clocks, which a workflow can set shorter for itself. */
const OWN_CLOCKS = new Set(['stepTimeoutMs', 'jobTimeoutMs']);

/**
 * Tells from a job's events whether it failed because a limit of its zone ended one of its steps, or the whole: then it was
 * stopped, and did not fail by itself. A workflow's own shorter `timeout-minutes` is its own doing, as on GitHub.
 */
export class Stops {
  readonly #limits: Limits;
  readonly #limited = new Set<string>();
  readonly #failed = new Set<string>(['job']);

  constructor(limits: Limits) {
    this.#limits = limits;
  }

  /** The same journal, looked at in passing. */
  noting(journal: Journal): Journal {
    return {
      write: (event, options) => {
        this.#see(event);
        return journal.write(event, options);
      },
    };
  }

  get any(): boolean {
    return [...this.#limited].some((step) => this.#failed.has(step));
  }

  #see(event: RecordEvent): void {
    if (event.type === 'step.finished' && event.result === 'failure' && event.tolerated !== true)
      this.#failed.add(event.step);
    if (event.type !== 'limit.hit') return;
    const own = OWN_CLOCKS.has(event.limit) && event.value !== this.#limits[event.limit as keyof Limits];
    if (!own) this.#limited.add(event.step);
  }
}
