import type { ShellCommand, ShellWord } from '../script.ts';
import { type MaskedText, outputOf, WordParts } from '../word.ts';
import { meaningOf } from './cmdlets.ts';
import { dotnetCall } from './dotnet.ts';
import { Scanner } from './scanner.ts';

/** What is within more brackets than these is passed over. */
const MAX_NESTED = 60;
/** Their condition is read and gives nothing; the block behind them is read as if it held. */
const CONDITIONS = new Set(['if', 'elseif', 'while', 'until', 'switch']);
const ALONE = new Set([
  'else',
  'do',
  'try',
  'catch',
  'finally',
  'trap',
  'begin',
  'process',
  'end',
  'break',
  'continue',
  'exit',
  'return',
  'throw',
  'param',
  'in',
]);
/** Operators that give whether something is so. */
const COMPARISON =
  /^-(?:[ci]?(?:eq|ne|gt|ge|lt|le|like|notlike|match|notmatch|contains|notcontains|in|notin)|and|or|xor|is|isnot)$/i;

/**
 * The commands of a PowerShell script, in the order in which they stand, those of blocks, conditions and substitutions among them. Tolerant:
 * what cannot be read is passed over, one character at a time, so that any text is read once.
 */
export class PowerShellReader extends Scanner {
  readonly commands: ShellCommand[] = [];
  #nested = 0;

  constructor(text: MaskedText, prefix = '') {
    super(text, prefix);
  }

  /** All commands of the script. */
  whole(): readonly ShellCommand[] {
    while (!this.isEnd()) this.#statements('');
    return this.commands;
  }

