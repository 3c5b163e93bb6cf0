import type { Place } from '../../base/index.ts';
import type { Assignment, Entry, Text, Tree } from '../../workflow/index.ts';
import type { Span } from '../finding.ts';
import type { Source } from './model.ts';

const NONE: readonly never[] = [];

/** Takes trees apart without a word about what is wrong with them: that is said elsewhere, once. */
export function entriesOf(tree: Tree | undefined): readonly Entry[] {
  return tree?.kind === 'mapping' ? tree.entries : NONE;
}

export function entryOf(tree: Tree | undefined, key: string): Entry | undefined {
  if (tree?.kind !== 'mapping') return undefined;
  for (const entry of tree.entries) if (entry.key === key) return entry;
  return undefined;
}

export function valueOf(tree: Tree | undefined, key: string): Tree | undefined {
  return entryOf(tree, key)?.value;
}

export function itemsOf(tree: Tree | undefined): readonly Tree[] {
  return tree?.kind === 'sequence' ? tree.items : NONE;
}

/** The scalar itself, so that there is one object for each: what follows from a text is kept by it, and many rules ask for the same. */
export function textOf(tree: Tree | undefined): Text | undefined {
  return tree?.kind === 'scalar' && tree.value !== null ? tree : undefined;
}

/** One text, or a list of them. */
export function wordsOf(tree: Tree | undefined): readonly Text[] {
  const one = textOf(tree);
  return one === undefined ? itemsOf(tree).flatMap((item) => textOf(item) ?? []) : [one];
}

function hasText(entry: Entry): entry is Entry & { readonly value: Text } {
  return textOf(entry.value) !== undefined;
}

export function assignmentsOf(tree: Tree | undefined): readonly Assignment[] {
  if (tree?.kind !== 'mapping') return NONE;
  // Nearly always all of them are, and a list that is mapped has no room to spare.
  const texts = tree.entries.every(hasText) ? tree.entries : tree.entries.filter(hasText);
  return texts.map(({ key, value }) => ({ name: key, value }));
}

const BELOW = new WeakMap<Tree, readonly Text[]>();

/** Every text below, keys left out. */
export function textsIn(tree: Tree | undefined): readonly Text[] {
  if (tree === undefined) return [];
  const known = BELOW.get(tree);
  if (known !== undefined) return known;
  const found: Text[] = [];
  gather(tree, found);
  BELOW.set(tree, found);
  return found;
}

function gather(tree: Tree, into: Text[]): void {
  if (tree.kind === 'scalar') {
    const text = textOf(tree);
    if (text !== undefined) into.push(text);
  } else if (tree.kind === 'sequence') for (const item of tree.items) gather(item, into);
  else for (const { value } of tree.entries) gather(value, into);
}

export function sourceOf(path: string, text: string): Source {
  const starts = [0];
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return { path, text, starts };
}

export function lineAt(source: Source, line: number): string {
  const start = source.starts[line - 1];
  return start === undefined ? '' : source.text.slice(start, endOf(source, line));
}

/** Where a line ends, without its line break. */
function endOf({ text, starts }: Source, line: number): number {
  const next = starts[line];
  const end = next === undefined ? text.length : next - 1;
  return end > (starts[line - 1] ?? 0) && text.charCodeAt(end - 1) === 13 ? end - 1 : end;
}

/** A place as a stretch of its line. */
export function spanOf(source: Source, at: Place, length = 1): Span {
  const line = at.line ?? 1;
  const column = at.column ?? 1;
  const start = source.starts[line - 1];
  const left = start === undefined ? 1 : Math.max(1, endOf(source, line) - start - column + 1);
  return { file: source.path, line, column, length: Math.max(1, Math.min(length, left)) };
}

export function offsetOf(source: Source, at: Place): number {
  return (source.starts[(at.line ?? 1) - 1] ?? 0) + (at.column ?? 1) - 1;
}

export function spanAt(source: Source, offset: number, length: number): Span {
  const at = placeAt(source, offset);
  const end = placeAt(source, offset + length);
  return { ...spanOf(source, at, length), ...(end.line > at.line && { end }) };
}

/** Line and column, from 1, of an offset in a file’s text. */
export function placeAt(source: Source, offset: number): { readonly line: number; readonly column: number } {
  let low = 0;
  let high = source.starts.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((source.starts[middle] ?? 0) <= offset) low = middle;
    else high = middle - 1;
  }
  return { line: low + 1, column: offset - (source.starts[low] ?? 0) + 1 };
}

/**
 * Where the `index`th expression of a text stands in its file: the n-th `${{` of a scalar is the n-th from where it begins,
 * unless it is written with escapes, and then the scalar's own place is told.
 */
export function expressionSpan(source: Source, text: Text, index: number): Span {
  return expressionSpans(source, text, index + 1)[index] ?? spanOf(source, text.at, text.text.length);
}

/** The places of the first expressions of a text, found in one pass: a text may have thousands. */
export function expressionSpans(source: Source, text: Text, count: number): readonly Span[] {
  const begin = offsetOf(source, text.at);
  // A scalar's source is longer than its value by indentation and quotes only.
  const last = begin + text.text.length * 8 + 2_000;
  const spans: Span[] = [];
  for (
    let at = source.text.indexOf('${{', begin);
    spans.length < count;
    at = source.text.indexOf('${{', at + 1)
  ) {
    if (at === -1 || at > last) break;
    const end = source.text.indexOf('}}', at);
    spans.push(spanAt(source, at, (end === -1 ? at + 3 : end + 2) - at));
  }
  return spans;
}

/** Where a piece of a text stands in its file: the piece's first appearance after the scalar begins, as it is written. */
export function pieceSpan(source: Source, text: Text, piece: string): Span {
  const begin = offsetOf(source, text.at);
  const first = piece.split('\n', 1)[0] ?? '';
  const at = first === '' ? -1 : source.text.indexOf(first, begin);
  if (at === -1 || at - begin > text.text.length * 8 + 2_000)
    return spanOf(source, text.at, text.text.length);
  return spanAt(source, at, first.length);
}

/** Where the expressions of a text stand, found out when somebody asks: of most expressions nothing is told. */
export class ExpressionPlaces {
  readonly #source: Source;
  readonly #text: Text;
  readonly #count: number;
  #spans: readonly Span[] | undefined;

  constructor(source: Source, text: Text, count: number) {
    this.#source = source;
    this.#text = text;
    this.#count = count;
  }

  at(index: number): Span {
    this.#spans ??= expressionSpans(this.#source, this.#text, this.#count);
    return this.#spans[index] ?? spanOf(this.#source, this.#text.at, this.#text.text.length);
  }
}
