import { type Place, type Refusal, refusal } from '../../base/index.ts';
import { ExpressionFailure } from './failure.ts';

/** Of all that one command evaluates, in the units of `Budget`: some seconds. A large run of many jobs takes a thousandth. */
export const MAX_WORK = 200_000_000;

/** That the work of all evaluations together is used up; the next one fails as well. */
export class WorkSpent extends ExpressionFailure {}

/**
 * The work that all evaluations of one command may take together. Each is bounded by itself, but a workflow can hold a hundred
 * thousand of them, and its matrix makes them again for each combination. Counted and not timed, so that the same workflow is
 * refused on every machine or on none.
 */
export class EvaluationWork {
  readonly #most: number;
  #spent = 0;

  constructor(most: number = MAX_WORK) {
    this.#most = most;
  }

  /** Counts work that is about to be done. Throws `WorkSpent`, inside this room only. */
  spend(steps: number): void {
    this.#spent += steps;
    if (this.isSpent) throw new WorkSpent(WHY);
  }

  get isSpent(): boolean {
    return this.#spent > this.#most;
  }

  /** Why nothing more is evaluated, once that is so. `at`: the workflow. */
  refusal(at: Place): Refusal | undefined {
    return this.isSpent ? workRefusal(at) : undefined;
  }
}

const WHY = `all expressions and matrices of this run together take more than ${MAX_WORK / 1_000_000} million steps of work`;

export function workRefusal(at: Place): Refusal {
  return refusal(
    'usage',
    'workflow/evaluation-work',
    WHY,
    'make its expressions simpler or its matrices smaller, or run its jobs one by one with --job',
    at,
  );
}
