import { placeAt } from '../repository/tree.ts';
import type { ToldMend } from './mend.ts';

/** A place in a file: line and column from 1, in characters (UTF-16). */
type Spot = ReturnType<typeof placeAt>;

/** The edits of a mend by lines and columns: what lies from `start` to before `end` becomes `text`. */
export function placedEdits({
  edits,
  source,
}: ToldMend): readonly { readonly start: Spot; readonly end: Spot; readonly text: string }[] {
  return edits.map(({ start, end, text }) => ({
    start: placeAt(source, start),
    end: placeAt(source, end),
    text,
  }));
}
