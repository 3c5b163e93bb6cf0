import type { Refusal, Result } from '../../base/index.ts';
import type { ContextValue, Job } from '../../workflow/index.ts';

export type Conclusion = 'success' | 'failure' | 'cancelled' | 'skipped';

/** What a job ended with, as its dependants see it in the `needs` context. */
export interface JobOutcome {
  readonly conclusion: Conclusion;
  readonly outputs: Readonly<Record<string, string>>;
}

/** One run of a job: the job itself, or one combination of its matrix. */
export interface Leg {
  readonly job: Job;
  /** Unique within the run; letters, digits, `-` and `_`. */
  readonly id: string;
  readonly displayName: string;
  readonly matrix: Readonly<Record<string, ContextValue>>;
  readonly index: number;
  readonly total: number;
  readonly failFast: boolean;
  readonly maxParallel: number;
}

export type Needs = ReadonlyMap<string, JobOutcome>;

export interface LegResult extends JobOutcome {
  /** `continue-on-error`: the failure stays the leg's, and does not fail the run. */
  readonly tolerated: boolean;
}

/** What the graph asks of its owner. Each answer may refuse; a refusal ends the job as failed and is reported. */
export interface GraphOwner {
  readonly wanted: (job: Job, needs: Needs, ancestors: Conclusion) => Result<boolean, Refusal>;
  readonly legs: (job: Job, needs: Needs) => Result<readonly Leg[], Refusal>;
  readonly run: (leg: Leg, needs: Needs, signal: AbortSignal) => Promise<LegResult>;
  readonly refused: (job: Job, why: Refusal) => void;
  readonly skipped: (job: Job) => void;
}

/**
 * Runs jobs in the order of their `needs`, each as soon as its own are done, at most `parallel` legs at a time. Jobs
 * must be known to be acyclic. A cancelled `signal` lets running legs end and marks the rest cancelled.
 */
export async function runJobGraph(
  jobs: readonly Job[],
  owner: GraphOwner,
  parallel: number,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, JobOutcome>> {
  const slots = new Slots(parallel);
  const done = new Map<string, Promise<JobOutcome>>();
  const above = new Map<string, ReadonlySet<Conclusion>>();
  const byId = new Map(jobs.map((job) => [job.id, job]));
  const start = (job: Job): Promise<JobOutcome> => {
    const known = done.get(job.id);
    if (known !== undefined) return known;
    const needed = async (): Promise<Needs> => {
      const entries = job.needs.map(async (id) => {
        const need = byId.get(id);
        const outcome: JobOutcome =
          need === undefined ? { conclusion: 'skipped', outputs: {} } : await start(need);
        return [id, outcome] as const;
      });
      const needs = new Map(await Promise.all(entries));
      above.set(job.id, conclusionsAbove(needs, above));
      return needs;
    };
    const outcome = runJob(job, owner, slots, signal, needed, () => above.get(job.id) ?? new Set());
    done.set(job.id, outcome);
    return outcome;
  };
  const outcomes = new Map<string, JobOutcome>();
  await Promise.all(jobs.map(async (job) => outcomes.set(job.id, await start(job))));
  return outcomes;
}

async function runJob(
  job: Job,
  owner: GraphOwner,
  slots: Slots,
  signal: AbortSignal,
  needed: () => Promise<Needs>,
  above: () => ReadonlySet<Conclusion>,
): Promise<JobOutcome> {
  const needs = await needed();
  const ended = (conclusion: Conclusion): JobOutcome => ({ conclusion, outputs: {} });
  const wanted = owner.wanted(job, needs, overall(above(), signal));
  if (!wanted.ok) {
    owner.refused(job, wanted.error);
    return ended('failure');
  }
  if (!wanted.value) {
    owner.skipped(job);
    return ended(signal.aborted ? 'cancelled' : 'skipped');
  }
  const legs = owner.legs(job, needs);
  if (!legs.ok) {
    owner.refused(job, legs.error);
    return ended('failure');
  }
  return runLegs(legs.value, owner, slots, signal, needs);
}

/** A failure or a skip holds for the whole chain of jobs behind it, not for the next alone (GitHub, `needs`). */
function conclusionsAbove(
  needs: Needs,
  above: ReadonlyMap<string, ReadonlySet<Conclusion>>,
): ReadonlySet<Conclusion> {
  return new Set([...needs].flatMap(([id, outcome]) => [outcome.conclusion, ...(above.get(id) ?? [])]));
}

/** What `success()`, `failure()` and `cancelled()` answer in a job's condition. */
function overall(above: ReadonlySet<Conclusion>, signal: AbortSignal): Conclusion {
  if (signal.aborted) return 'cancelled';
  if (above.has('failure')) return 'failure';
  return above.has('cancelled') || above.has('skipped') ? 'skipped' : 'success';
}

async function runLegs(
  legs: readonly Leg[],
  owner: GraphOwner,
  slots: Slots,
  signal: AbortSignal,
  needs: Needs,
): Promise<JobOutcome> {
  const stop = new AbortController();
  const both = AbortSignal.any([signal, stop.signal]);
  const own = new Slots(legs[0]?.maxParallel ?? legs.length);
  const results = await Promise.all(
    legs.map((leg) =>
      own.use(() =>
        slots.use(async () => {
          if (both.aborted) return { conclusion: 'cancelled', outputs: {}, tolerated: false } as const;
          const result = await owner.run(leg, needs, both);
          if (result.conclusion === 'failure' && !result.tolerated && leg.failFast) stop.abort();
          return result;
        }),
      ),
    ),
  );
  const counted = results.filter((result) => !result.tolerated);
  const has = (conclusion: Conclusion): boolean => counted.some((result) => result.conclusion === conclusion);
  return {
    conclusion: has('failure') ? 'failure' : has('cancelled') ? 'cancelled' : 'success',
    // GitHub keeps the last leg's value of each output that has one.
    outputs: Object.assign({}, ...results.map((result) => nonEmpty(result.outputs))),
  };
}

function nonEmpty(outputs: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(outputs).filter(([, value]) => value !== ''));
}

/** Lets at most `size` tasks run at a time, in the order they asked. */
class Slots {
  #free: number;
  readonly #waiting: (() => void)[] = [];
  constructor(size: number) {
    this.#free = Math.max(1, size);
  }
  async use<T>(task: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free -= 1;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await task();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#free += 1;
      else next();
    }
  }
}
