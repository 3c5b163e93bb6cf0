import type { Node, Pair } from 'yaml';
import { eolOf, pairOf, type PlacedMap } from './placed-map.ts';
import type { Piece, PlainValue } from './operation.ts';
import { writeEntry } from './write-value.ts';

/** The edit by which a mapping has one key more: behind the first of `behind` that it has, or else as its last. */
export function insertEntry(
  { yaml, text, map, step }: PlacedMap,
  key: string,
  value: PlainValue,
  behind: readonly string[],
): readonly Piece[] | undefined {
  const [start, end] = map.range ?? [0, 0];
  const eol = eolOf(text);
  const pair =
    behind.map((one) => pairOf(yaml, map, one)).find((one) => one !== undefined) ?? map.items.at(-1);
  if (map.flow === true) {
    const entry = writeEntry(key, value, { flow: true, eol, indent: '', step });
    if (pair === undefined)
      return /^\{[ \t]*\}$/.test(text.slice(start, end)) ? [{ start, end, text: `{ ${entry} }` }] : undefined;
    const at = endOfPair(yaml, text, pair);
    return at === undefined ? undefined : [{ start: at, end: at, text: `, ${entry}` }];
  }
  const first = (map.items[0]?.key as Node | undefined)?.range?.[0];
  const last = pair === undefined ? undefined : endOfPair(yaml, text, pair);
  if (first === undefined || last === undefined) return undefined;
  const indent = ' '.repeat(first - (text.lastIndexOf('\n', first - 1) + 1));
  const entry = indent + writeEntry(key, value, { flow: false, eol, indent, step });
  // Behind the rest of its line, a comment above all.
  const line = text.indexOf('\n', Math.max(0, last - (text[last - 1] === '\n' ? 1 : 0)));
  return line === -1
    ? [{ start: text.length, end: text.length, text: eol + entry }]
    : [{ start: line + 1, end: line + 1, text: entry + eol }];
}

/** Where what a pair says ends: behind its last character that is not blank, comments left out. */
export function endOfPair(yaml: PlacedMap['yaml'], text: string, pair: Pair): number | undefined {
  const key = (pair.key as Node | null)?.range;
  if (!key) return undefined;
  const value = endOfNode(yaml, text, pair.value);
  if (value !== undefined && value > key[1]) {
    // A value that is not there may be said to stand behind the blank that follows its colon.
    const blank = yaml.isScalar(pair.value) && pair.value.source === '';
    return blank ? value - (/[ \t]*$/.exec(text.slice(key[1], value))?.[0].length ?? 0) : value;
  }
  return key[1] + (/^[ \t]*:/.exec(text.slice(key[1]))?.[0].length ?? 0);
}

function endOfNode(yaml: PlacedMap['yaml'], text: string, node: unknown): number | undefined {
  if (yaml.isCollection(node) && node.flow !== true) {
    const last = node.items.at(-1);
    if (last === undefined) return node.range?.[1];
    return yaml.isPair(last) ? endOfPair(yaml, text, last) : endOfNode(yaml, text, last);
  }
  if (!yaml.isNode(node) || !node.range) return undefined;
  const [start, end] = node.range;
  const isBlock = yaml.isScalar(node) && (node.type === 'BLOCK_LITERAL' || node.type === 'BLOCK_FOLDED');
  // What a block keeps of blank lines is its own; else they are nobody's.
  if (isBlock && !/^[|>][0-9]?\+/.test(text.slice(start, start + 3)))
    return start + text.slice(start, end).trimEnd().length;
  return end;
}
