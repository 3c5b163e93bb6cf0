import type { ShellCommand, ShellWord } from '../script.ts';
import { type MaskedText, WordParts } from '../word.ts';

/** Members of a value that hold none of its text. */
const NUMBERS = /^(?:length|count|exitcode|hashcode)$/i;

/**
 * The smallest parts of PowerShell: blanks, strings, variables, words, brackets. `nested` and `method` are what the reader of statements makes
 * of what stands within brackets.
 */
export abstract class Scanner {
  protected readonly text: MaskedText;
  /** Before the name of each variable that is no environment variable: scripts in scripts have names of their own. */
  protected readonly prefix: string;
  #at = 0;

  protected constructor(text: MaskedText, prefix: string) {
    this.text = text;
    this.prefix = prefix;
  }

  protected abstract nested(close: string): readonly ShellCommand[];
  protected abstract method(
    start: number,
    name: string,
    receiver: WordParts,
    given: readonly ShellWord[],
  ): ShellCommand | undefined;
  /** What a function is given, behind its bracket. */
  protected abstract list(): readonly ShellWord[];

  protected get at(): number {
    return this.#at;
  }

  protected isEnd(): boolean {
    return this.#at >= this.text.masked.length;
  }

  protected peek(further = 0): string {
    return this.text.masked.charAt(this.#at + further);
  }

  protected ahead(length: number): string {
    return this.text.masked.slice(this.#at, this.#at + length);
  }

  protected starts(what: string): boolean {
    return this.text.masked.startsWith(what, this.#at);
  }

  protected move(by: number): void {
    this.#at += by;
  }

  protected back(to: number): void {
    this.#at = to;
  }

  #matched(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.text.masked)?.[0] ?? '';
    this.#at += found.length;
    return found;
  }

  /** Behind blanks, comments and continued lines; with `lines`, behind line breaks as well. */
  protected space(lines: boolean): void {
    for (;;) {
      const next = this.peek();
      if (next === ' ' || next === '\t' || next === '\r' || (lines && next === '\n')) this.#at += 1;
      else if (next === '`' && /^`\r?\n/.test(this.ahead(3))) this.#at += this.peek(1) === '\r' ? 3 : 2;
      else if (next === '#') this.#to('\n', 0);
      else if (next === '<' && this.peek(1) === '#') this.#to('#>', 2);
      else return;
    }
  }

  #to(what: string, behind: number): void {
    const end = this.text.masked.indexOf(what, this.#at);
    this.#at = end === -1 ? this.text.masked.length : end + behind;
  }

  /** A word of letters, of which a statement may be told; nothing is moved. */
  protected keyword(): string {
    const pattern = /[A-Za-z]{2,10}(?![\w.:\\/-])/y;
    pattern.lastIndex = this.#at;
    return (pattern.exec(this.text.masked)?.[0] ?? '').toLowerCase();
  }

  protected bareWord(): string {
    return this.#matched(/[^\s;|(){}&,'"$`<>]{1,500}/y);
  }

  /** `$name`, `${name}`, `$env:NAME`: its name as it is followed; undefined where it is none. */
  protected variable(): string | undefined {
    const pattern = /\$(?:\{([^}\n]{1,200})\}|((?:[A-Za-z]\w*:)?[A-Za-z_]\w*|[$?^_]))/y;
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.text.masked);
    if (found === null) return undefined;
    this.#at += found[0].length;
    const name = found[1] ?? found[2] ?? '';
    const [, scope, rest] = /^(\w+):(.*)$/.exec(name) ?? [];
    if (scope?.toLowerCase() === 'env') return `env:${(rest ?? '').toUpperCase()}`;
    return `${this.prefix}${(rest ?? name).toLowerCase()}`;
  }

  /** `.Name` or `[0]` with nothing to be worked out in it. */
  protected plainMember(): boolean {
    return this.#matched(/\.[A-Za-z_]\w*(?!\w|\()|\[["']?[\w-]{0,100}["']?\]/y) !== '';
  }

