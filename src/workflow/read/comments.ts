import { quickComments } from './quick/quick-tree.ts';
import { BOUNDS } from './yaml-tree.ts';

/** A comment of a YAML file. */
export interface Comment {
  /** Without its `#`. */
  readonly text: string;
  readonly line: number;
  /** It stands alone on its line, and so speaks of the one below. */
  readonly alone: boolean;
}

export interface CommentedFile {
  readonly comments: readonly Comment[];
  /**
   * The line in which a scalar of several lines begins, for each of its further lines up to the last that is not blank: no comment
   * of that scalar can stand there. A block scalar begins with its header.
   */
  readonly headers: ReadonlyMap<number, number>;
}

/** A `CommentedFile` while it is made. */
export interface CommentedLines {
  readonly comments: Comment[];
  readonly headers: Map<number, number>;
}

/** The comments of YAML text. Linear; what is broken gives what was read. */
export async function readComments(text: string): Promise<CommentedFile> {
  return quickComments(text, BOUNDS) ?? carefulComments(text);
}

/** What the lexer puts before a plain or a block scalar, and before a document. */
const SCALAR = '\u001f';
const DOCUMENT = '\u0002';

/** As the library's lexer tells them from text that holds a `#`. Apart only so that the two can be compared. */
export async function carefulComments(text: string): Promise<CommentedFile> {
  const { Lexer } = await import('./yaml-library.ts');
  const comments: Comment[] = [];
  const headers = new Map<number, number>();
  let line = 1;
  let scalar = false;
  let block = false;
  let fresh = true;
  for (const token of new Lexer().lex(text)) {
    if (token === DOCUMENT && !scalar) continue;
    if (token === SCALAR && !scalar) {
      scalar = true;
      continue;
    }
    if (token.startsWith('#') && !scalar) comments.push({ text: token.slice(1), line, alone: fresh });
    const breaks = breaksIn(token, token.length);
    // A block's first line is the second of its scalar already.
    const isLong = scalar ? block || breaks > 0 : breaks > 0 && /^["']/.test(token);
    const length = isLong ? lengthOf(token) : 0;
    if (length > 0) {
      // The header stands in the line before the text of a block.
      const first = scalar && block ? line - 1 : line;
      const last = line + breaksIn(token, length);
      for (let at = first + 1; at <= last; at += 1) headers.set(at, first);
    }
    line += breaks;
    fresh = breaks > 0 ? token.endsWith('\n') : fresh && token.trim() === '';
    block = scalar ? false : block || /^[|>]/.test(token);
    scalar = false;
  }
  return { comments, headers };
}

function breaksIn(token: string, end: number): number {
  let breaks = 0;
  for (let at = token.indexOf('\n'); at !== -1 && at < end; at = token.indexOf('\n', at + 1)) breaks += 1;
  return breaks;
}

/** Without the blank lines at its end. */
function lengthOf(token: string): number {
  let end = token.length;
  while (end > 0 && ' \r\n'.includes(token[end - 1] ?? '')) end -= 1;
  return end;
}
