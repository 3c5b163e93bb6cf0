import type { Tree } from '../yaml-tree.ts';
import { blockScalar } from './block-scalar.ts';
import {
  APOSTROPHE,
  BREAK,
  COLON,
  DASH,
  DOT,
  END,
  GREATER,
  HASH,
  isBlank,
  OPEN_BRACE,
  OPEN_BRACKET,
  PIPE,
  QUOTATION,
  SPACE,
  TAB,
} from './characters.ts';
import { type Cursor, unsure } from './cursor.ts';
import { Entries } from './entries.ts';
import { flowCollection } from './flow.ts';

import { beginsPlain } from './plain.ts';
import { plainValue } from './plain-value.ts';
import { quoted } from './quoted.ts';

/** Where a node stands: behind its key, behind the dash of its sequence, or first in a line. */
type Standing = 'behind-key' | 'behind-dash' | 'own-line';

/** A key may have 1,024 characters (YAML 1.2.2 §7.4.2); how they are counted is for the careful reader. */
const MAX_KEY = 1_000;

/** The whole document from its first content on. */
export function rootNode(cursor: Cursor): Tree {
  const code = cursor.code(cursor.at);
  if (code === OPEN_BRACE || code === OPEN_BRACKET) {
    const tree = flowCollection(cursor, 0, 0, 0);
    cursor.toContent();
    return tree;
  }
  return isDash(cursor) ? sequence(cursor, 0) : mapping(cursor, 0);
}

/** The node that begins here, in a collection whose column is `parent`. The cursor is left at the content behind it. */
function blockNode(cursor: Cursor, depth: number, parent: number, standing: Standing): Tree {
  const start = cursor.at;
  const code = cursor.code(start);
  if (code === DASH && isDash(cursor)) return standing === 'behind-key' ? unsure() : sequence(cursor, depth);
  const isQuoted = code === QUOTATION || code === APOSTROPHE;
  const isPlain = !isQuoted && beginsPlain(cursor, start);
  const last = isPlain ? cursor.plainEnd(start) : start;
  if (isPlain ? cursor.code(cursor.stop) === COLON : isQuoted && isQuotedKey(cursor))
    return standing === 'behind-key' ? unsure() : mapping(cursor, depth);
  // A comment that stands further left makes the library read on in other lines than those that belong to a scalar.
  if (standing === 'own-line' && cursor.comments > 0) unsure();
  const at = cursor.place(start);
  if (isPlain) return cursor.scalar(plain(cursor, last, parent + 1), at, depth);
  if (isQuoted) {
    const { line } = cursor;
    const value = quoted(cursor, parent + 1);
    cursor.spans(line, cursor.line);
    cursor.toContent();
    return cursor.scalar(value, at, depth);
  }
  if (code === OPEN_BRACE || code === OPEN_BRACKET) {
    const tree = flowCollection(cursor, depth, parent + 1, 0);
    cursor.toContent();
    return tree;
  }
  if ((code !== PIPE && code !== GREATER) || standing === 'own-line') unsure();
  return cursor.scalar(blockScalar(cursor, parent), at, depth);
}

/** Whether the quoted scalar that begins here is a key: a colon follows it in its line (§8.2.2). The cursor stays. */
function isQuotedKey(cursor: Cursor): boolean {
  const { at, line, lineStart } = cursor;
  quoted(cursor, 1);
  const isOne = cursor.line === line && colonBehind(cursor, cursor.at) !== -1;
  cursor.at = at;
  cursor.line = line;
  cursor.lineStart = lineStart;
  return isOne;
}

/** Where the colon behind a key is; -1 for none. */
function colonBehind(cursor: Cursor, from: number): number {
  let at = from;
  while (cursor.code(at) === SPACE) at += 1;
  return cursor.code(at) === COLON && isBlank(cursor.code(at + 1)) ? at : -1;
}

