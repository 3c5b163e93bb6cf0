import { ExpressionFailure } from './failure.ts';

/** A part of a text: as it is, or the source between `${{` and `}}`. */
export type Segment =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'expression'; readonly source: string };

/** Cuts text at its `${{ }}`. `}}` inside a quoted string does not end an expression. Throws `ExpressionFailure`. */
export function segmentsOf(text: string): readonly Segment[] {
  const segments: Segment[] = [];
  let index = 0;
  while (index < text.length) {
    const start = text.indexOf('${{', index);
    if (start < 0) break;
    if (start > index) segments.push({ kind: 'text', text: text.slice(index, start) });
    const end = endOf(text, start + 3);
    const source = text.slice(start + 3, end).trim();
    if (source === '') throw new ExpressionFailure('An expression was expected between ${{ and }}');
    segments.push({ kind: 'expression', source });
    index = end + 2;
  }
  if (index < text.length) segments.push({ kind: 'text', text: text.slice(index) });
  return segments;
}

/** The sources alone, as `segmentsOf` gives them. Throws as it does. */
export function sourcesOf(text: string): readonly string[] {
  const sources: string[] = [];
  for (let start = text.indexOf('${{'); start >= 0; ) {
    const end = endOf(text, start + 3);
    const source = text.slice(start + 3, end).trim();
    if (source === '') throw new ExpressionFailure('An expression was expected between ${{ and }}');
    sources.push(source);
    start = text.indexOf('${{', end + 2);
  }
  return sources;
}

const QUOTE = 0x27;
const BRACE = 0x7d;

function endOf(text: string, start: number): number {
  let quoted = false;
  for (let index = start; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (code === QUOTE) quoted = !quoted;
    else if (!quoted && code === BRACE && text.charCodeAt(index + 1) === BRACE) return index;
  }
  throw new ExpressionFailure('The expression is not closed: ${{ has no }}');
}
