import type { ShellCommand, ShellWord } from '../script.ts';

/** A call as it is written: `subprocess.run(['npm', 'ci'], shell=True)`. */
export interface Call {
  /** What is called, by the names of modules: `subprocess.run`. */
  readonly path: string;
  readonly text: string;
  /** What its last name is called on. */
  readonly receiver?: ShellWord;
  readonly words: readonly ShellWord[];
  /** Of each argument that is a list, what is in it. */
  readonly lists: readonly (readonly ShellWord[] | undefined)[];
  /** What is given by name: `shell=True`, and `{ shell: true }`. */
  readonly named: ReadonlyMap<string, ShellWord>;
  /** The regular expression that a word is, also by its name; or the empty text. */
  readonly patternOf: (word: ShellWord) => string;
}

/** What a call does, as far as it matters. */
export interface Meaning extends Partial<Omit<ShellCommand, 'text' | 'pipedFrom'>> {
  /** Programs that it starts by name. */
  readonly starts?: readonly { readonly name: string; readonly words: readonly ShellWord[] }[];
  /** Its value is no text: a number, whether something is so, or text in which only what is listed stays. */
  readonly plain?: boolean;
  /** Its value is what these variables hold, and nothing else. */
  readonly gives?: readonly string[];
}

/** What a language’s own names mean. */
export interface Vocabulary {
  readonly meaningOf: (call: Call) => Meaning;
  /** The variable that a path of names stands for, `env:TITLE`; undefined for those of the program. */
  readonly variableOf: (path: string) => string | undefined;
  /** Names that a name may stand for: modules, and what holds the event. */
  readonly isKnown: (path: string) => boolean;
  /** The module by the name under which it is asked for. */
  readonly moduleOf: (name: string) => string;
}

const SHELLS = /^(?:bash|sh|zsh|dash|pwsh|powershell|cmd|python3?|node|perl|ruby)(?:\.exe)?$/;

/** What a list of words starts: a program; and where that is a shell, what it is given as code. */
export function started(words: readonly ShellWord[]): Pick<Meaning, 'starts' | 'code'> {
  const [program, ...rest] = words;
  if (program === undefined) return {};
  const name = program.value.replace(/^.*[\\/](?=\w)/, '').replace(/\.(?:exe|cmd)$/, '');
  const at = rest.findIndex(({ value }) => /^(?:-c|-e|\/c|-command|--eval)$/i.test(value));
  const code = rest[at + 1];
  const isCode = SHELLS.test(name) && at !== -1 && code !== undefined;
  // A program that a variable names is whatever that holds.
  const named = program.variables.length > 0 && program.value.startsWith('$') ? [program] : [];
  return {
    starts: [{ name: program.value.startsWith('./') ? program.value : name, words: rest }],
    code: [...named, ...(isCode ? [code] : [])],
  };
}

/**
 * What a command line starts, as far as it is written out: words by blanks, no quotes. `split`: nothing but blanks splits it, so that a
 * variable may be several arguments; where a shell reads it, all of it is code anyway.
 */
export function startedBy(line: ShellWord | undefined, split = false): NonNullable<Meaning['starts']> {
  if (line === undefined) return [];
  return line.value
    .slice(0, 2_000)
    .split(/&&|\|\||[;|\n]/)
    .slice(0, 20)
    .flatMap((part) => {
      const [name, ...rest] = part.trim().split(/\s+/);
      if (name === undefined || name === '' || name.startsWith('$')) return [];
      const words = rest.map((value) => ({
        text: split ? value : line.text,
        value: value.replaceAll(/^["']|["']$/g, ''),
        variables: split ? line.variables.filter((one) => value.includes(`$${one}`)) : [],
        expressions: [],
        made: [],
      }));
      return [{ name, words }];
    });
}