function sequence(cursor: Cursor, depth: number): Tree {
  const { column, items } = cursor;
  const from = items.count;
  const at = cursor.place(cursor.at);
  cursor.count(depth);
  do {
    cursor.at += 1;
    items.push(valueBehind(cursor, depth + 1, column, 'behind-dash'));
  } while (cursor.column === column && isDash(cursor));
  if (cursor.column > column) unsure();
  return { kind: 'sequence', items: items.take(from), at };
}

function mapping(cursor: Cursor, depth: number): Tree {
  const { column } = cursor;
  const entries = new Entries(cursor);
  const at = cursor.place(cursor.at);
  let keyAt = at;
  cursor.count(depth);
  for (;;) {
    const key = entries.key(readKey(cursor), depth + 1);
    entries.add(key, keyAt, valueBehind(cursor, depth + 1, column, 'behind-key'));
    if (cursor.column !== column) break;
    keyAt = cursor.place(cursor.at);
  }
  if (cursor.column > column) unsure();
  return { kind: 'mapping', entries: entries.take(), at };
}

function readKey(cursor: Cursor): string | number | boolean | null {
  const start = cursor.at;
  const code = cursor.code(start);
  let value: string | number | boolean | null;
  if (code === QUOTATION || code === APOSTROPHE) {
    const { line } = cursor;
    value = quoted(cursor, 1);
    const colon = colonBehind(cursor, cursor.at);
    if (cursor.line !== line || colon === -1) unsure();
    cursor.stop = colon;
  } else {
    if (!beginsPlain(cursor, start)) unsure();
    // A document may end here.
    if (cursor.column === 0 && (code === DASH || code === DOT)) unsure();
    value = plainValue(cursor.text.slice(start, cursor.plainEnd(start)));
    if (cursor.code(cursor.stop) !== COLON) unsure();
  }
  if (cursor.stop - start > MAX_KEY) unsure();
  cursor.at = cursor.stop + 1;
  return value;
}

/** What stands behind a colon or a dash: in its line, or in those below that are indented further, or nothing (§8.2). */
function valueBehind(
  cursor: Cursor,
  depth: number,
  column: number,
  standing: 'behind-key' | 'behind-dash',
): Tree {
  let { at } = cursor;
  let code = cursor.code(at);
  while (code === SPACE) code = cursor.code(++at);
  if (code !== BREAK && code !== HASH && code !== END) {
    if (code === TAB) unsure();
    cursor.at = at;
    cursor.column = at - cursor.lineStart;
    return blockNode(cursor, depth, column, standing);
  }
  const { line, lineStart } = cursor;
  cursor.endLine(at);
  if (cursor.column > column) return blockNode(cursor, depth, column, 'own-line');
  if (standing === 'behind-key' && cursor.column === column && isDash(cursor)) return sequence(cursor, depth);
  return cursor.scalar(null, cursor.placeIn(line, lineStart, at), depth);
}

function isDash(cursor: Cursor): boolean {
  return cursor.code(cursor.at) === DASH && isBlank(cursor.code(cursor.at + 1));
}

/** The plain scalar whose first line was seen to end at `firstEnd`, with the lines below that are indented by `least` (§7.3.3). */
function plain(cursor: Cursor, firstEnd: number, least: number): string | number | boolean | null {
  const { text } = cursor;
  const first = text.slice(cursor.at, firstEnd);
  const { line } = cursor;
  let ended = cursor.code(cursor.stop);
  cursor.at = firstEnd;
  cursor.toContent();
  if (ended !== BREAK || cursor.comments > 0 || cursor.column < least) return plainValue(first);
  let value = first;
  let lastLine = line;
  while (ended === BREAK && cursor.comments === 0 && cursor.column >= least) {
    const from = cursor.at;
    value += cursor.blanks === 0 ? ' ' : '\n'.repeat(cursor.blanks);
    const last = cursor.plainEnd(from);
    ended = cursor.code(cursor.stop);
    if (ended === COLON) unsure();
    value += text.slice(from, last);
    lastLine = cursor.line;
    cursor.at = last;
    cursor.toContent();
  }
  cursor.spans(line, lastLine);
  return value;
}