  /** Statements up to a closing bracket, or to the end. */
  #statements(close: string): readonly ShellCommand[] {
    // Those of brackets within belong to what they make: each is told once, or a deep script would be looked at for ever.
    const own: ShellCommand[] = [];
    this.#nested += 1;
    while (!this.isEnd()) {
      this.space(true);
      const next = this.peek();
      if (next === '') break;
      if (next === close && close !== '') {
        this.move(1);
        break;
      }
      const before = this.at;
      if (next === ';' || next === '|' || next === ',') this.move(1);
      else {
        const last = this.#pipeline();
        if (last !== undefined) own.push(last);
      }
      // A closing bracket that nothing opened.
      if (this.at === before) this.move(1);
    }
    this.#nested -= 1;
    return own;
  }

  /** What stands within brackets, behind the opening one; too deep, nothing. */
  protected override nested(close: string): readonly ShellCommand[] {
    return this.#nested > MAX_NESTED ? [] : this.#statements(close);
  }

  #pipeline(): ShellCommand | undefined {
    let last = this.#element(undefined);
    for (this.space(false); this.peek() === '|'; this.space(false)) {
      const both = this.peek(1) === '|';
      this.move(both ? 2 : 1);
      this.space(true);
      last = this.#element(both ? undefined : last) ?? last;
    }
    if (this.starts('&&')) this.move(2);
    return last;
  }

  #element(piped: ShellCommand | undefined): ShellCommand | undefined {
    this.space(false);
    const start = this.at;
    const next = this.peek();
    if (next === '{') {
      this.move(1);
      return this.nested('}').at(-1);
    }
    if ((next === '&' || next === '.') && /[\s"'$({]/.test(this.peek(1)))
      return this.#call(start, next, piped);
    if (next === '!') {
      // Whether something is not so is no text.
      this.move(1);
      this.operand(new WordParts(start));
      return undefined;
    }
    const word = this.keyword();
    if (piped === undefined && word !== '') {
      if (word === 'function' || word === 'filter') return this.#named(word);
      if (CONDITIONS.has(word) || word === 'for' || word === 'foreach') return this.#condition(word);
      if (ALONE.has(word)) {
        this.move(word.length);
        return undefined;
      }
    }
    if (next === '[' || next === '$') {
      const set = this.#assignment(start);
      if (set !== undefined) return set;
    }
    if (/["'$([@\d\ue000-\uf8ff]/.test(next)) return this.#expression(start, piped);
    return this.#command(start, piped);
  }

  /** `function name {` and what else a name follows: the block is read, whoever calls it. */
  #named(word: string): undefined {
    this.move(word.length);
    this.space(false);
    this.bareWord();
    this.space(false);
    if (this.peek() !== '(') return;
    this.move(1);
    this.nested(')');
  }

  #condition(word: string): undefined {
    this.move(word.length);
    this.space(false);
    if (this.peek() !== '(') return;
    const start = this.at;
    this.move(1);
    this.space(true);
    const from = this.at;
    const variable = word === 'foreach' && this.peek() === '$' ? this.variable() : undefined;
    this.space(true);
    if (variable !== undefined && /^in\b/i.test(this.ahead(3))) {
      this.move(2);
      const made = this.nested(')');
      const value = new WordParts(from);
      value.made.push(...made.slice(-50));
      this.#assign(start, variable, value.word(this.text, this.at));
    } else this.nested(')');
  }

  /** `& program`, `. script`: what a variable names there is run. */
  #call(start: number, operator: string, piped: ShellCommand | undefined): ShellCommand | undefined {
    this.move(1);
    this.space(false);
    if (this.peek() === '{') {
      this.move(1);
      return this.nested('}').at(-1);
    }
    const program = this.argument();
    const words = this.#arguments();
    const named = program.variables.length > 0 || program.made.length > 0 ? [program] : [];
    const command = this.#finished(
      start,
      operator === '.' ? '.' : program.value,
      operator === '.' ? [program, ...words.words] : words.words,
      words.writesTo,
      piped,
    );
    return this.#emit({
      ...command,
      ...((named.length > 0 || command.code !== undefined) && { code: [...named, ...(command.code ?? [])] }),
    });
  }

  /** `$x = …`, also behind a type, and of a member. */
  #assignment(start: number): ShellCommand | undefined {
    for (let n = 0; n < 4 && this.peek() === '['; n += 1) {
      this.type();
      this.space(false);
    }
    const variable = this.peek() === '$' && this.#nested <= MAX_NESTED ? this.variable() : undefined;
    if (variable !== undefined) {
      while (/^[.[]/.test(this.ahead(1)) && this.peek(1) !== '.') if (!this.plainMember()) break;
      this.space(false);
      const operator = /^(?:=(?!=)|[+\-*/.]=|\?\?=)/.exec(this.ahead(3))?.[0];
      if (operator !== undefined) {
        this.move(operator.length);
        this.space(true);
        const from = this.at;
        const first = this.commands.length;
        // A value that is no command is one word, and printed nowhere.
        const value = new WordParts(from);
        this.#nested += 1;
        const only = this.#value(value);
        this.#nested -= 1;
        if (!only) value.made.push(...this.commands.slice(first).slice(-50));
        this.#assign(start, variable, value.word(this.text, this.at));
        return this.commands.at(-1);
      }
    }
    this.back(start);
    return undefined;
  }

  /** Reads what is assigned; true when it was one expression, which is then in `into`. */
  #value(into: WordParts): boolean {
    const begin = this.at;
    const isExpression = /["'$([@\d\ue000-\uf8ff]/.test(this.peek()) && !/^\$\w+\s*=/.test(this.ahead(40));
    if (isExpression) {
      const parts = this.#operands();
      this.space(false);
      if (this.peek() !== '|' && this.peek() !== '>') {
        into.take(parts);
        return true;
      }
      const command = this.#emit(
        this.#finished(begin, 'echo', [parts.word(this.text, this.at)], this.redirections(), undefined),
      );
      for (this.space(false); this.peek() === '|'; this.space(false)) {
        this.move(1);
        this.space(true);
        this.#element(this.commands.at(-1) ?? command);
      }
      return false;
    }
    this.#pipeline();
    return false;
  }

  #assign(start: number, name: string, value: ShellWord): void {
    this.commands.push({
      text: this.text.original.slice(start, this.at),
      name: '',
      words: [],
      assigned: [{ name, value }],
      writesTo: [],
      readsFrom: [],
      fed: [],
    });
  }

  /** An expression that stands alone gives its value to the pipeline, or to the log. */
  #expression(start: number, piped: ShellCommand | undefined): ShellCommand {
    const word = this.#operands().word(this.text, this.at);
    return this.#emit(this.#finished(start, 'echo', [word], this.redirections(), piped));
  }

  protected override list(): readonly ShellWord[] {
    if (this.#nested > MAX_NESTED) return [];
    this.#nested += 1;
    const given: ShellWord[] = [];
    while (!this.isEnd()) {
      this.space(true);
      const before = this.at;
      const next = this.peek();
      if (next === ')') {
        this.move(1);
        break;
      }
      if (next !== ',') given.push(this.#operands(true).word(this.text, this.at));
      if (this.at === before) this.move(1);
    }
    this.#nested -= 1;
    return given;
  }

  /** Operands and operators up to the end of the expression; in a list, up to the next comma. */
  #operands(inList = false): WordParts {
    const all = new WordParts(this.at);
    let compared = false;
    while (!this.isEnd()) {
      this.space(false);
      const next = this.peek();
      if (next === '' || /[\n;|)}>\]]/.test(next) || this.starts('&&')) break;
      if (inList && next === ',') break;
      const before = this.at;
      if (next === '-' && /[a-z]/i.test(this.peek(1))) {
        const operator = this.bareWord();
        if (COMPARISON.test(operator)) compared = true;
        else if (/^-[ci]?replace$/i.test(operator)) {
          this.space(true);
          // Nothing but what is listed stays.
          if (/^["']\[\^(?!\\?\n)/.test(this.ahead(4))) all.clear();
        }
        this.space(true);
      } else if (next === ',' || next === '+') {
        this.move(1);
        this.space(true);
      } else this.operand(all);
      if (this.at === before) this.move(1);
    }
    if (compared) all.clear();
    return all;
  }

  #command(start: number, piped: ShellCommand | undefined): ShellCommand | undefined {
    const name = this.argument();
    if (name.text === '') return undefined;
    if (piped !== undefined && /^(?:%|foreach(?:-object)?|\?|where(?:-object)?)$/i.test(name.value))
      this.#assign(start, `${this.prefix}_`, outputOf(piped));
    const { words, writesTo } = this.#arguments();
    return this.#emit(this.#finished(start, name.value, words, writesTo, piped));
  }

  #arguments(): { readonly words: readonly ShellWord[]; readonly writesTo: readonly ShellWord[] } {
    const words: ShellWord[] = [];
    const writesTo: ShellWord[] = [];
    while (!this.isEnd()) {
      this.space(false);
      const next = this.peek();
      if (next === '' || /[\n;|)}]/.test(next) || this.starts('&&')) break;
      const before = this.at;
      const redirected = this.redirection();
      if (redirected !== undefined) writesTo.push(...redirected);
      else if (next === ',') this.move(1);
      else words.push(...this.parameterAndValue());
      if (this.at === before) this.move(1);
    }
    return { words, writesTo };
  }

  #finished(
    start: number,
    name: string,
    words: readonly ShellWord[],
    writesTo: readonly ShellWord[],
    pipedFrom: ShellCommand | undefined,
  ): ShellCommand {
    return meaningOf({
      text: this.text.original.slice(start, this.at).trimEnd(),
      name,
      words,
      assigned: [],
      writesTo,
      readsFrom: [],
      fed: [],
      ...(pipedFrom !== undefined && { pipedFrom }),
    });
  }

  #emit(command: ShellCommand): ShellCommand {
    this.commands.push(command);
    return command;
  }

  protected override method(
    start: number,
    name: string,
    receiver: WordParts,
    given: readonly ShellWord[],
  ): ShellCommand | undefined {
    const [first, second] = given;
    const plain = name.toLowerCase().replace(/^system\./, '');
    if (plain === 'environment::getenvironmentvariable' && first !== undefined)
      receiver.variables.push(`env:${first.value.toUpperCase()}`);
    if (plain === 'environment::setenvironmentvariable' && first !== undefined && second !== undefined)
      this.#assign(start, `env:${first.value.toUpperCase()}`, second);
    const command = dotnetCall(plain, this.text.original.slice(start, this.at), given);
    return command === undefined ? undefined : this.#emit(command);
  }
}
