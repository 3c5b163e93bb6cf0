/** Characters that a terminal shows in two columns (Unicode's East Asian Width W and F, and emoji). */
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|[\u{1f300}-\u{1f64f}\u{1f680}-\u{1f6ff}\u{1f900}-\u{1faff}\u{20000}-\u{3fffd}]|\p{Emoji_Presentation}/u;
const NONE = /[\p{Mn}\p{Me}\ufe0e\ufe0f]/u;
/** What moves a cursor, hides text or turns it around. */
const HIDDEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cs}]/u;
/** Nearly all lines: each character is one column. */
const PLAIN = /^[\x20-\x7e]*$/;
const TAB = 4;
/** Marks on one letter; a stranger may write thousands. */
const MAX_MARKS = 3;

/** A line as a terminal shows it, with the column in which each of its characters begins. */
export interface TextCells {
  readonly shown: string;
  readonly width: number;
  /** Column (from 0) of the character at a UTF-16 offset; behind the end, the width. */
  readonly columnOf: (offset: number) => number;
}

/** Tabs become blanks up to the next stop; what would act on the terminal is shown as one replacement character. */
export function textCells(text: string): TextCells {
  if (PLAIN.test(text)) {
    const { length } = text;
    return { shown: text, width: length, columnOf: (offset) => (offset < length ? offset : length) };
  }
  const columns: number[] = [];
  let shown = '';
  let width = 0;
  let marks = 0;
  for (const character of text) {
    for (let unit = 0; unit < character.length; unit += 1) columns.push(width);
    marks = NONE.test(character) ? marks + 1 : 0;
    if (character === '\t') {
      const blanks = TAB - (width % TAB);
      shown += ' '.repeat(blanks);
      width += blanks;
    } else if (marks > 0) {
      if (marks <= MAX_MARKS) shown += character;
    } else if (HIDDEN.test(character)) {
      shown += '\ufffd';
      width += 1;
    } else {
      shown += character;
      width += WIDE.test(character) ? 2 : 1;
    }
  }
  return { shown, width, columnOf: (offset) => columns[offset] ?? width };
}

/** The columns from `from` up to `to`; a character that lies across an end is left out, with a blank in its place. */
export function cutCells(text: string, from: number, to: number): string {
  if (PLAIN.test(text)) return text.slice(from, Math.max(from, to));
  let column = 0;
  let cut = '';
  for (const character of text) {
    const width = NONE.test(character) ? 0 : WIDE.test(character) ? 2 : 1;
    if (column >= from && column + width <= to) cut += character;
    else cut += ' '.repeat(Math.max(0, Math.min(to, column + width) - Math.max(from, column)));
    column += width;
  }
  return cut;
}
