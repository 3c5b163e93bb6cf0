import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { seeded } from '../faults/victims.fixture.ts';

/** How many inputs each parser gets. `npm run test:fuzz` gives a million; a check by hand may want fewer. */
export const INPUTS = Number(process.env['COFFERDAM_FUZZ'] ?? 1_000_000);
export const SEED = Number(process.env['COFFERDAM_SEED'] ?? Date.now() % 1_000_000);

const CORPUS = join(import.meta.dirname, 'corpus');
const MAX_KEPT = 400;
/** In the repository: what a reader of it can live with. */
const MAX_LINES = 150;
const MAX_LINE_BYTES = 1_024;
const MAX_LENGTH = 2_048;

/**
 * Gives a parser inputs made from those that are known: bits flipped, pieces left out, doubled, swapped between two, lengths
 * changed, words of the language put in. An input with an outcome that was not seen before becomes one to start from, so that the
 * corpus grows; with COFFERDAM_FUZZ_KEEP=1 it is added to `test/fuzz/corpus/NAME`, a line of Base64 each. Gives how many different
 * outcomes were seen.
 */
export function fuzz(
  name: string,
  seeds: readonly Buffer[],
  words: readonly string[],
  look: (input: Buffer) => string,
): number {
  const inputs = new Inputs(name, seeds, words);
  const outcomes = new Set(inputs.pool.map(look));
  for (let count = 0; count < INPUTS; count += 1) {
    const input = inputs.next();
    let outcome: string;
    try {
      outcome = look(input);
    } catch (error) {
      throw inputs.found(input, error);
    }
    if (outcomes.has(outcome)) continue;
    outcomes.add(outcome);
    inputs.keep(input);
  }
  return outcomes.size;
}

/** As `fuzz`, for what answers later: `look` is given as many at one time as `together` says. */
export async function fuzzLater(
  name: string,
  seeds: readonly Buffer[],
  words: readonly string[],
  look: (input: Buffer) => Promise<string>,
  together = 32,
): Promise<number> {
  const inputs = new Inputs(name, seeds, words);
  const outcomes = new Set(await Promise.all(inputs.pool.map(look)));
  for (let count = 0; count < INPUTS; count += together) {
    const some = Array.from({ length: Math.min(together, INPUTS - count) }, () => inputs.next());
    const seen = await Promise.allSettled(some.map(look));
    for (const [at, one] of seen.entries()) {
      const input = some[at] ?? Buffer.of();
      if (one.status === 'rejected') throw inputs.found(input, one.reason);
      if (outcomes.has(one.value)) continue;
      outcomes.add(one.value);
      inputs.keep(input);
    }
  }
  return outcomes.size;
}

/** Inputs that are made from those that are known. */
class Inputs {
  readonly #file: string;
  readonly #name: string;
  readonly pool: Buffer[];
  readonly #words: readonly string[];
  readonly #below: (most: number) => number;
  #given = 0;
  #lines: number;

  constructor(name: string, seeds: readonly Buffer[], words: readonly string[]) {
    this.#name = name;
    this.#file = join(CORPUS, name);
    this.#words = words;
    const random = seeded(SEED);
    this.#below = (most) => Math.floor(random() * most);
    const kept = existsSync(this.#file) ? readFileSync(this.#file, 'latin1').trimEnd().split('\n') : [];
    this.#lines = kept.length;
    this.pool = [...seeds, ...kept.map((line) => Buffer.from(line, 'base64'))];
  }

  next(): Buffer {
    this.#given += 1;
    let input: Buffer = Buffer.from(this.pool[this.#below(this.pool.length)] ?? Buffer.of());
    for (let times = 1 + this.#below(4); times > 0; times -= 1)
      input = mutate(input, this.pool, this.#words, this.#below);
    return input;
  }

  keep(input: Buffer): void {
    if (this.pool.length > MAX_KEPT) return;
    this.pool.push(input);
    if (process.env['COFFERDAM_FUZZ_KEEP'] !== '1') return;
    if (this.#lines >= MAX_LINES || input.length > MAX_LINE_BYTES) return;
    this.#lines += 1;
    mkdirSync(CORPUS, { recursive: true });
    appendFileSync(this.#file, `${input.toString('base64')}\n`);
  }

  found(input: Buffer, cause: unknown): Error {
    const which = `${input.toString('base64')} (seed ${SEED}, about number ${this.#given})`;
    return new Error(`${this.#name}: input ${which}`, { cause });
  }
}

function mutate(
  input: Buffer,
  pool: readonly Buffer[],
  words: readonly string[],
  below: (most: number) => number,
): Buffer {
  const at = below(input.length + 1);
  switch (below(8)) {
    case 0: {
      if (input.length === 0) return input;
      const flipped = Buffer.from(input);
      const place = below(input.length);
      flipped[place] = (flipped[place] ?? 0) ^ (1 << below(8));
      return flipped;
    }
    case 1: {
      const set = Buffer.from(input);
      if (input.length > 0)
        set[below(input.length)] = [0, 1, 0x7f, 0x80, 0xff, 0x0a, 0x0d, 0x2e][below(8)] ?? 0;
      return set;
    }
    case 2:
      return Buffer.concat([input.subarray(0, at), input.subarray(at + 1 + below(8))]);
    case 3:
      return Buffer.concat([input.subarray(0, at), Buffer.from([below(256)]), input.subarray(at)]).subarray(
        0,
        MAX_LENGTH,
      );
    case 4: {
      const other = pool[below(pool.length)] ?? input;
      return Buffer.concat([input.subarray(0, at), other.subarray(below(other.length + 1))]).subarray(
        0,
        MAX_LENGTH,
      );
    }
    case 5:
      return Buffer.concat([input.subarray(0, at), input.subarray(below(at + 1))]).subarray(0, MAX_LENGTH);
    case 6: {
      const word = Buffer.from(words[below(words.length)] ?? '', 'latin1');
      return Buffer.concat([input.subarray(0, at), word, input.subarray(at)]).subarray(0, MAX_LENGTH);
    }
    default:
      return input.subarray(0, at);
  }
}
