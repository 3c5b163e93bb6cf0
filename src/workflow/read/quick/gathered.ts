/**
 * What unfinished nodes hold so far, those of an inner one behind those of the outer. A node that is complete takes what is its
 * own as a list of exactly that size: lists that grow by themselves hold room for several times as much.
 */
export class Gathered<T> {
  readonly #all: T[] = [];
  #count = 0;

  get count(): number {
    return this.#count;
  }

  /** The one at a place; there must be one. */
  at(index: number): T | undefined {
    return this.#all[index];
  }

  push(one: T): void {
    this.#all[this.#count] = one;
    this.#count += 1;
  }

  take(from: number): readonly T[] {
    const taken = this.#all.slice(from, this.#count);
    this.#count = from;
    return taken;
  }
}
