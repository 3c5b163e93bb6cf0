/** A program that an entry is for: an executable of the job's read-only root, and what narrows or widens that. */
export interface ProgramRule {
  /** The executable's path in the job's root. A link there is followed; what counts is the file, not its name. */
  readonly run: string;
  /** Of an interpreter: only while it runs this script of the read-only root, and no other. */
  readonly script?: string;
  /** It makes machine code as it runs (node, java): memory of no file may be executed in it. */
  readonly jit?: boolean;
  /** Also where a program of the same entry started it; without, what such a program starts does not count. */
  readonly nested?: boolean;
}

const PATH = /^(?:\/(?!\.{1,2}(?:\/|$))[^/\s\0]{1,255}){1,32}$/;

/** An absolute path in one spelling, without blanks: it is written into lines that people read. */
export function isProgramPath(text: string): boolean {
  return text.length <= 1_024 && PATH.test(text);
}

/** As a person reads it: `/usr/bin/node /usr/lib/npm/bin/npm-cli.js (jit)`. */
export function programText({ run, script, jit, nested }: ProgramRule): string {
  const marks = [...(jit === true ? ['jit'] : []), ...(nested === true ? ['nested'] : [])];
  return `${run}${script === undefined ? '' : ` ${script}`}${marks.length === 0 ? '' : ` (${marks.join(', ')})`}`;
}

/** Whether every process that `b` stands for is one that `a` stands for. Paths are compared as they are written. */
export function coversProgram(a: ProgramRule, b: ProgramRule): boolean {
  return (
    a.run === b.run &&
    (a.script === undefined || a.script === b.script) &&
    (a.jit === true || b.jit !== true) &&
    (a.nested === true || b.nested !== true)
  );
}

/** Whether an entry that is for the programs `a` (absent: for every one) is for all that one for `b` is for. */
export function coversPrograms(
  a: readonly ProgramRule[] | undefined,
  b: readonly ProgramRule[] | undefined,
): boolean {
  if (a === undefined) return true;
  return b !== undefined && b.every((one) => a.some((other) => coversProgram(other, one)));
}
