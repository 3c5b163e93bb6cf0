import type { Source } from '../repository/model.ts';
import type { Mend } from './mend.ts';

/** A place in a file: line and column from 1, in characters (UTF-16). */
interface Spot {
  readonly line: number;
  readonly column: number;
}

/** The edits of a mend by lines and columns: what lies from `start` to before `end` becomes `text`. */
export function placedEdits({
  edits,
  source,
}: Mend): readonly { readonly start: Spot; readonly end: Spot; readonly text: string }[] {
  return edits.map(({ start, end, text }) => ({ start: spot(source, start), end: spot(source, end), text }));
}

function spot({ starts }: Source, offset: number): Spot {
  const line = Math.max(1, starts.findLastIndex((start) => start <= offset) + 1);
  return { line, column: offset - (starts[line - 1] ?? 0) + 1 };
}
