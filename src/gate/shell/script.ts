import { type Command, forEachChild, parse, type SyntaxNode, type Word } from 'unbash';

/** The characters that stand for the expressions of a script: none that a person writes, and none that a shell obeys. */
export const FIRST_MARKER = 0xe000;
const FILLER = '\uf8ff';
export const MAX_EXPRESSIONS = 1_000;
/** A longer script is not followed. */
export const MAX_SCRIPT = 200_000;

/** A word of a command, with what it is made of. */
export interface ShellWord {
  /** As it is written, expressions put back. */
  readonly text: string;
  /** Its value as far as it is written out; expressions are single private characters. */
  readonly value: string;
  readonly variables: readonly string[];
  /** Numbers of the script's expressions that stand in it. */
  readonly expressions: readonly number[];
  /** Commands that are run to make it. */
  readonly made: readonly ShellCommand[];
}

export interface ShellCommand {
  readonly text: string;
  readonly name: string;
  readonly words: readonly ShellWord[];
  readonly assigned: readonly { readonly name: string; readonly value: ShellWord }[];
  readonly writesTo: readonly ShellWord[];
  readonly readsFrom: readonly ShellWord[];
  /** Text that is fed to it: here-documents and here-strings. */
  readonly fed: readonly ShellWord[];
  /** The command whose output it reads. */
  readonly pipedFrom?: ShellCommand;
  /** What it reads as code, where its name and options alone do not say so. */
  readonly code?: readonly ShellWord[];
  /** Its output is what a file holds. */
  readonly reads?: boolean;
  /** What it sets through a function that escapes the value: no line break in it sets anything else. */
  readonly sets?: {
    readonly file: RunnerFile;
    readonly name: ShellWord | undefined;
    readonly value: ShellWord;
  };
}

/** Files by which a step speaks to the runner, as far as they are followed. */
export type RunnerFile = 'GITHUB_ENV' | 'GITHUB_OUTPUT' | 'GITHUB_PATH';

/** Languages of scripts whose values are followed. */
export type ScriptLanguage = 'bash' | 'powershell' | 'cmd' | 'python' | 'javascript';

export interface ShellScript {
  readonly language: ScriptLanguage;
  readonly commands: readonly ShellCommand[];
  /** What each variable is set to, and by which command. */
  readonly assigned: ReadonlyMap<
    string,
    readonly { readonly value: ShellWord; readonly command: ShellCommand }[]
  >;
  /** The first `read` that sets a variable. */
  readonly read: ReadonlyMap<string, readonly ShellCommand[]>;
  readonly understood: boolean;
  /** What its parser takes for mistakes, each with its place in the text. */
  readonly mistakes: readonly { readonly why: string; readonly position: number }[];
}

/**
 * The commands of a Bash or POSIX script, in the order in which they stand, those of loops, conditions, functions and
 * substitutions among them. Nothing is run. A script that cannot be read whole gives what was read, and says so.
 */
export function readScript(text: string): ShellScript {
  if (text.length > MAX_SCRIPT) return scriptOf('bash', [], false, []);
  const masked = mask(text);
  const script = parse(masked);
  const reader = new ScriptReader(text, masked);
  reader.visit(script, { redirects: [] });
  const mistakes = (script.errors ?? []).map(({ message, pos }) => ({ why: message, position: pos }));
  return scriptOf('bash', reader.commands, mistakes.length === 0, mistakes);
}

/** A script of its commands, with what each variable is set to. */
export function scriptOf(
  language: ScriptLanguage,
  commands: readonly ShellCommand[],
  understood: boolean,
  mistakes: ShellScript['mistakes'],
): ShellScript {
  const assigned = new Map<string, { value: ShellWord; command: ShellCommand }[]>();
  const read = new Map<string, ShellCommand[]>();
  for (const command of commands) {
    for (const { name, value } of command.assigned) {
      const known = assigned.get(name);
      if (known === undefined) assigned.set(name, [{ value, command }]);
      else known.push({ value, command });
    }
    for (const { value } of command.name === 'read' ? command.words : [])
      if (!read.has(value)) read.set(value, [command]);
  }
  return { language, commands, assigned, read, understood, mistakes };
}

/** Each `${{ }}` becomes private characters of the same length, so that positions stay. The first has the number `first`. */
export function mask(text: string, first = 0): string {
  const parts: string[] = [];
  let from = 0;
  for (let n = first; n < MAX_EXPRESSIONS; n += 1) {
    const start = text.indexOf('${{', from);
    const end = start === -1 ? -1 : text.indexOf('}}', start);
    if (end === -1) break;
    parts.push(
      text.slice(from, start),
      String.fromCharCode(FIRST_MARKER + n),
      FILLER.repeat(end + 1 - start),
    );
    from = end + 2;
  }
  return parts.join('') + text.slice(from);
}

