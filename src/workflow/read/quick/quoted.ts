import { APOSTROPHE, BACKSLASH, BREAK, END, QUOTATION, SPACE, TAB } from './characters.ts';
import { type Cursor, unsure } from './cursor.ts';

/** The escapes of one character (YAML 1.2.2 §5.7). */
const ESCAPES: ReadonlyMap<number, string> = new Map(
  Object.entries({
    0: '\0',
    a: '\u0007',
    b: '\b',
    t: '\t',
    n: '\n',
    v: '\v',
    f: '\f',
    r: '\r',
    e: '\u001b',
    ' ': ' ',
    '"': '"',
    '/': '/',
    '\\': '\\',
    N: '\u0085',
    _: '\u00a0',
    L: '\u2028',
    P: '\u2029',
  }).map(([escape, means]) => [escape.charCodeAt(0), means]),
);

/** How many digits the escapes for a code point have. */
const DIGITS: ReadonlyMap<number, number> = new Map([
  [0x78, 2], // x
  [0x75, 4], // u
  [0x55, 8], // U
]);

/** The value of the quoted scalar that begins here (§7.3.1, §7.3.2), of which each further line must be indented by `least`. */
export function quoted(cursor: Cursor, least: number): string {
  return cursor.code(cursor.at) === APOSTROPHE ? single(cursor, least) : double(cursor, least);
}

function single(cursor: Cursor, least: number): string {
  const { text } = cursor;
  const start = cursor.at + 1;
  let end = text.indexOf("'", start);
  let doubled = false;
  while (end !== -1 && cursor.code(end + 1) === APOSTROPHE) {
    doubled = true;
    end = text.indexOf("'", end + 2);
  }
  if (end === -1) unsure();
  const raw = text.slice(start, end);
  const value = raw.includes('\n') ? folded(cursor, start, end, least) : raw;
  cursor.at = end + 1;
  return doubled ? value.replaceAll("''", "'") : value;
}

/** Lines of a single-quoted scalar as one: a break is a space, and each blank line a break (§6.5). */
function folded(cursor: Cursor, start: number, end: number, least: number): string {
  const { text } = cursor;
  let lineEnd = text.indexOf('\n', start);
  let value = withoutTail(text, start, lineEnd);
  while (lineEnd < end) {
    const from = continued(cursor, lineEnd, least);
    const next = text.indexOf('\n', from.at);
    lineEnd = next === -1 ? end : Math.min(next, end);
    value += from.breaks + (lineEnd === end ? text.slice(from.at, end) : withoutTail(text, from.at, lineEnd));
  }
  return value;
}

function withoutTail(text: string, start: number, end: number): string {
  let last = end;
  while (last > start && (text.charCodeAt(last - 1) === SPACE || text.charCodeAt(last - 1) === TAB))
    last -= 1;
  return text.slice(start, last);
}

/** From a break in a quoted scalar to where its text goes on, and what the breaks between stand for. */
function continued(
  cursor: Cursor,
  from: number,
  least: number,
): { readonly at: number; readonly breaks: string } {
  let at = from;
  let blanks = 0;
  // At the root a document may end within it.
  if (least === 0) unsure();
  for (;;) {
    at += 1;
    cursor.line += 1;
    cursor.lineStart = at;
    let code = cursor.code(at);
    while (code === SPACE) code = cursor.code(++at);
    if (code === TAB || code === END) unsure();
    if (code !== BREAK) break;
    blanks += 1;
  }
  if (at - cursor.lineStart < least) unsure();
  return { at, breaks: blanks === 0 ? ' ' : '\n'.repeat(blanks) };
}

function double(cursor: Cursor, least: number): string {
  const { text } = cursor;
  let value = '';
  let run = cursor.at + 1;
  for (let at = run; ; ) {
    const code = cursor.code(at);
    if (code === QUOTATION) {
      cursor.at = at + 1;
      return value === '' ? text.slice(run, at) : value + text.slice(run, at);
    }
    if (code === END) unsure();
    if (code === BREAK) {
      const before = withoutTail(text, run, at);
      const from = continued(cursor, at, least);
      value += before + from.breaks;
      at = from.at;
      run = at;
    } else if (code === BACKSLASH) {
      value += text.slice(run, at);
      const escape = cursor.code(at + 1);
      if (escape === BREAK) {
        const from = continued(cursor, at + 1, least);
        if (from.breaks !== ' ') unsure();
        at = from.at;
      } else {
        const digits = DIGITS.get(escape) ?? 0;
        value += digits === 0 ? (ESCAPES.get(escape) ?? unsure()) : character(text, at + 2, digits);
        at += 2 + digits;
      }
      run = at;
    } else at += 1;
  }
}

function character(text: string, at: number, digits: number): string {
  const written = text.slice(at, at + digits);
  if (written.length < digits || !/^[0-9a-fA-F]{2,8}$/.test(written)) unsure();
  const code = Number.parseInt(written, 16);
  return code > 0x10ffff ? unsure() : String.fromCodePoint(code);
}
