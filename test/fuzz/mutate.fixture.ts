import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { seeded } from '../faults/victims.fixture.ts';

/** How many inputs each parser gets. `npm run test:fuzz` gives a million; a check by hand may want fewer. */
export const INPUTS = Number(process.env['COFFERDAM_FUZZ'] ?? 1_000_000);
export const SEED = Number(process.env['COFFERDAM_SEED'] ?? Date.now() % 1_000_000);

const CORPUS = join(import.meta.dirname, 'corpus');
const MAX_KEPT = 400;
const MAX_LENGTH = 2_048;

/**
 * Gives a parser inputs made from those that are known: bits flipped, pieces left out, doubled, swapped between two, lengths
 * changed, words of the language put in. An input with an outcome that was not seen before becomes one to start from, so that the
 * corpus grows; with COFFERDAM_FUZZ_KEEP=1 it is written to `test/fuzz/corpus/NAME/`. Gives how many different outcomes were seen.
 */
export function fuzz(
  name: string,
  seeds: readonly Buffer[],
  words: readonly string[],
  look: (input: Buffer) => string,
): number {
  const random = seeded(SEED);
  const folder = join(CORPUS, name);
  mkdirSync(folder, { recursive: true });
  const kept = readdirSync(folder).map((file) => readFileSync(join(folder, file)));
  const pool = [...seeds, ...kept];
  const outcomes = new Set(pool.map(look));
  const below = (most: number): number => Math.floor(random() * most);
  for (let count = 0; count < INPUTS; count += 1) {
    let input: Buffer = Buffer.from(pool[below(pool.length)] ?? Buffer.of());
    for (let times = 1 + below(4); times > 0; times -= 1) input = mutate(input, pool, words, below);
    let outcome: string;
    try {
      outcome = look(input);
    } catch (error) {
      throw new Error(`${name}: input ${input.toString('base64')} (seed ${SEED}, number ${count})`, {
        cause: error,
      });
    }
    if (outcomes.has(outcome) || pool.length > MAX_KEPT) continue;
    outcomes.add(outcome);
    pool.push(input);
    if (process.env['COFFERDAM_FUZZ_KEEP'] === '1')
      writeFileSync(join(folder, createHash('sha256').update(input).digest('hex').slice(0, 16)), input);
  }
  return outcomes.size;
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
