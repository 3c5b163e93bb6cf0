import { visible } from '../../audit/index.ts';
import type { Span } from '../../gate/index.ts';
import type { Style } from './style.ts';
import { cutCells, textCells } from './text-cells.ts';

/** A stretch of a file that a frame points at. */
export interface Mark {
  readonly at: Span;
  /** What is said of it, behind its underline. */
  readonly label: string;
  /** The finding itself; the others only lead to it. */
  readonly isPrimary: boolean;
}

export interface FrameOptions {
  readonly lineOf: (at: Span) => string;
  readonly style: Style;
  /** Columns that a line of the frame may take. */
  readonly width: number;
}

const MAX_LABEL = 100;
/** Columns that stay before a mark of which the line is cut. */
const BEFORE = 24;
const MAX_LINES = 6;

/** The lines of the marked places, as a compiler shows them: by file, each mark below its line, in the order of the lines. */
export function sourceFrame(marks: readonly Mark[], options: FrameOptions): readonly string[] {
  const last = Math.max(...marks.map(({ at }) => at.end?.line ?? at.line));
  const gutter = ' '.repeat(String(last).length);
  const bar = options.style.faint('|');
  const files = [...new Set(marks.map(({ at }) => at.file))];
  return files.flatMap((file, index) => {
    const own = marks.filter(({ at }) => at.file === file);
    const rows = rowsOf(own, gutter, options);
    // The file of the finding is named above; another begins with its name.
    const first = own.find(({ isPrimary }) => isPrimary) ?? own[0];
    const head =
      index === 0 || first === undefined
        ? []
        : [
            `${gutter}${options.style.faint(':::')} ${visible(`${file}:${first.at.line}:${first.at.column}`, 1_000)}`,
          ];
    return rows.length === 0 ? head : [...head, `${gutter} ${bar}`, ...rows];
  });
}

function rowsOf(marks: readonly Mark[], gutter: string, options: FrameOptions): readonly string[] {
  const { lineOf, style } = options;
  const byLine = new Map<number, Mark[]>();
  for (const mark of marks.toSorted((a, b) => a.at.line - b.at.line || a.at.column - b.at.column))
    for (const part of linesOf(mark, lineOf))
      byLine.set(part.at.line, [...(byLine.get(part.at.line) ?? []), part]);
  const rows: string[] = [];
  let before: number | undefined;
  for (const [line, parts] of [...byLine].toSorted(([a], [b]) => a - b)) {
    const [first] = parts;
    const text = first === undefined ? '' : lineOf(first.at);
    if (text === '' || first === undefined) continue;
    if (before !== undefined && line === before + 2)
      rows.push(plainRow(line - 1, lineOf({ ...first.at, line: line - 1 }), gutter, options));
    else if (before !== undefined && line > before + 1) rows.push(`${style.faint('\u00b7\u00b7\u00b7')}`);
    rows.push(...markedRow(line, text, parts, gutter, options));
    before = line;
  }
  return rows;
}

/** A mark over several lines as one on each; the label stands at the last. */
function linesOf(mark: Mark, lineOf: FrameOptions['lineOf']): readonly Mark[] {
  const { at, label, isPrimary } = mark;
  if (at.end === undefined || at.end.line <= at.line) return [mark];
  const { end, ...start } = at;
  const parts: Mark[] = [];
  for (let line = at.line; line <= end.line; line += 1) {
    if (line >= at.line + MAX_LINES - 1 && line < end.line) continue;
    const text = lineOf({ ...start, line });
    const from = line === at.line ? at.column - 1 : text.length - text.trimStart().length;
    const to = line === end.line ? end.column - 1 : text.trimEnd().length;
    if (to > from)
      parts.push({ at: { ...start, line, column: from + 1, length: to - from }, label: '', isPrimary });
  }
  return parts.map((part, index) => (index === parts.length - 1 ? { ...part, label } : part));
}

function markedRow(
  line: number,
  text: string,
  marks: readonly Mark[],
  gutter: string,
  { style, width }: FrameOptions,
): readonly string[] {
  const cells = textCells(text);
  const room = Math.max(40, width - gutter.length - 3);
  const starts = marks.map(({ at }) => cells.columnOf(at.column - 1));
  const from = cells.width <= room ? 0 : Math.max(0, Math.min(...starts) - BEFORE);
  const to = from + room;
  const bar = style.faint('|');
  const rows = marks.map(({ at, label, isPrimary }, index) => {
    const start = starts[index] ?? 0;
    const end = Math.max(start + 1, Math.min(cells.columnOf(at.column - 1 + at.length), to));
    const before = marks[index - 1]?.at;
    // What is said of the same stretch stands below, without its line again.
    const again = before !== undefined && before.column === at.column && before.length === at.length;
    const line = (again ? ' ' : isPrimary ? '^' : '-').repeat(Math.max(1, end - start));
    const paint = isPrimary ? style.bad : style.note;
    const said = label === '' ? '' : ` ${visible(label, MAX_LABEL)}`;
    return `${gutter} ${bar} ${' '.repeat(Math.max(0, start - from))}${paint(`${line}${said}`)}`;
  });
  return [
    `${style.faint(`${String(line).padStart(gutter.length)} |`)} ${window(cells.shown, from, to, cells.width)}`,
    ...rows,
  ];
}

function plainRow(line: number, text: string, gutter: string, { style, width }: FrameOptions): string {
  const cells = textCells(text);
  const room = Math.max(40, width - gutter.length - 3);
  const shown = window(cells.shown, 0, room, cells.width);
  return `${style.faint(`${String(line).padStart(gutter.length)} |`)} ${shown}`.trimEnd();
}

/** What of a line is shown; where it is cut stands a sign of that. */
function window(shown: string, from: number, to: number, width: number): string {
  if (from === 0 && width <= to) return shown;
  const cut = cutCells(shown, from + (from > 0 ? 1 : 0), width > to ? to - 1 : to);
  return `${from > 0 ? '\u2026' : ''}${cut}${width > to ? '\u2026' : ''}`;
}
