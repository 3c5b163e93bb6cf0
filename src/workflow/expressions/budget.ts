import { ExpressionFailure, MAX_RESULT } from './failure.ts';

const MAX_STEPS = 5_000_000;

/** Bounds the time and memory of one evaluation; expressions and what they read may be hostile. */
export class Budget {
  #steps = 0;
  #size = 0;

  /** Counts `steps` units of work. */
  spend(steps: number): void {
    this.#steps += steps;
    if (this.#steps > MAX_STEPS) throw new ExpressionFailure('The expression takes too many steps');
  }

  /** Counts a string of `length` that is about to be made and that lives until `release`. */
  make(length: number): void {
    this.#size += length;
    this.spend(length / 64);
    if (this.#size > MAX_RESULT) {
      throw new ExpressionFailure('The maximum allowed memory size was exceeded');
    }
  }

  /** What is alive now. */
  mark(): number {
    return this.#size;
  }

  /** What was made since the mark is gone, but for `kept`. */
  release(mark: number, kept: number): void {
    this.#size = Math.min(this.#size, mark + kept);
  }
}
