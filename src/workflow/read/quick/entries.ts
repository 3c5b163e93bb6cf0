import type { Place } from '../../../base/index.ts';
import { toText } from '../../expressions/values.ts';
import type { Entry, Tree } from '../yaml-tree.ts';
import { type Cursor, unsure } from './cursor.ts';
import { knownKey } from './known-keys.ts';

/** From how many keys on they are looked for by a set. */
const FEW = 12;

/** The entries of one mapping while it is read: no key may be there twice (YAML 1.2.2 §3.2.1.3), nor one with a meaning of its own. */
export class Entries {
  readonly #cursor: Cursor;
  readonly #from: number;
  #many: Set<string> | undefined;

  constructor(cursor: Cursor) {
    this.#cursor = cursor;
    this.#from = cursor.entries.count;
  }

  /** A key's text, when it may be one. */
  key(value: string | number | boolean | null, depth: number): string {
    const text = typeof value === 'string' ? knownKey(value) : toText(value);
    this.#cursor.hold(text, depth);
    if (text === '<<') unsure();
    // Keys are alike when they are the same text by JavaScript's rules, which write some numbers in another way than GitHub's.
    if (typeof value === 'number' && String(value) !== text) unsure();
    if (this.#has(text)) unsure();
    return text;
  }

  add(key: string, keyAt: Place, value: Tree): void {
    this.#cursor.entries.push({ key, keyAt, value });
    this.#many?.add(key);
  }

  take(): readonly Entry[] {
    return this.#cursor.entries.take(this.#from);
  }

  #has(key: string): boolean {
    if (this.#many !== undefined) return this.#many.has(key);
    const { entries } = this.#cursor;
    const { count } = entries;
    for (let index = this.#from; index < count; index += 1) if (entries.at(index)?.key === key) return true;
    if (count - this.#from < FEW) return false;
    this.#many = new Set();
    for (let index = this.#from; index < count; index += 1) this.#many.add(entries.at(index)?.key ?? '');
    return false;
  }
}
