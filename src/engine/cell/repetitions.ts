import type { RecordEvent } from '../../audit/index.ts';

type Risk = Extract<RecordEvent, { readonly type: 'risk.attempted' }>;

/** The same by programs of the same command line is told this often in a step; then only counted. */
const MAX_SAME = 20;
const MAX_KINDS = 200;

/**
 * Bounds what a job can put into the record by trying the same thing without end: what is told no more is counted, and
 * the counts are told when the step ends. Nothing is left out in silence.
 */
export class Repetitions {
  readonly #kinds = new Map<string, { told: number; untold: number; last: Risk }>();
  #beyond = 0;
  #last: Risk | undefined;

  /** Whether this one is to be told now. */
  admit(event: Risk): boolean {
    this.#last = event;
    const key = keyOf(event);
    const kind = this.#kinds.get(key);
    if (kind === undefined) {
      if (this.#kinds.size >= MAX_KINDS) {
        this.#beyond += event.count ?? 1;
        return false;
      }
      this.#kinds.set(key, { told: 1, untold: 0, last: event });
      return true;
    }
    if (kind.told < MAX_SAME) {
      kind.told += 1;
      return true;
    }
    kind.untold += event.count ?? 1;
    kind.last = event;
    return false;
  }

  /** What was only counted, as events; and begins anew. */
  settle(): readonly RecordEvent[] {
    const events: RecordEvent[] = [];
    for (const { untold, last } of this.#kinds.values())
      if (untold > 0) events.push({ ...last, count: untold });
    if (this.#beyond > 0 && this.#last !== undefined) {
      const { job, step } = this.#last;
      events.push({
        type: 'telemetry.gap',
        job,
        step,
        what: 'risk.attempted',
        why: 'too many different ones in one step to tell each',
        count: this.#beyond,
      });
    }
    this.#kinds.clear();
    this.#beyond = 0;
    return events;
  }
}

/** Two of different processes are the same when their command lines are. */
function keyOf({ operation, outcome, call, target, process }: Risk): string {
  return JSON.stringify([operation, outcome, call, target, process.argv]);
}
