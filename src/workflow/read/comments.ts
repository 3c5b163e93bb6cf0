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
  /** The line of a block scalar\u2019s header, for each line of its text: no comment can stand there. */
  readonly headers: ReadonlyMap<number, number>;
}

/** What the lexer puts before a plain or a block scalar. */
const SCALAR = '\u001f';

/** The comments of YAML text, as its lexer tells them from text that holds a `#`. Linear; what is broken gives what was read. */
export async function readComments(text: string): Promise<CommentedFile> {
  const { Lexer } = await import('./yaml-library.ts');
  const comments: Comment[] = [];
  const headers = new Map<number, number>();
  let line = 1;
  let scalar = false;
  let fresh = true;
  for (const token of new Lexer().lex(text)) {
    if (token.startsWith('#') && !scalar) comments.push({ text: token.slice(1), line, alone: fresh });
    const breaks = token.split('\n').length - 1;
    if (scalar && breaks > 0) for (let at = 0; at <= breaks; at += 1) headers.set(line + at, line - 1);
    line += breaks;
    fresh = breaks > 0 ? token.endsWith('\n') : fresh && token.trim() === '';
    scalar = token === SCALAR;
  }
  return { comments, headers };
}
