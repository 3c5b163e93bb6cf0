import type { Text } from '../../workflow/index.ts';
import type { Span } from '../finding.ts';
import type { Source } from '../repository/model.ts';
import { expressionSpan, offsetOf, spanAt, spanOf } from '../repository/tree.ts';

/** An expression may have 21,000 characters. */
const MAX_RANGE = 50_000;

/** Where an expression of a text begins in its file, and how far it may reach. */
function rangeOf(source: Source, text: Text, index: number): readonly [number, number] {
  if (!text.text.includes('${{')) {
    const begin = offsetOf(source, text.at);
    return [begin, begin + Math.min(text.text.length * 2 + 400, MAX_RANGE)];
  }
  const span = expressionSpan(source, text, index);
  const begin = offsetOf(source, span);
  const end = source.text.indexOf('}}', begin);
  return [begin, Math.min(end === -1 ? source.text.length : end + 2, begin + MAX_RANGE)];
}

/** A piece of the `index`th expression of a text, as one of the ways in which it may be written; else the expression. */
export function locatePiece(source: Source, text: Text, index: number, pieces: readonly string[]): Span {
  const [begin, end] = rangeOf(source, text, index);
  const within = source.text.slice(begin, end).toLowerCase();
  for (const piece of pieces) {
    const at = piece === '' ? -1 : within.indexOf(piece.toLowerCase());
    if (at !== -1) return spanAt(source, begin + at, piece.length);
  }
  return whole(source, text, index);
}

/** A position (from 1) within the source of an expression. */
export function locatePosition(
  source: Source,
  text: Text,
  index: number,
  expression: string,
  position: number | undefined,
): Span {
  const [begin, end] = rangeOf(source, text, index);
  const within = source.text.slice(begin, end);
  const first = expression.split('\n', 1)[0] ?? '';
  const start = first === '' ? -1 : within.indexOf(first);
  if (start === -1 || position === undefined || position > first.length + 1)
    return whole(source, text, index);
  const rest = first.slice(position - 1);
  return spanAt(source, begin + start + position - 1, /^(?:[\w-]+|.)/.exec(rest)?.[0].length ?? 1);
}

function whole(source: Source, text: Text, index: number): Span {
  return text.text.includes('${{')
    ? expressionSpan(source, text, index)
    : spanOf(source, text.at, text.text.length);
}
