import type { Entry, Tree } from '../yaml-tree.ts';
import {
  APOSTROPHE,
  BREAK,
  CLOSE_BRACE,
  CLOSE_BRACKET,
  COLON,
  COMMA,
  DASH,
  DOT,
  END,
  HASH,
  isBlank,
  isFlowIndicator,
  OPEN_BRACE,
  OPEN_BRACKET,
  QUESTION,
  QUOTATION,
  SPACE,
  TAB,
} from './characters.ts';
import { type Cursor, unsure } from './cursor.ts';
import { Entries } from './entries.ts';
import { plainValue } from './plain-value.ts';
import { quoted } from './quoted.ts';
import { beginsPlain } from './plain.ts';

/**
 * The flow collection that begins here (YAML 1.2.2 §7.4), of which each further line must be indented by `least`; `level` counts
 * those around it. Left to the careful reader: explicit keys, pairs in sequences, plain scalars of several lines, node properties.
 */
export function flowCollection(cursor: Cursor, depth: number, least: number, level: number): Tree {
  const isMapping = cursor.code(cursor.at) === OPEN_BRACE;
  const at = cursor.place(cursor.at);
  cursor.count(depth);
  cursor.at += 1;
  return isMapping
    ? { kind: 'mapping', entries: entriesWithin(cursor, depth + 1, least, level), at }
    : { kind: 'sequence', items: itemsWithin(cursor, depth + 1, least, level), at };
}

function itemsWithin(cursor: Cursor, depth: number, least: number, level: number): readonly Tree[] {
  const { items } = cursor;
  const from = items.count;
  while (another(cursor, CLOSE_BRACKET, least, level)) {
    items.push(flowNode(cursor, depth, least, level));
    behindItem(cursor, CLOSE_BRACKET, least, level);
  }
  return items.take(from);
}

function entriesWithin(cursor: Cursor, depth: number, least: number, level: number): readonly Entry[] {
  const entries = new Entries(cursor);
  while (another(cursor, CLOSE_BRACE, least, level)) {
    entry(cursor, depth, least, level, entries);
    behindItem(cursor, CLOSE_BRACE, least, level);
  }
  return entries.take();
}

/** Whether one more stands here; else the cursor is left behind the bracket that closes. */
function another(cursor: Cursor, close: number, least: number, level: number): boolean {
  skipBlank(cursor, least, level);
  if (cursor.code(cursor.at) !== close) return true;
  cursor.at += 1;
  return false;
}

function behindItem(cursor: Cursor, close: number, least: number, level: number): void {
  skipBlank(cursor, least, level);
  const code = cursor.code(cursor.at);
  if (code === COMMA) cursor.at += 1;
  else if (code !== close) unsure();
}

function flowNode(cursor: Cursor, depth: number, least: number, level: number): Tree {
  const code = cursor.code(cursor.at);
  if (code === OPEN_BRACKET || code === OPEN_BRACE) return flowCollection(cursor, depth, least, level + 1);
  const at = cursor.place(cursor.at);
  return cursor.scalar(flowValue(cursor, least), at, depth);
}

function flowValue(cursor: Cursor, least: number): string | number | boolean | null {
  const code = cursor.code(cursor.at);
  if (code !== QUOTATION && code !== APOSTROPHE) return plainValue(flowPlain(cursor));
  const { line } = cursor;
  const value = quoted(cursor, least);
  cursor.spans(line, cursor.line);
  return value;
}

function entry(cursor: Cursor, depth: number, least: number, level: number, entries: Entries): void {
  const { line } = cursor;
  const keyAt = cursor.place(cursor.at);
  const key = entries.key(flowValue(cursor, least), depth);
  if (cursor.line !== line) unsure();
  skipSpaces(cursor);
  if (cursor.code(cursor.at) !== COLON) {
    entries.add(key, keyAt, { kind: 'scalar', value: null, text: '', at: keyAt });
    return;
  }
  cursor.at += 1;
  skipSpaces(cursor);
  const { at, line: colonLine, lineStart } = cursor;
  skipBlank(cursor, least, level);
  const code = cursor.code(cursor.at);
  const value =
    code === COMMA || code === CLOSE_BRACE
      ? cursor.scalar(null, cursor.placeIn(colonLine, lineStart, at), depth)
      : flowNode(cursor, depth, least, level);
  entries.add(key, keyAt, value);
}

/** A plain scalar of one line within a flow collection (§7.3.3). */
function flowPlain(cursor: Cursor): string {
  const start = cursor.at;
  if (!beginsPlain(cursor, start) || cursor.code(start) === COLON) unsure();
  let at = start;
  let last = start;
  for (let code = cursor.code(at); code !== BREAK && code !== END; code = cursor.code(++at)) {
    if (isFlowIndicator(code)) break;
    if (code === SPACE || code === TAB) {
      if (cursor.code(at + 1) === HASH) break;
    } else {
      const next = cursor.code(at + 1);
      if (isBlank(next) || isFlowIndicator(next)) {
        if (code === COLON) break;
        // An indicator when it stands alone.
        if ((code === DASH || code === QUESTION) && at === start) unsure();
      }
      last = at + 1;
    }
  }
  if (last === start) unsure();
  cursor.at = last;
  return cursor.text.slice(start, last);
}

function skipSpaces(cursor: Cursor): void {
  while (cursor.code(cursor.at) === SPACE) cursor.at += 1;
}

/** Over white space, line breaks and comments between the parts of a flow collection. */
function skipBlank(cursor: Cursor, least: number, level: number): void {
  let { at } = cursor;
  let isFirst = false;
  for (;;) {
    const code = cursor.code(at);
    if (code === SPACE) at += 1;
    else if (code === BREAK) {
      at += 1;
      cursor.line += 1;
      cursor.lineStart = at;
      isFirst = true;
    } else if (code === HASH) {
      // The library does not count a break before it as white space in each place.
      if (cursor.code(at - 1) !== SPACE) unsure();
      at = cursor.comment(at, isFirst);
    } else {
      if (code === TAB || code === END) unsure();
      cursor.at = at;
      if (isFirst) checkIndent(cursor, code, least, level);
      return;
    }
  }
}

function checkIndent(cursor: Cursor, code: number, least: number, level: number): void {
  const indent = cursor.at - cursor.lineStart;
  // The end of a document is seen in the first column.
  if (indent === 0 && (code === DASH || code === DOT)) unsure();
  if (indent >= least) return;
  // The library takes the last bracket at the indentation of what holds the collection.
  const closes = code === CLOSE_BRACKET || code === CLOSE_BRACE;
  if (!closes || indent !== least - 1 || level !== 0) unsure();
}
