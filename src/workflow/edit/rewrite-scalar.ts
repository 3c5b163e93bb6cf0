import type { Piece } from './operation.ts';
import { pieced } from './operation.ts';
import { isPlain, writeText } from './write-value.ts';

export type ScalarStyle = 'PLAIN' | 'QUOTE_SINGLE' | 'QUOTE_DOUBLE' | 'BLOCK_LITERAL' | 'BLOCK_FOLDED';

/** A text of a file, as it is written and as it is read. */
export interface WrittenScalar {
  readonly style: ScalarStyle;
  readonly flow: boolean;
  /** Offset in the file, and how it stands there. */
  readonly start: number;
  readonly source: string;
  readonly value: string;
}

/**
 * The edits of a file by which pieces of a text's value become other text. Where it can be said which characters of the file a
 * piece is, only these change; a text on one line may be put into other quotes. Undefined: it cannot be said.
 */
export function rewriteScalar(scalar: WrittenScalar, pieces: readonly Piece[]): readonly Piece[] | undefined {
  if (scalar.style === 'BLOCK_LITERAL') return inLiteral(scalar, pieces);
  const whole = pieced(scalar.value, pieces);
  const quoted = scalar.style === 'QUOTE_SINGLE' || scalar.style === 'QUOTE_DOUBLE';
  if (scalar.style !== 'PLAIN' || isPlain(whole, scalar.flow)) {
    const found = pieces.map((piece) => inSource(scalar, piece));
    if (found.every((one) => one !== undefined)) return found;
  }
  const oneLine = !scalar.source.includes('\n');
  return oneLine && (quoted || scalar.style === 'PLAIN')
    ? [
        {
          start: scalar.start,
          end: scalar.start + scalar.source.length,
          text: writeText(whole, scalar.flow),
        },
      ]
    : undefined;
}

/** A piece of a text without lines of its own: as the same one of its like in what is written. */
function inSource(scalar: WrittenScalar, { start, end, text }: Piece): Piece | undefined {
  const { style, source, value } = scalar;
  const piece = value.slice(start, end);
  if (piece === '' || /[\r\n]/.test(piece + text)) return undefined;
  const written = (one: string): string =>
    style === 'QUOTE_SINGLE'
      ? one.replaceAll("'", "''")
      : style === 'QUOTE_DOUBLE'
        ? JSON.stringify(one).slice(1, -1)
        : one;
  const before = placesOf(value, piece);
  const there = placesOf(source, written(piece));
  const at = there[before.indexOf(start)];
  if (at === undefined || before.length !== there.length) return undefined;
  return { start: scalar.start + at, end: scalar.start + at + written(piece).length, text: written(text) };
}

function placesOf(text: string, piece: string): readonly number[] {
  const found: number[] = [];
  for (let at = text.indexOf(piece); at !== -1 && found.length < 1_000; at = text.indexOf(piece, at + 1))
    found.push(at);
  return found;
}

/** In a literal block each line of the value is a line of the file, further in. */
function inLiteral({ start, source, value }: WrittenScalar, pieces: readonly Piece[]): Piece[] | undefined {
  const eol = source.includes('\r\n') ? '\r\n' : '\n';
  const rows: { readonly at: number; readonly text: string }[] = [];
  for (let at = source.indexOf('\n') + 1; at > 0 && at < source.length; ) {
    const end = source.indexOf('\n', at);
    const text = source.slice(at, end === -1 ? undefined : end).replace(/\r$/, '');
    rows.push({ at, text });
    at = end + 1;
  }
  const lines = value.split('\n');
  const first = lines.findIndex((line) => line.trim() !== '');
  const row = rows[first]?.text;
  const line = lines[first];
  if (row === undefined || line === undefined || !row.endsWith(line)) return undefined;
  const indent = row.length - line.length;
  const found: Piece[] = [];
  for (const piece of pieces) {
    const from = spotOf(value, piece.start);
    const to = spotOf(value, piece.end);
    const [begin, end] = [rows[from.line], rows[to.line]];
    if (begin === undefined || end === undefined) return undefined;
    if (begin.text.slice(indent) !== lines[from.line] || end.text.slice(indent) !== lines[to.line])
      return undefined;
    found.push({
      start: start + begin.at + indent + from.column,
      end: start + end.at + indent + to.column,
      text: piece.text.replaceAll('\n', `${eol}${' '.repeat(indent)}`),
    });
  }
  return found;
}

function spotOf(text: string, offset: number): { readonly line: number; readonly column: number } {
  const before = text.slice(0, offset);
  return { line: before.split('\n').length - 1, column: offset - (before.lastIndexOf('\n') + 1) };
}