  /** `[type]`, with brackets within. */
  protected type(): string {
    const start = this.#at;
    let open = 0;
    while (!this.isEnd() && this.#at - start < 120) {
      const next = this.peek();
      if (next === '\n') break;
      if (next === '[') open += 1;
      if (next === ']') open -= 1;
      this.#at += 1;
      if (open === 0) return this.text.masked.slice(start + 1, this.#at - 1);
    }
    this.#at = start + 1;
    return '';
  }

  /** One operand of an expression, with its members and calls. */
  protected operand(into: WordParts): void {
    const start = this.#at;
    const next = this.peek();
    const own = new WordParts(start);
    let path = '';
    if (next === '"' || next === "'") this.#string(own);
    else if (next === '@' && /["']/.test(this.peek(1))) this.#hereString(own);
    else if (next === '$') path = this.#dollar(own);
    else if (next === '(' || next === '{') this.#bracket(own, 1, next);
    else if (next === '@' && (this.peek(1) === '(' || this.peek(1) === '{'))
      this.#bracket(own, 2, this.peek(1));
    else if (next === '[') {
      const type = this.type();
      if (this.starts('::')) path = `${type}::${(this.move(2), this.#matched(/[A-Za-z_]\w{0,100}/y))}`;
      // A cast to a number leaves nothing of the text.
      if (/^(?:u?int(?:\d\d)?|long|double|decimal|bool|byte|datetime|version|guid)$/i.test(type)) {
        if (this.peek() !== '[') this.operand(new WordParts(this.#at));
        return;
      }
    } else own.value += this.#matched(/[^\s;|(){}[\]&,'"$`<>+]{1,500}/y) || this.#character();
    this.#members(own, path, start);
    into.take(own);
  }

  #members(own: WordParts, first: string, start: number): void {
    let path = first;
    for (let n = 0; n < 1_000; n += 1) {
      if (this.peek() === '(' && path !== '') {
        this.#at += 1;
        const given = this.list();
        const known = this.method(start, path, own, given);
        if (known !== undefined) own.made.push(known);
        else for (const one of given.slice(0, 50)) own.takeParts(one);
        continue;
      }
      if (this.peek() === '[') {
        // What stands in an index decides over nothing but which part is taken.
        if (this.#matched(/\[[\w"'.:-]{0,100}\]/y) === '') {
          this.#at += 1;
          this.nested(']');
        }
        continue;
      }
      const member = this.#matched(/(?:\?\.|\.|::)[A-Za-z_]\w{0,100}/y).replace(/^[?.:]+/, '');
      if (member === '') return;
      if (NUMBERS.test(member)) own.clear();
      path = `${path}.${member}`;
    }
  }

  #bracket(own: WordParts, length: number, open: string): void {
    this.#at += length;
    own.made.push(...this.nested(open === '{' ? '}' : ')').slice(-50));
  }

  /** A variable or `$( )`; the name of the variable for calls of it. */
  #dollar(own: WordParts): string {
    const start = this.#at;
    if (this.peek(1) === '(') {
      this.#bracket(own, 2, '(');
      return '';
    }
    const variable = this.variable();
    if (variable === undefined) {
      own.value += this.#character();
      return '';
    }
    own.variables.push(variable);
    own.value += this.text.masked.slice(start, this.#at);
    return `$${variable}`;
  }

  #character(): string {
    this.#at += 1;
    return this.text.masked.charAt(this.#at - 1);
  }

  #string(own: WordParts): void {
    const quote = this.#character();
    while (!this.isEnd()) {
      const next = this.peek();
      if (next === quote) {
        this.#at += 1;
        if (this.peek() !== quote) return;
        own.value += this.#character();
      } else if (quote === '"' && next === '`') {
        own.value += escaped(this.peek(1));
        this.#at += 2;
      } else if (quote === '"' && next === '$') this.#dollar(own);
      else own.value += this.#matched(quote === '"' ? /[^"`$]+/y : /[^']+/y);
    }
  }

  #hereString(own: WordParts): void {
    const quote = this.peek(1);
    const head = this.#matched(/@["'][ \t]*\r?\n/y);
    if (head === '') {
      this.#at += 1;
      this.#string(own);
      return;
    }
    const end = this.text.masked.indexOf(`\n${quote}@`, this.#at - 1);
    const stop = end === -1 ? this.text.masked.length : end;
    while (this.#at < stop) {
      if (quote === '"' && this.peek() === '$') this.#dollar(own);
      else if (quote === '"' && this.peek() === '`') {
        own.value += escaped(this.peek(1));
        this.#at += 2;
      } else {
        // A line at a time, as what is looked for may stand far behind.
        const plain = quote === "'" ? this.text.masked.slice(this.#at, stop) : this.#matched(/[^$`\n]+|\n/y);
        own.value += plain;
        if (quote === "'") this.#at = stop;
      }
    }
    this.#at = Math.max(this.#at, Math.min(stop + 3, this.text.masked.length));
  }

  /** A word of a command's arguments. */
  protected argument(): ShellWord {
    const own = new WordParts(this.#at);
    for (let first = true; !this.isEnd(); first = false) {
      const next = this.peek();
      if (next === '"' || next === "'") this.#string(own);
      else if (next === '$') {
        const path = this.#dollar(own);
        if (path !== '') this.#members(own, path, own.start);
      } else if (first && next === '@' && /["']/.test(this.peek(1))) this.#hereString(own);
      else if (first && next === '@' && /[({]/.test(this.peek(1))) this.#bracket(own, 2, this.peek(1));
      else if (first && next === '@') own.value += this.#character();
      else if (first && (next === '(' || next === '{')) {
        this.#bracket(own, 1, next);
        this.#members(own, '(', own.start);
      } else if (next === '`' && !/\s/.test(this.peek(1))) {
        own.value += this.peek(1);
        this.#at += 2;
      } else {
        const plain = this.bareWord();
        if (plain === '') break;
        own.value += plain;
      }
    }
    return own.word(this.text, this.#at);
  }

  /** `-Name:value` is two words. */
  protected parameterAndValue(): readonly ShellWord[] {
    const start = this.#at;
    const named = this.#matched(/-[A-Za-z]\w{0,60}:(?=[^\s])/y);
    if (named === '') return [this.argument()];
    const own = new WordParts(start);
    own.value = named.slice(0, -1);
    return [own.word(this.text, this.#at), this.argument()];
  }

  /** `> file`, `2>&1` and their kin: what standard output is written to; undefined where there is none. */
  protected redirection(): readonly ShellWord[] | undefined {
    const operator = this.#matched(/[1-6*]?>>?(?:&[12])?/y);
    if (operator === '') return undefined;
    if (operator.includes('&')) return [];
    this.space(false);
    const target = this.argument();
    return /^[2-6]/.test(operator) ? [] : [target];
  }

  protected redirections(): readonly ShellWord[] {
    const found: ShellWord[] = [];
    for (this.space(false); /[1-6*>]/.test(this.peek()); this.space(false)) {
      const one = this.redirection();
      if (one === undefined) break;
      found.push(...one);
    }
    return found;
  }
}

/** A backtick and a letter: a line break and the like. */
function escaped(letter: string): string {
  return letter === 'n' ? '\n' : letter === 't' ? '\t' : letter === 'r' ? '\r' : letter;
}
