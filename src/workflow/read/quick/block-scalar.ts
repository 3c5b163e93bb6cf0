import { BREAK, DASH, END, GREATER, HASH, PLUS, SPACE, TAB } from './characters.ts';
import { type Cursor, unsure } from './cursor.ts';

/** The lines of a block scalar, without the breaks between. */
interface Lines {
  /** A blank line is empty; one that is indented further than the text keeps what is more. */
  readonly texts: string[];
  /** How many blank lines follow the last. */
  readonly tail: number;
  /** The line of the file in which the last that is not blank stands. */
  readonly last: number;
}

/**
 * The value of the literal or folded scalar whose header begins here (YAML 1.2.2 §8.1), within a collection at `parent`. The
 * cursor is left at the content behind it.
 */
export function blockScalar(cursor: Cursor, parent: number): string {
  const isFolded = cursor.code(cursor.at) === GREATER;
  let chomping = 0;
  let indicator = 0;
  let at = cursor.at + 1;
  let code = cursor.code(at);
  for (; ; code = cursor.code(++at)) {
    if ((code === PLUS || code === DASH) && chomping === 0) chomping = code;
    else if (code > 0x30 && code <= 0x39 && indicator === 0) indicator = code - 0x30;
    else break;
  }
  if (code === HASH) unsure();
  while (code === SPACE) code = cursor.code(++at);
  if (code === HASH) at = cursor.comment(at, false);
  else if (code !== BREAK && code !== END) unsure();
  const { line } = cursor;
  const { texts, tail, last } = linesOf(cursor, at, parent, indicator);
  cursor.spans(line, last);
  const value = isFolded ? foldedText(texts) : texts.join('\n');
  if (chomping === PLUS) return value + '\n'.repeat(texts.length === 0 ? tail : tail + 1);
  return chomping === DASH || texts.length === 0 ? value : `${value}\n`;
}

/** The lines from the one behind the break at `from` up to the first that is indented too little (§8.1.1.1, §8.1.3). */
function linesOf(cursor: Cursor, from: number, parent: number, indicator: number): Lines {
  const { text, end } = cursor;
  const texts: string[] = [];
  let indent = indicator === 0 ? 0 : parent + indicator;
  let begun = false;
  let blanks = 0;
  let deepest = 0;
  let last = 0;
  let at = from;
  while (at < end) {
    const start = at + 1;
    let begin = start;
    let code = cursor.code(begin);
    while (code === SPACE) code = cursor.code(++begin);
    const spaces = begin - start;
    if (code === END) {
      // Spaces without a break behind them are counted in ways of their own.
      if (spaces > 0) unsure();
      cursor.line += 1;
      cursor.lineStart = start;
      at = end;
      break;
    }
    if (code === BREAK && !(begun && spaces > indent)) {
      blanks += 1;
      deepest = Math.max(deepest, spaces);
      at = begin;
      cursor.line += 1;
      cursor.lineStart = start;
      continue;
    }
    if (!begun) {
      if (spaces <= parent) {
        if (code === TAB) unsure();
        break;
      }
      if (indicator === 0) indent = spaces;
      if (spaces < indent || deepest > indent) unsure();
      begun = true;
    } else if (spaces < indent) {
      if (code === TAB) unsure();
      break;
    }
    if (code === BREAK && indicator !== 0) unsure();
    for (; blanks > 0; blanks -= 1) texts.push('');
    const next = text.indexOf('\n', begin);
    at = next === -1 ? end : next;
    texts.push(text.slice(start + indent, at));
    cursor.line += 1;
    cursor.lineStart = start;
    if (code !== BREAK) last = cursor.line;
  }
  cursor.nextLine(at);
  return { texts, tail: blanks, last };
}

/** Lines as one, but for those that are indented further or begin with a tab, and what surrounds them (§8.1.3). */
function foldedText(texts: readonly string[]): string {
  let value = '';
  let between = '';
  let wasDeeper = false;
  let begun = false;
  for (const text of texts) {
    const first = text.charCodeAt(0);
    if (text === '') {
      // Before the first text each is a break of its own.
      if (!begun || between === '\n') value += '\n';
      else between = '\n';
    } else if (first === SPACE || first === TAB) {
      if (between === ' ') between = '\n';
      else if (!wasDeeper && between === '\n') between = '\n\n';
      value += between + text;
      between = '\n';
      wasDeeper = true;
      begun = true;
    } else {
      value += between + text;
      between = ' ';
      wasDeeper = false;
      begun = true;
    }
  }
  return value;
}
