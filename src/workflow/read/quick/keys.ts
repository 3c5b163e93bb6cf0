import { type ScalarTree, unsure } from './cursor.ts';

/** From how many keys on they are looked for by a set. */
const FEW = 12;

/** The keys of one mapping: none may be there twice (YAML 1.2.2 §3.2.1.3), and those with a meaning of their own are not for the quick reader. */
export class Keys {
  readonly #few: string[] = [];
  #many: Set<string> | undefined;

  add(key: ScalarTree): void {
    const { text, value } = key;
    if (text === '<<') unsure();
    // Keys are alike when they are the same text by JavaScript's rules, which write some numbers in another way than GitHub's.
    if (typeof value === 'number' && String(value) !== text) unsure();
    if (this.#many !== undefined) {
      if (this.#many.has(text)) unsure();
      this.#many.add(text);
      return;
    }
    if (this.#few.includes(text)) unsure();
    this.#few.push(text);
    if (this.#few.length > FEW) this.#many = new Set(this.#few);
  }
}
