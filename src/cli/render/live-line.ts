/** Where a line can be repainted. */
export interface LiveStream {
  write(text: string): unknown;
  readonly columns?: number | undefined;
}

const EVERY_MS = 200;
const CLEAR = '\r\u001b[2K';

/**
 * One line at the foot of a terminal that says what is going on, repainted; everything else is written above it. Only for
 * a terminal: whoever makes it has looked. What it shows must already be free of control characters.
 */
export class LiveLine {
  readonly #stream: LiveStream;
  readonly #line: () => string;
  #timer: NodeJS.Timeout | undefined;
  #shown = false;

  constructor(stream: LiveStream, line: () => string) {
    this.#stream = stream;
    this.#line = line;
  }

  start(): void {
    this.#timer ??= setInterval(() => this.#paint(), EVERY_MS).unref();
  }

  /** Writes whole lines above the live one. */
  write(text: string): void {
    this.#stream.write(this.#shown ? `${CLEAR}${text}` : text);
    this.#shown = false;
    if (this.#timer !== undefined) this.#paint();
  }

  /** Takes the line away, until it is started again. */
  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    if (this.#shown) this.#stream.write(CLEAR);
    this.#shown = false;
  }

  #paint(): void {
    const text = this.#line();
    if (text === '' && !this.#shown) return;
    const most = Math.max(10, (this.#stream.columns || 80) - 1);
    const cut = text.length > most ? `${text.slice(0, most - 1)}…` : text;
    this.#stream.write(`${CLEAR}\u001b[2m${cut}\u001b[0m`);
    this.#shown = true;
  }
}
