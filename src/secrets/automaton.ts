/**
 * Finds all occurrences of many byte strings in one pass (Aho and Corasick, 1975), at a cost that does not grow with
 * their number. A state is a number; 0 is the start. Children are linked lists: memory is linear in the patterns,
 * and the start state, where ordinary output spends its time, has a table.
 */
export class Automaton {
  /** How many of the last bytes begin a pattern that is not complete yet: what must be held back in this state. */
  readonly depth: Int32Array;
  /** Length of the longest pattern that ends in this state, or 0. */
  readonly match: Int32Array;
  /** How many of the last bytes are half or more of a pattern that they begin. */
  readonly telling: Int32Array;
  readonly #start = new Int32Array(256);
  readonly #byte: Uint8Array;
  readonly #firstChild: Int32Array;
  readonly #sibling: Int32Array;
  readonly #fail: Int32Array;
  /** For a state that no pattern continues: the longest of its suffixes that one does. */
  readonly #resume: Int32Array;
  #size = 1;

  constructor(patterns: readonly Uint8Array[]) {
    const room = patterns.reduce((sum, pattern) => sum + pattern.length, 1);
    this.depth = new Int32Array(room);
    this.match = new Int32Array(room);
    this.telling = new Int32Array(room);
    this.#byte = new Uint8Array(room);
    this.#firstChild = new Int32Array(room);
    this.#sibling = new Int32Array(room);
    this.#fail = new Int32Array(room);
    this.#resume = new Int32Array(room);
    /** Length of the shortest pattern that continues here. */
    const shortest = new Int32Array(room).fill(0x7fff_ffff);
    for (const pattern of patterns) this.#insert(pattern, shortest);
    this.#link(shortest);
  }

  #step(state: number, byte: number): number {
    let from = state;
    while (from !== 0) {
      const child = this.#child(from, byte);
      if (child !== 0) return child;
      from = this.#fail[from] ?? 0;
    }
    return this.#start[byte] ?? 0;
  }

  /**
   * Feeds `bytes` from `from` on, and calls `found` for each pattern's end: the offset behind it and the length of the
   * longest pattern that ends there. Returns the settled state.
   */
  scan(state: number, bytes: Uint8Array, from: number, found: (end: number, length: number) => void): number {
    const start = this.#start;
    const resume = this.#resume;
    const match = this.match;
    const length = bytes.length;
    if (this.#size === 1) return 0;
    let now = state;
    for (let at = from; at < length; at += 1) {
      const byte = bytes[at] as number;
      now = now === 0 ? (start[byte] as number) : this.#step(now, byte);
      if (now === 0) continue;
      const matched = match[now] as number;
      if (matched !== 0) found(at + 1, matched);
      now = resume[now] as number;
    }
    return now;
  }

  #child(state: number, byte: number): number {
    let child = this.#firstChild[state] as number;
    while (child !== 0 && this.#byte[child] !== byte) child = this.#sibling[child] as number;
    return child;
  }

  #insert(pattern: Uint8Array, shortest: Int32Array): void {
    let state = 0;
    for (const byte of pattern) {
      shortest[state] = Math.min(shortest[state] ?? 0, pattern.length);
      const next = state === 0 ? (this.#start[byte] ?? 0) : this.#child(state, byte);
      state = next === 0 ? this.#grow(state, byte) : next;
    }
    this.match[state] = pattern.length;
  }

  #grow(parent: number, byte: number): number {
    const state = this.#size;
    this.#size += 1;
    this.#byte[state] = byte;
    this.depth[state] = (this.depth[parent] ?? 0) + 1;
    this.#sibling[state] = this.#firstChild[parent] ?? 0;
    this.#firstChild[parent] = state;
    if (parent === 0) this.#start[byte] = state;
    return state;
  }

  /** Breadth first, so that what a state falls back to is complete before it. */
  #link(shortest: Int32Array): void {
    const order = new Int32Array(this.#size);
    let filled = 1;
    for (let at = 0; at < filled; at += 1) {
      const state = order[at] ?? 0;
      for (let child = this.#firstChild[state] ?? 0; child !== 0; child = this.#sibling[child] ?? 0) {
        const fail = state === 0 ? 0 : this.#step(this.#fail[state] ?? 0, this.#byte[child] ?? 0);
        this.#fail[child] = fail;
        if (this.match[child] === 0) this.match[child] = this.match[fail] ?? 0;
        const continues = this.#firstChild[child] !== 0;
        this.#resume[child] = continues ? child : (this.#resume[fail] ?? 0);
        const depth = this.depth[child] ?? 0;
        const tells = continues && depth * 2 >= (shortest[child] ?? 0);
        this.telling[child] = tells ? depth : (this.telling[fail] ?? 0);
        order[filled] = child;
        filled += 1;
      }
    }
  }
}
