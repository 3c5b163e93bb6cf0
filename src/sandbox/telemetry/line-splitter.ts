/** The trace program's longest line is below 32 KiB. */
const LINE_MAX = 65_536;

/** Cuts a byte stream into lines. A line beyond the bound is passed on cut, so that it is refused and not hoarded. */
export class LineSplitter {
  readonly #line: (text: string) => void;
  #rest: Buffer = Buffer.alloc(0);

  constructor(line: (text: string) => void) {
    this.#line = line;
  }

  add(chunk: Buffer): void {
    let from = 0;
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    for (let end = bytes.indexOf(10); end >= 0; end = bytes.indexOf(10, from)) {
      this.#line(bytes.toString('utf8', from, end));
      from = end + 1;
    }
    this.#rest = bytes.subarray(from);
    if (this.#rest.length > LINE_MAX) {
      this.#line(this.#rest.toString('utf8', 0, LINE_MAX));
      this.#rest = Buffer.alloc(0);
    }
  }
}
