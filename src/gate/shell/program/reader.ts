import type { ShellCommand } from '../script.ts';
import type { MaskedText } from '../word.ts';
import { Expressions } from './expressions.ts';
import { JAVASCRIPT } from './javascript.ts';
import { PYTHON } from './python.ts';
import type { ProgramLanguage } from './tokens.ts';
import type { Value } from './value.ts';

/** Functions of modules that may be asked for by their name alone: what else is, is the whole module. */
const FUNCTIONS =
  /^(?:exec\w*|spawn\w*|fork|\w+File(?:Sync)?|context|getOctokit|setOutput|getInput|exportVariable|addPath|promises|env)$/;

/**
 * The calls and assignments of a Python or JavaScript program as the commands of a script. Not a whole grammar: statements as far as they
 * bind names, and expressions. Blocks are read once, in the order in which they stand, without their conditions. Tolerant and bounded: what
 * is not understood is passed over, one token at a time.
 */
export class ProgramReader extends Expressions {
  /** The functions in which a statement stands; of Python, with the column where each begins. */
  readonly #inside: { readonly name: string; readonly column: number }[] = [];

  constructor(text: MaskedText, language: ProgramLanguage, prefix = '') {
    super(text, language, language === 'python' ? PYTHON : JAVASCRIPT, prefix);
  }

  whole(): readonly ShellCommand[] {
    while (this.peek() !== undefined) this.#block('');
    // What a function is given is what its calls give it, wherever they stand.
    for (const { name, words } of this.calls)
      for (const [index, parameter] of (this.functions.get(name) ?? []).entries()) {
        const value = words[index];
        if (value !== undefined) this.set(parameter, value, value.text);
      }
    return this.commands;
  }

  #block(close: string): void {
    while (this.peek() !== undefined) {
      if (close !== '' && this.mark() === close) {
        this.move();
        return;
      }
      const before = this.place;
      this.#statement();
      if (this.place === before) this.move();
    }
  }

  #statement(): void {
    const mark = this.mark();
    if (this.peek()?.kind === 'break' || /^[;:,@]$/.test(mark)) {
      this.move();
      return;
    }
    const isPython = this.language === 'python';
    if (mark === '{' && !isPython) {
      this.move();
      this.deeper(() => this.#block('}'));
      return;
    }
    if (isPython) this.#leave();
    const word = this.word();
    if (/^(?:import|from)$/.test(word) && this.mark(1) !== '(' && this.mark(1) !== '.') this.#import(word);
    else if (word === 'function' || (isPython && word === 'def')) {
      this.move();
      this.declared(word);
    } else if (word === 'return') {
      this.move();
      this.#returned(this.expression());
    } else if (word === 'for') {
      this.move();
      if (this.word() === 'await') this.move();
      if (!isPython && this.mark() === '(') this.move();
      this.loop();
      if (!isPython && this.mark() === ')') this.move();
    } else if (isPython && /^(?:if|elif|while|match)$/.test(word)) {
      this.move();
      this.expression();
    } else if (!isPython && /^(?:if|while|switch|catch)$/.test(word) && this.mark(1) === '(') {
      this.move(2);
      this.expression();
      if (this.mark() === ')') this.move();
    } else if (isPython && /^(?:with|except)$/.test(word)) {
      this.move();
      this.#with();
    } else if (/^(?:else|try|finally|do|pass|break|continue)$/.test(word)) this.move();
    else this.expression();
  }

  /** Behind a function of Python its lines stand no further to the right. */
  #leave(): void {
    if (this.#inside.length === 0) return;
    const column = this.#column();
    while ((this.#inside.at(-1)?.column ?? -1) >= column) this.#inside.pop();
  }

  #column(): number {
    const start = this.begin();
    // A line of thousands of characters is not looked through for each of its statements.
    const line = this.text.masked.slice(Math.max(0, start - 500), start);
    return line.length - (line.lastIndexOf('\n') + 1);
  }

  /** `import a.b as c`, `from a import b`, `import x from 'y'`, `import { a as b } from 'c'`. */
  #import(word: string): void {
    this.move();
    const names: { name: string; as: string }[] = [];
    let module = '';
    for (let n = 0; n < 200; n += 1) {
      const token = this.peek();
      if (token === undefined || token.kind === 'break' || this.mark() === ';') break;
      const last = names.at(-1);
      if (token.kind === 'string') module = String(token.parts?.[0] ?? '');
      else if (this.word() === 'as' && last !== undefined) {
        last.as = this.word(1);
        this.move();
      } else if (this.word() === 'import' && word === 'from')
        module = names
          .splice(0)
          .map(({ name }) => name)
          .join('.');
      else if (this.word() !== '' && this.mark(-1) === '.' && last !== undefined)
        last.name += `.${this.word()}`;
      else if (this.word() !== '' && this.word() !== 'from') names.push({ name: this.word(), as: '' });
      this.move();
    }
    const known = this.vocabulary.moduleOf(module);
    for (const { name, as } of names) {
      const local = as === '' ? name.replace(/\..*$/, '') : as;
      const isWhole = this.language === 'javascript' && !FUNCTIONS.test(name);
      if (local !== '')
        this.aliases.set(
          local,
          module === '' ? (as === '' ? local : name) : isWhole ? known : `${known}.${name}`,
        );
    }
  }

  protected override declared(word: string): void {
    if (this.mark() === '*') this.move();
    const column = this.#column() - (word === 'def' ? 4 : 0);
    const name = this.word();
    if (name !== '') this.move();
    if (this.mark() !== '(') return;
    this.functions.set(name, this.#parameters());
    if (word === 'def') this.#inside.push({ name, column });
    else this.body(name);
  }

  protected override body(name: string): void {
    if (this.mark() !== '{') return;
    this.move();
    this.#inside.push({ name, column: -1 });
    this.deeper(() => this.#block('}'));
    this.#inside.pop();
  }

  /** Names between brackets, without what stands for them when nothing is given. */
  #parameters(): readonly string[] {
    const found: string[] = [];
    let open = 0;
    for (let isName = true; this.peek() !== undefined; this.move()) {
      const mark = this.mark();
      if (/^[([{]$/.test(mark)) open += 1;
      else if (/^[)\]}]$/.test(mark)) open -= 1;
      if (open <= 0) break;
      if (mark === ',') isName = true;
      else if (this.word() !== '' && isName && found.length < 50) {
        if (!/^(?:self|cls)$/.test(this.word())) found.push(this.word());
        isName = false;
      }
    }
    this.move();
    return found;
  }

  #returned(value: Value): void {
    const word = value.word(this.text, this.end());
    const name = this.#inside.at(-1)?.name;
    if (name !== undefined && name !== '') this.set(`${name}()`, word, word.text);
    if (name !== undefined || this.language === 'python') return;
    // What a script of github-script gives back is an output of its step.
    const result = { text: 'result', value: 'result', variables: [], expressions: [], made: [] };
    this.commands.push({
      text: word.text,
      name: 'javascript:return',
      words: [],
      assigned: [],
      writesTo: [],
      readsFrom: [],
      fed: [],
      sets: { file: 'GITHUB_OUTPUT', name: result, value: word },
    });
  }

  /** `with open(x) as f, open(y) as g:` */
  #with(): void {
    for (let n = 0; n < 20; n += 1) {
      if (this.mark() === '(') this.move();
      const value = this.expression({ one: true });
      if (this.word() !== 'as') return;
      this.move();
      this.assign(this.operand(), value);
      if (this.mark() === ')') this.move();
      if (this.mark() !== ',') return;
      this.move();
    }
  }
}
