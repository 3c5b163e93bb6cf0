import { type Refusal, type Result, err, ok, refusal } from '../base/index.ts';
import { Automaton } from './automaton.ts';
import { VALUE_MAX_BYTES, VALUE_MIN_BYTES, maskedForms } from './forms.ts';

/** A job may add masks as it runs; these bounds keep it from costing the engine memory and time. */
const VALUES_MAX = 512;
const FORM_BYTES_MAX = 524_288;

/** The values that are masked, shared by every stream of a job. */
export class MaskedValues {
  readonly #forms = new Map<string, Uint8Array>();
  readonly #values = new Set<string>();
  #bytes = 0;
  #automaton: Automaton | undefined;

  add(given: Buffer): Result<void, Refusal> {
    const value = trimmed(given);
    const key = value.toString('latin1');
    if (this.#values.has(key)) return ok(undefined);
    if (value.length < VALUE_MIN_BYTES)
      return notMasked(`is shorter than ${VALUE_MIN_BYTES} bytes`, 'Use a longer value.');
    if (value.length > VALUE_MAX_BYTES)
      return notMasked(`is longer than ${VALUE_MAX_BYTES} bytes`, 'Mask the part of it that is secret.');
    if (this.#values.size >= VALUES_MAX || this.#bytes + value.length > FORM_BYTES_MAX)
      return notMasked('comes after too many others', 'Mask fewer or shorter values.');
    this.#values.add(key);
    for (const form of maskedForms(value)) {
      const name = form.toString('latin1');
      if (this.#forms.has(name) || this.#bytes + form.length > FORM_BYTES_MAX) continue;
      this.#forms.set(name, form);
      this.#bytes += form.length;
    }
    this.#automaton = undefined;
    return ok(undefined);
  }

  /** True while nothing is masked. */
  get empty(): boolean {
    return this.#values.size === 0;
  }

  /** A new object after each change. */
  automaton(): Automaton {
    this.#automaton ??= new Automaton([...this.#forms.values()]);
    return this.#automaton;
  }
}

function notMasked(why: string, fix: string): Result<never, Refusal> {
  return err(refusal('policy', 'secrets/not-masked', `A value cannot be masked: it ${why}.`, fix));
}

/** Without white space at its ends, which `echo` and editors add and which output seldom keeps. */
function trimmed(value: Buffer): Buffer {
  const isSpace = (byte: number | undefined): boolean =>
    byte === 32 || (byte !== undefined && byte >= 9 && byte <= 13);
  let [from, to] = [0, value.length];
  while (from < to && isSpace(value[from])) from += 1;
  while (to > from && isSpace(value[to - 1])) to -= 1;
  return value.subarray(from, to);
}
