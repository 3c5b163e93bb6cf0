import type { Place } from '../../../base/index.ts';
import { toText } from '../../expressions/values.ts';
import type { CommentedLines } from '../comments.ts';
import type { Entry, Tree } from '../yaml-tree.ts';
import { BREAK, COLON, END, HASH, isBlank, SPACE, TAB } from './characters.ts';
import { Gathered } from './gathered.ts';

/** Thrown where the quick reader is not certain; made once, as a stack would cost more than what was read. */
const UNSURE = new Error('the quick reader is not certain');

export function unsure(): never {
  throw UNSURE;
}

export function isUnsure(error: unknown): boolean {
  return error === UNSURE;
}

/** A scalar of a tree. */
export type ScalarTree = Tree & { readonly kind: 'scalar' };

/** The bounds that `readYaml` holds: what is beyond them is for the careful reader to refuse. */
export interface Bounds {
  readonly depth: number;
  readonly nodes: number;
  readonly text: number;
}

/** Where the quick reader stands in a text whose lines end in `\n`, and what it has made so far. */
export class Cursor {
  readonly text: string;
  readonly end: number;
  /** What is read next. */
  at = -1;
  /** Of the line in which `at` lies, counted from 1, and where it starts. */
  line = 0;
  lineStart = 0;
  /** Of the content that the last step to content came to: how many spaces stand before it; -1 when the text has ended. */
  column = -1;
  /** How many lines that last step left behind: blank ones, and those with nothing but a comment. */
  blanks = 0;
  comments = 0;
  /** Where the scan of a plain scalar's line came to its end; what it holds may end before. */
  stop = 0;
  /** Of the collections that are not complete. */
  readonly entries = new Gathered<Entry>();
  readonly items = new Gathered<Tree>();
  /** What the tree does not hold, when somebody asks for it. */
  readonly notes: CommentedLines | undefined;
  readonly #file: string;
  readonly #bounds: Bounds;
  #nodes = 0;
  #held = 0;

  constructor(file: string, text: string, bounds: Bounds, notes?: CommentedLines) {
    this.notes = notes;
    this.#file = file;
    this.text = text;
    this.end = text.length;
    this.#bounds = bounds;
  }

  code(at: number): number {
    return at < this.end ? this.text.charCodeAt(at) : END;
  }

  place(at: number): Place {
    return { file: this.#file, line: this.line, column: at - this.lineStart + 1 };
  }

  /** As `place`, in a line that was left behind. */
  placeIn(line: number, lineStart: number, at: number): Place {
    return { file: this.#file, line, column: at - lineStart + 1 };
  }

  /** Counts a node, as the careful reader does. */
  count(depth: number): void {
    this.#nodes += 1;
    if (depth > this.#bounds.depth || this.#nodes > this.#bounds.nodes) unsure();
  }

  scalar(value: string | number | boolean | null, at: Place, depth: number): ScalarTree {
    const text = toText(value);
    this.hold(text, depth);
    return { kind: 'scalar', value, text, at };
  }

  /** Counts a node that is a text. */
  hold(text: string, depth: number): void {
    this.count(depth);
    this.#held += text.length;
    if (this.#held > this.#bounds.text) unsure();
  }

  /** From behind a node to the next content, over what may stand between: white space, a comment, lines without content (§6.6). */
  toContent(): void {
    let { at } = this;
    let code = this.code(at);
    while (code === SPACE || code === TAB) code = this.code(++at);
    // A comment stands apart from what is before it.
    if (code === HASH && at === this.at) unsure();
    this.endLine(at);
  }

  /** As `toContent`, from where nothing may be left of the line but a comment. */
  endLine(from: number): void {
    const code = this.code(from);
    if (code === HASH) this.nextLine(this.comment(from, false));
    else if (code === BREAK || code === END) this.nextLine(from);
    else unsure();
  }

  /** From a line's end to the next content. A tab where indentation may stand is for the careful reader (§6.1). */
  nextLine(from: number): void {
    const { end } = this;
    let at = from;
    this.blanks = 0;
    this.comments = 0;
    while (at < end) {
      at += 1;
      this.line += 1;
      this.lineStart = at;
      let code = this.code(at);
      while (code === SPACE) code = this.code(++at);
      if (code === BREAK) this.blanks += 1;
      else if (code === HASH) {
        this.comments += 1;
        at = this.comment(at, true);
      } else if (code === TAB) unsure();
      else if (code !== END) {
        this.at = at;
        this.column = at - this.lineStart;
        return;
      }
    }
    this.at = end;
    this.column = -1;
  }

  /** Where the comment that begins here ends: with its line (§6.6). */
  comment(from: number, alone: boolean): number {
    const found = this.text.indexOf('\n', from);
    const end = found === -1 ? this.end : found;
    this.notes?.comments.push({ text: this.text.slice(from + 1, end), line: this.line, alone });
    return end;
  }

  /** Notes a scalar of several lines by the line in which it begins. */
  spans(first: number, last: number): void {
    if (this.notes !== undefined)
      for (let line = first + 1; line <= last; line += 1) this.notes.headers.set(line, first);
  }

  /**
   * Where what a plain scalar has in this line ends (§7.3.3, outside flow collections): before a colon that white space follows,
   * before a comment, or with the line. `stop` is where that was seen.
   */
  plainEnd(from: number): number {
    let at = from;
    let last = from;
    for (let code = this.code(at); code !== BREAK && code !== END; code = this.code(++at)) {
      if (code === SPACE || code === TAB) {
        if (this.code(at + 1) === HASH) break;
      } else {
        if (code === COLON && isBlank(this.code(at + 1))) break;
        last = at + 1;
      }
    }
    this.stop = at;
    return last;
  }
}
