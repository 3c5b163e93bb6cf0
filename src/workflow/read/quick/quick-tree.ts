import type { Tree } from '../yaml-tree.ts';
import { DASH, isBlank } from './characters.ts';
import { type Bounds, Cursor, isUnsure } from './cursor.ts';
import { rootNode } from './block.ts';

/**
 * The tree of a text in the part of YAML 1.2.2 that nearly all workflows are written in; undefined for all that is not certain, and
 * for whatever is wrong: the careful reader says what. What it gives is what the careful reader gives, value by value and place
 * by place; `quick-tree.test.ts` and the fuzz suite hold them together. One pass, in time that grows with the text.
 *
 * Left to the careful reader: anchors, aliases, tags, explicit and many-line keys, directives, several documents, tabs
 * before content, a root that is a scalar, merge keys, repeated keys, and the mistakes.
 */
export function quickTree(file: string, text: string, bounds: Bounds): Tree | undefined {
  // What is odd as an end of line, or as a mark of byte order, is so in the whole file.
  let lines = text;
  if (text.includes('\r')) {
    lines = text.replaceAll('\r\n', '\n');
    if (lines.includes('\r')) return undefined;
  }
  if (lines.includes('\u2028') || lines.includes('\u2029') || lines.includes('\ufeff')) return undefined;
  const cursor = new Cursor(file, lines, bounds);
  try {
    cursor.nextLine(-1);
    if (cursor.column === 0 && lines.startsWith('---', cursor.at) && isBlank(cursor.code(cursor.at + 3))) {
      cursor.at += 3;
      cursor.toContent();
    }
    if (cursor.column === -1 || (cursor.code(cursor.at) === DASH && cursor.text.startsWith('---', cursor.at)))
      return undefined;
    const tree = rootNode(cursor);
    return cursor.column === -1 ? tree : undefined;
  } catch (error) {
    if (isUnsure(error)) return undefined;
    throw error;
  }
}
