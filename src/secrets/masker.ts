import type { Refusal, Result } from '../base/index.ts';
import type { Automaton } from './automaton.ts';
import { MaskedValues } from './masked-values.ts';

const MASK = Buffer.from('***');
const NOTHING = new Uint8Array(0);

/**
 * Replaces secret values in one stream of bytes by `***` (guide §3: mask and redact logs). Occurrences that overlap or
 * touch become one `***`. Where the stream is cut into chunks makes no difference. Other bytes pass unchanged and at
 * once; only the beginning of a value is held back until it is clear what follows.
 *
 * Masking is no boundary. It keeps accidents out of logs; a program that holds a secret and wants it out can write it
 * in a way that is not known here. What a job must not reveal, it must not be given.
 */
export class Masker {
  readonly #values: MaskedValues;
  #automaton: Automaton;
  #state = 0;
  /** Offset in the stream behind the last byte that came, and behind the last that was given out. */
  #length = 0;
  #given = 0;
  /** The last bytes that came, as many as the state is deep: all that may still become part of an occurrence. */
  #window: Uint8Array = NOTHING;
  /** What is masked and not given out yet, as offsets: in order, and neither overlapping nor touching. */
  readonly #starts: number[] = [];
  readonly #ends: number[] = [];
  /** What was given out last is a `***`, which an occurrence that touches it only extends. */
  #afterMask = false;

  constructor(values: MaskedValues = new MaskedValues()) {
    this.#values = values;
    this.#automaton = values.automaton();
  }

  /** True while nothing is masked, in any stream. */
  get idle(): boolean {
    return this.#values.empty;
  }

  /** A text by itself, with what is masked replaced. */
  text(whole: string): string {
    if (this.idle) return whole;
    const stream = this.fork();
    return Buffer.concat([stream.push(Buffer.from(whole, 'utf8')), stream.flush()]).toString('utf8');
  }

  /** Another stream with the same values, also those that either adds later. */
  fork(): Masker {
    return new Masker(this.#values);
  }

  /**
   * Masks a value from now on, in all streams. White space at its ends does not count; each longer line of it is
   * masked by itself too. Refuses (`policy`) what is shorter than 4 bytes or longer than 64 KiB, or comes after too
   * many others: then it is not masked, and whoever delivers it must not.
   */
  add(value: string | Uint8Array): Result<void, Refusal> {
    return this.#values.add(typeof value === 'string' ? Buffer.from(value, 'utf8') : Buffer.from(value));
  }

  /** The next bytes of the stream; gives back what may be shown now, perhaps the very array that it was given. */
  push(chunk: Uint8Array): Uint8Array {
    this.#renew();
    const before = this.#window.length;
    const bytes = before === 0 ? chunk : Buffer.concat([this.#window, chunk]);
    const base = this.#length - before;
    this.#state = this.#automaton.scan(this.#state, bytes, before, (end, size) =>
      this.#mark(base + end - size, base + end),
    );
    this.#length = base + bytes.length;
    const depth = this.#automaton.depth[this.#state] ?? 0;
    const shown = this.#give(bytes, this.#length - depth);
    this.#window = depth === 0 ? NOTHING : Buffer.from(bytes.subarray(bytes.length - depth));
    return shown;
  }

  /**
   * Gives out what is held back, for when no more output comes for now (a prompt) or ever. It never gives out half a
   * value or more: such an end is masked. What follows is still seen as its continuation.
   */
  flush(): Uint8Array {
    this.#renew();
    const telling = this.#automaton.telling[this.#state] ?? 0;
    if (telling > 0) this.#mark(this.#length - telling, this.#length);
    return this.#give(this.#window, this.#length);
  }

  /** Takes over values that were added since: what is held back is looked at again. */
  #renew(): void {
    const automaton = this.#values.automaton();
    if (automaton === this.#automaton) return;
    this.#automaton = automaton;
    const base = this.#length - this.#window.length;
    // What lies in the window is found again.
    const before = this.#starts.findIndex((start) => start >= base);
    if (before >= 0) this.#starts.length = this.#ends.length = before;
    this.#state = automaton.scan(0, this.#window, 0, (end, size) =>
      this.#mark(base + end - size, base + end),
    );
  }

  /** No range that is kept ends behind the new one unless they overlap, so only the last ones can touch it. */
  #mark(start: number, end: number): void {
    let from = start;
    let to = end;
    for (let last = this.#ends.at(-1); last !== undefined && last >= from; last = this.#ends.at(-1)) {
      from = Math.min(from, this.#starts.pop() ?? from);
      to = Math.max(to, this.#ends.pop() ?? to);
    }
    this.#starts.push(from);
    this.#ends.push(to);
  }

  /** Gives out up to the offset `until`. `bytes` end with the stream, and reach back to what is not given out yet. */
  #give(bytes: Uint8Array, until: number): Uint8Array {
    if (until <= this.#given) return NOTHING;
    const base = this.#length - bytes.length;
    const parts: Uint8Array[] = [];
    let done = 0;
    for (const [index, start] of this.#starts.entries()) {
      if (start >= until) break;
      const end = this.#ends[index] ?? until;
      if (end <= until) done += 1;
      if (end <= this.#given) continue;
      this.#show(parts, bytes.subarray(this.#given - base, Math.max(start - base, this.#given - base)));
      if (!this.#afterMask) parts.push(MASK);
      this.#afterMask = true;
      this.#given = Math.min(end, until);
    }
    this.#starts.splice(0, done);
    this.#ends.splice(0, done);
    this.#show(parts, bytes.subarray(this.#given - base, until - base));
    this.#given = until;
    return parts.length === 1 ? (parts[0] ?? NOTHING) : Buffer.concat(parts);
  }

  #show(parts: Uint8Array[], bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    parts.push(bytes);
    this.#afterMask = false;
  }
}
