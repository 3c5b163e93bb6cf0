import type { CommentedLines } from '../comments.ts';
import type { Tree } from '../yaml-tree.ts';
import { isBlank } from './characters.ts';
import { type Bounds, Cursor, isUnsure } from './cursor.ts';
import { rootNode } from './block.ts';

/** Ends of lines and marks of byte order that are something else in one place than in another. */
const ODD = ['\r', '\u2028', '\u2029', '\ufeff'];

/**
 * The tree of a text in the part of YAML 1.2.2 that nearly all workflows are written in; undefined for all that is not certain, and
 * for whatever is wrong: the careful reader says what. What it gives is what the careful reader gives, value by value and place
 * by place; `quick-tree.test.ts` and the fuzz suite hold them together. One pass, in time that grows with the text.
 *
 * Left to the careful reader: anchors, aliases, tags, explicit and many-line keys, directives, several documents, tabs
 * before content, a root that is a scalar, merge keys, repeated keys, and the mistakes.
 */
export function quickTree(
  file: string,
  text: string,
  bounds: Bounds,
  notes?: CommentedLines,
): Tree | undefined {
  // What is odd as an end of line, or as a mark of byte order, is so in the whole file.
  const lines = text.includes('\r') ? text.replaceAll('\r\n', '\n') : text;
  if (ODD.some((odd) => lines.includes(odd))) return undefined;
  const cursor = new Cursor(file, lines, bounds, notes);
  try {
    cursor.nextLine(-1);
    if (cursor.column === 0 && lines.startsWith('---', cursor.at) && isBlank(cursor.code(cursor.at + 3))) {
      cursor.at += 3;
      cursor.toContent();
    }
    if (cursor.column === -1 || (cursor.column === 0 && lines.startsWith('---', cursor.at))) return undefined;
    const tree = rootNode(cursor);
    return cursor.column === -1 ? tree : undefined;
  } catch (error) {
    if (isUnsure(error)) return undefined;
    throw error;
  }
}

/** The comments of a text, as the careful reader of comments tells them; undefined where `quickTree` is not certain. */
export function quickComments(text: string, bounds: Bounds): CommentedLines | undefined {
  const notes: CommentedLines = { comments: [], headers: new Map() };
  return quickTree('', text, bounds, notes) === undefined ? undefined : notes;
}
