import { MAX_RESULT, ExpressionFailure } from './failure.ts';
import type { ContextValue } from '../model.ts';
import { toText } from './values.ts';
import type { EvaluationWork } from './work.ts';

const MAX_STEPS = 5_000_000;

/** Bounds the time and memory of one evaluation; expressions and what they read may be hostile. */
export class Budget {
  readonly #work: EvaluationWork;
  #steps = 0;
  #size = 0;

  constructor(work: EvaluationWork) {
    this.#work = work;
  }

  /** Counts `steps` units of work. */
  spend(steps: number): void {
    this.#work.spend(steps);
    this.#steps += steps;
    if (this.#steps > MAX_STEPS) throw new ExpressionFailure('The expression takes too many steps');
  }

  /** Counts a text of which each character is looked at. */
  read(text: string): void {
    this.spend(text.length / 8);
  }

  /** A value as text; a number with a fraction takes long to write as .NET does. */
  textOf(value: ContextValue): string {
    this.spend(typeof value === 'number' && !Number.isInteger(value) ? 200 : 4);
    return toText(value);
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