const PLAIN_WORD = /^[\w./:@%+,-]+$/;
/** The first `MAX_EXPRESSIONS` private characters. */
const MARKER = /[\ue000-\ue3e7]/;
const NONE: readonly never[] = [];

interface Around {
  readonly redirects: readonly SyntaxNode[];
  readonly pipedFrom?: ShellCommand;
}

class ScriptReader {
  readonly commands: ShellCommand[] = [];
  readonly #original: string;
  readonly #masked: string;

  constructor(original: string, masked: string) {
    this.#original = original;
    this.#masked = masked;
  }

  visit(node: SyntaxNode, around: Around): ShellCommand | undefined {
    switch (node.type) {
      case 'Command':
        return this.#command(node, around);
      case 'Redirected': {
        // What is redirected holds for all commands within.
        const inner = { ...around, redirects: [...around.redirects, ...node.redirects] };
        return this.visit(node.command, inner);
      }
      case 'Pipeline': {
        let before: ShellCommand | undefined = around.pipedFrom;
        for (const part of node.commands)
          before =
            this.visit(part, before === undefined ? around : { ...around, pipedFrom: before }) ?? before;
        return before;
      }
      default: {
        let last: ShellCommand | undefined;
        forEachChild(node, (child) => {
          last = this.visit(child, around) ?? last;
        });
        return last;
      }
    }
  }

  #command(node: Command, around: Around): ShellCommand {
    const writesTo: ShellWord[] = [];
    const readsFrom: ShellWord[] = [];
    const fed: ShellWord[] = [];
    for (const one of [...around.redirects, ...node.redirects]) {
      if (one.type === 'HereDoc') {
        const quoted = one.delimiter?.quoted === true;
        fed.push(this.#wordFrom(one.body, one.body.text, { quoted }));
      } else if (one.type === 'HereString' && one.target !== undefined) fed.push(this.#word(one.target));
      else if (one.type === 'Redirect' && one.target !== undefined)
        (one.operator.startsWith('<') ? readsFrom : writesTo).push(this.#word(one.target));
    }
    const assignments = [
      ...node.prefix.filter((one) => one.type === 'Assignment'),
      ...node.args.filter((one) => one.type === 'Assignment'),
    ];
    const command: ShellCommand = {
      text: this.#original.slice(node.pos, node.end),
      name: node.name?.value ?? '',
      words: node.args.flatMap((one) => (one.type === 'Word' ? [this.#word(one)] : [])),
      assigned: assignments.map(({ name, value }) => ({
        name,
        value: value.type === 'Word' ? this.#word(value) : this.#wordFrom(value, '', { quoted: false }),
      })),
      writesTo,
      readsFrom,
      fed,
      ...(around.pipedFrom !== undefined && { pipedFrom: around.pipedFrom }),
    };
    this.commands.push(command);
    return command;
  }

  #word(word: Word): ShellWord {
    // Most words of most scripts: nothing to take apart.
    if (PLAIN_WORD.test(word.text))
      return { text: word.text, value: word.text, variables: NONE, expressions: NONE, made: NONE };
    return this.#wordFrom(word, word.value, { quoted: false });
  }

  #wordFrom(
    node: SyntaxNode & { readonly pos: number; readonly end: number },
    value: string,
    { quoted }: { readonly quoted: boolean },
  ): ShellWord {
    const variables: string[] = [];
    const made: ShellCommand[] = [];
    const look = (part: SyntaxNode): void => {
      if (part.type === 'SimpleExpansion') variables.push(part.text.slice(1));
      else if (part.type === 'ParameterExpansion') variables.push(part.parameter);
      if (part.type === 'CommandExpansion' || part.type === 'ProcessSubstitution') {
        if (part.script !== undefined) {
          const inner = new ScriptReader(this.#original, this.#masked);
          inner.visit(part.script, { redirects: [] });
          made.push(...inner.commands);
          this.commands.push(...inner.commands);
        }
        return;
      }
      forEachChild(part, look);
    };
    if (!quoted) forEachChild(node, look);
    return {
      text: this.#original.slice(node.pos, node.end),
      value,
      variables,
      expressions: markersIn(this.#masked.slice(node.pos, node.end)),
      made,
    };
  }
}

function markersIn(text: string): readonly number[] {
  if (!MARKER.test(text)) return NONE;
  const found: number[] = [];
  for (let at = 0; at < text.length; at += 1) {
    const number = text.charCodeAt(at) - FIRST_MARKER;
    if (number >= 0 && number < MAX_EXPRESSIONS) found.push(number);
  }
  return found;
}
