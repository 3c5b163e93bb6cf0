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
  const byId = new Map(jobs.map((job) => [job.id, job]));
  const start = (job: Job): Promise<JobOutcome> => {
    const known = done.get(job.id);
    if (known !== undefined) return known;
    const outcome = runJob(job, owner, slots, signal, async (id) => {
      const needed = byId.get(id);
      return needed === undefined ? { conclusion: 'skipped', outputs: {} } : start(needed);
    });
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
  outcomeOf: (id: string) => Promise<JobOutcome>,
): Promise<JobOutcome> {
  const needs = new Map<string, JobOutcome>();
  await Promise.all(job.needs.map(async (id) => needs.set(id, await outcomeOf(id))));
  const ended = (conclusion: Conclusion): JobOutcome => ({ conclusion, outputs: {} });
  const wanted = owner.wanted(job, needs, overall(needs, signal));
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

/** What `success()` and `failure()` answer in a job's condition. */
function overall(needs: Needs, signal: AbortSignal): Conclusion {
  if (signal.aborted) return 'cancelled';
  const conclusions = [...needs.values()].map((outcome) => outcome.conclusion);
  if (conclusions.includes('failure')) return 'failure';
  if (conclusions.includes('cancelled')) return 'cancelled';
  return conclusions.includes('skipped') ? 'skipped' : 'success';
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
