import type { MaskedText } from '../word.ts';
import type { Token } from './tokens.ts';

/** A place among the tokens of a program. */
export abstract class Cursor {
  protected readonly text: MaskedText;
  #tokens: readonly Token[];
  #next = 0;
  #last = 0;

  protected constructor(text: MaskedText, tokens: readonly Token[]) {
    this.text = text;
    this.#tokens = tokens;
  }

  protected get place(): number {
    return this.#next;
  }

  protected peek(further = 0): Token | undefined {
    return this.#tokens[this.#next + further];
  }

  /** The mark that stands here, or the empty text. */
  protected mark(further = 0): string {
    const token = this.#tokens[this.#next + further];
    return token?.kind === 'mark' ? token.text : '';
  }

  /** The name that stands here, or the empty text. */
  protected word(further = 0): string {
    const token = this.#tokens[this.#next + further];
    return token?.kind === 'name' ? token.text : '';
  }

  protected move(by = 1): void {
    const token = this.#tokens[this.#next + by - 1];
    if (token !== undefined) this.#last = token.end;
    this.#next += by;
  }

  protected skipBreaks(): void {
    while (this.peek()?.kind === 'break') this.#next += 1;
  }

  /** Where the token that stands here begins. */
  protected begin(): number {
    return this.peek()?.start ?? this.text.masked.length;
  }

  /** Where the token before ends. */
  protected end(): number {
    return this.#last;
  }

  /** Reads other tokens, and comes back. */
  protected within(tokens: readonly Token[], read: () => void): void {
    const before = [this.#tokens, this.#next] as const;
    this.#tokens = tokens;
    this.#next = 0;
    read();
    [this.#tokens, this.#next] = before;
  }
}
