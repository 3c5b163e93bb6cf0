import type { Node } from 'yaml';
import { endOfPair } from './insert-entry.ts';
import { pairOf, type PlacedMap } from './placed-map.ts';
import type { Piece } from './operation.ts';

/** The edit by which a mapping has one key less. Comments on lines of their own stay. */
export function removeEntry({ yaml, text, map }: PlacedMap, key: string): readonly Piece[] | undefined {
  const pair = pairOf(yaml, map, key);
  if (pair === undefined) return undefined;
  const index = map.items.indexOf(pair);
  const starts = map.items.map((one) => (one.key as Node | null)?.range?.[0]);
  const start = starts[index];
  const next = starts[index + 1];
  const end = endOfPair(yaml, text, pair);
  if (start === undefined || end === undefined) return undefined;
  if (map.flow === true) {
    const before = index === 0 ? undefined : map.items[index - 1];
    const from = before === undefined ? undefined : endOfPair(yaml, text, before);
    if (from !== undefined) return piece(text, from, end);
    if (next !== undefined) return piece(text, start, next);
    return piece(text, start, end);
  }
  const line = text.lastIndexOf('\n', start - 1) + 1;
  const alone = text.slice(line, start).trim() === '';
  const stop = text.indexOf('\n', Math.max(start, end - (text[end - 1] === '\n' ? 1 : 0)));
  const below = stop === -1 ? text.length : stop + 1;
  if (alone) return [{ start: line, end: below, text: '' }];
  // Behind a dash: the next key takes its place.
  if (next === undefined || text.slice(below, next).includes('#')) return undefined;
  return [{ start, end: next, text: '' }];
}

/** In braces a comment may stand in between; then nothing is taken out. */
function piece(text: string, start: number, end: number): readonly Piece[] | undefined {
  return text.slice(start, end).includes('#') ? undefined : [{ start, end, text: '' }];
}
