import type { ShellCommand, ShellWord } from '../script.ts';
import type { Meaning } from './call.ts';
import { Bindings } from './bindings.ts';
import type { Token } from './tokens.ts';
import { Value } from './value.ts';

const MAX_NESTED = 60;
/** Commands and arguments that a value is made of; more are lost. */
const MAX_MADE = 50;
const COMPARISON = /^(?:===?|!==?|<=?|>=?)$/;
const ASSIGNMENT = /^(?:=|:=|\+=|-=|\*=|\|\|=|\?\?=|&&=|\|=|\/=|%=)$/;
const IGNORED = new Set(
  'await async typeof void delete yield new const let var return throw export default case static get set global nonlocal raise assert del'.split(
    ' ',
  ),
);
const NOTHING = /^(?:true|false|null|undefined|None|True|False|NaN|this|super)$/;
const CHANGES = /\.(?:append|push|extend|insert|unshift|add)$/;
/** Of a longer chain of names the end is kept. */
const MAX_PATH = 300;
const NONE: readonly never[] = [];

/** Expressions of a program: operands, chains of names, calls, strings with what is put into them. */
export abstract class Expressions extends Bindings {
  protected readonly calls: { readonly name: string; readonly words: readonly ShellWord[] }[] = [];
  /** On what the function is called that is given the function which is read now. */
  #around: ShellWord | undefined;
  #nested = 0;

  /** The body of a function, where its bracket stands. */
  protected abstract body(name: string): void;
  protected abstract declared(word: string): void;

  protected deeper(read: () => void): void {
    if (this.#nested > MAX_NESTED) return;
    this.#nested += 1;
    read();
    this.#nested -= 1;
  }

  /** An expression up to what cannot be a part of it. `one`: up to a comma. `target`: of a loop, up to its `in`. */
  protected expression({ one = false, target = false } = {}): Value {
    const all = new Value(this.begin());
    this.deeper(() => this.#operands(all, one, target));
    return all;
  }

  #operands(all: Value, one: boolean, target: boolean): void {
    let current = new Value(all.start);
    let operands: Value[] = [];
    let count = 0;
    let compared = false;
    let choices = 0;
    const flush = (keep: boolean): void => {
      if (!compared && keep) all.take(current);
      if (!current.isEmpty()) current = new Value(all.start);
      compared = false;
    };
    for (let token = this.peek(); token !== undefined && token.kind !== 'break'; token = this.peek()) {
      const mark = this.mark();
      const word = this.word();
      if (/^[)\]};]$/.test(mark) || (mark === ',' && one)) break;
      if (mark === ':' && choices === 0) break;
      if (ASSIGNMENT.test(mark)) {
        this.move();
        this.skipBreaks();
        const value = this.expression({ one });
        for (const each of operands) this.assign(each, value);
        operands = [value];
        count = 1;
        current = value;
      } else if (mark !== '' && !/^[([{]$/.test(mark)) {
        this.move();
        if (mark === '!') this.operand();
        else if (mark === '?') {
          // By what it is chosen is none of what is chosen.
          all.clear();
          all.value = '';
          flush(false);
          choices += 1;
        } else if (COMPARISON.test(mark)) compared = true;
        else if (mark === '&&') flush(false);
        else if (/^(?:\|\||\?\?|,|:)$/.test(mark)) flush(true);
        if (mark === ':') choices -= 1;
        if (mark !== ',') count += 1;
        this.skipBreaks();
      } else if (/^(?:else|as|of)$/.test(word) || (target && word === 'in')) break;
      else if (word === 'if' && this.language === 'python') {
        this.move();
        flush(true);
        this.expression({ one: true });
        if (this.word() === 'else') this.move();
      } else if (word === 'for' && this.language === 'python') {
        this.move();
        this.loop();
      } else if (/^(?:and|or|in|is|not|instanceof)$/.test(word)) {
        this.move();
        if (word === 'and' || word === 'or') flush(word === 'or');
        else compared = true;
        count += 1;
      } else if (IGNORED.has(word)) this.move();
      else {
        const before = this.place;
        const operand = this.operand();
        if (this.place === before) this.move();
        count += 1;
        if (operands.length < MAX_MADE) operands.push(operand);
        current.take(operand);
      }
    }
    flush(true);
    const [only] = operands;
    all.pattern = operands.flatMap(({ pattern }) => pattern).slice(0, MAX_MADE);
    if (only === undefined || count !== 1) return;
    all.path = only.path;
    all.list = only.list;
    all.named = only.named;
    all.parameters = only.parameters;
  }

  /** `x in xs`, behind `for` and its bracket. */
  protected loop(): void {
    const target = this.expression({ target: true });
    if (this.word() !== 'of' && this.word() !== 'in') return;
    this.move();
    this.assign(target, this.expression());
  }

  protected operand(): Value {
    const token = this.peek();
    const own = new Value(this.begin());
    if (token === undefined) return own;
    if (token.kind === 'mark') this.#bracket(own, token.text);
    else if (token.kind === 'name') this.#name(own, token.text);
    else {
      this.move();
      if (token.kind === 'string') this.#string(own, token);
      else own.value = token.text;
    }
    this.#suffixes(own);
    if (own.path !== undefined) this.resolve(own, own.path);
    return own;
  }

  #name(own: Value, name: string): void {
    this.move();
    if (name === 'lambda' && this.language === 'python') {
      own.parameters = this.#untilColon();
      if (this.mark() === ':') this.move();
      this.#bind(own.parameters);
      own.take(this.expression({ one: true }));
    } else if (name === 'function') {
      this.declared(name);
    } else if (this.mark() === '=>') {
      this.#arrow(own, [name]);
    } else if (NOTHING.test(name)) own.value = name;
    else own.path = this.aliases.get(name) ?? name;
  }

  #untilColon(): readonly string[] {
    const found: string[] = [];
    for (let n = 0; n < 50 && this.peek() !== undefined && this.mark() !== ':'; n += 1) {
      if (this.word() !== '') found.push(this.word());
      this.move();
    }
    return found;
  }

  #arrow(own: Value, parameters: readonly string[]): void {
    this.move();
    own.parameters = parameters;
    this.#bind(parameters);
    const around = this.#around;
    this.#around = undefined;
    if (this.mark() === '{') this.body('');
    else {
      this.skipBreaks();
      own.take(this.expression({ one: true }));
    }
    this.#around = around;
  }

  /** `xs.map(x => …)`: its parameter is one of what it is called on. */
  #bind([first]: readonly string[]): void {
    if (first !== undefined && this.#around !== undefined) this.set(first, this.#around, this.#around.text);
  }

  #bracket(own: Value, open: string): void {
    if (!/^[([{]$/.test(open)) return;
    const start = this.begin();
    this.move();
    if (open === '{') {
      this.deeper(() => this.#object(own));
      return;
    }
    const names: string[] = [];
    const list = this.#list(open === '(' ? ')' : ']', own, names);
    if (open === '(' && this.mark() === '=>') {
      own.clear();
      own.value = '';
      this.#arrow(own, names);
    } else if (open === '[' || list.length > 1) own.list = list;
    else if (list.length === 1 && open === '(') own.value = list[0]?.value ?? '';
    if (start === own.start && open === '[')
      own.pattern = names.map((name) => ({ name, way: '*' })).slice(0, MAX_MADE);
  }

  /** What stands between brackets, by commas. */
  #list(close: string, into: Value, names: string[] = []): readonly ShellWord[] {
    const found: ShellWord[] = [];
    this.deeper(() => {
      for (let token = this.peek(); token !== undefined; token = this.peek()) {
        const mark = this.mark();
        if (mark === close) {
          this.move();
          return;
        }
        if (token.kind === 'break' || /^[,;:)\]}*]$|^\.\.\.$|^\*\*$/.test(mark)) {
          // A bracket of another kind ends what it does not open.
          if (/^[)\]}]$/.test(mark)) return;
          this.move();
          continue;
        }
        const before = this.place;
        const keyword =
          this.language === 'python' && this.word() !== '' && this.mark(1) === '=' ? this.word() : '';
        if (keyword !== '') this.move(2);
        const value = this.expression({ one: true });
        if (this.place === before) this.move();
        const word = value.word(this.text, this.end());
        if (keyword !== '') (into.named ??= new Map()).set(keyword, word);
        else if (found.length < MAX_MADE) {
          found.push(word);
          (into.lists ??= []).push(value.list);
        }
        if (value.path !== undefined && /^\w+$/.test(value.path)) names.push(value.path);
        for (const { name } of value.pattern) names.push(name);
        for (const [key, one] of value.named ?? NONE) (into.named ??= new Map()).set(key, one);
        into.takeParts(value);
      }
    });
    return found;
  }

  /** An object or dictionary, and the pattern of one. */
  #object(own: Value): void {
    const pattern: { name: string; way: string }[] = [];
    const named = new Map<string, ShellWord>();
    for (let token = this.peek(); token !== undefined; token = this.peek()) {
      const mark = this.mark();
      if (mark === '}') {
        this.move();
        break;
      }
      if (token.kind === 'break' || /^[,;:)\]*]$|^\.\.\.$|^\*\*$/.test(mark)) {
        this.move();
        continue;
      }
      const before = this.place;
      const key = this.expression({ one: true });
      const name = token.kind === 'string' ? key.value : token.text;
      if (this.mark() === ':') {
        this.move();
        this.skipBreaks();
        const value = this.expression({ one: true });
        named.set(name, value.word(this.text, this.end()));
        if (value.path !== undefined && /^\w+$/.test(value.path))
          pattern.push({ name: value.path, way: name });
        for (const one of value.pattern) pattern.push({ name: one.name, way: `${name}.${one.way}` });
        own.takeParts(value);
      } else {
        if (token.kind === 'name') pattern.push({ name, way: name });
        own.takeParts(key);
      }
      if (this.place === before) this.move();
    }
    own.pattern = pattern.slice(0, MAX_MADE);
    own.named = named;
  }

  #string(own: Value, { parts = NONE }: Token): void {
    for (const part of parts) {
      if (typeof part === 'string') own.value += part;
      else
        this.deeper(() =>
          this.within(part.tokens, () => {
            const inner = this.expression();
            own.value += inner.value.startsWith('$') ? inner.value : `$${inner.value.replace(/\W.*$/s, '')}`;
            own.takeParts(inner);
          }),
        );
    }
  }

  /** Members, indexes and calls behind an operand. */
  #suffixes(own: Value): void {
    for (let token = this.peek(); token !== undefined; token = this.peek()) {
      const mark = this.mark();
      if ((mark === '.' || mark === '?.') && this.word(1) !== '') {
        const member = this.word(1);
        this.move(2);
        if (own.path === undefined) own.path = '';
        own.path = `${own.path}.${member}`.slice(-MAX_PATH);
      } else if (mark === '?.' && /^[([]$/.test(this.mark(1))) this.move();
      else if (mark === '[') {
        this.move();
        const index = new Value(this.begin());
        const [key] = this.#list(']', index);
        const known =
          key !== undefined &&
          index.variables.length + index.made.length === 0 &&
          /^[\w-]{1,100}$/.test(key.value);
        if (own.path !== undefined) own.path = `${own.path}.${known ? key.value : '*'}`.slice(-MAX_PATH);
      } else if (mark === '(') this.#call(own);
      else if (token.kind === 'string' && token.text === '`' && own.path !== undefined) {
        this.move();
        own.path = undefined;
        this.#string(own, token);
      } else return;
    }
  }

  #call(own: Value): void {
    const path = own.path ?? '';
    const chain = /^(.*)\.(\w+)$/s.exec(path);
    const receiver = new Value(own.start);
    receiver.take(own);
    if (chain !== null && !path.includes('()') && chain[1] !== '') this.resolve(receiver, chain[1] ?? '');
    const on = receiver.word(this.text, this.end());
    this.move();
    const around = this.#around;
    this.#around = chain === null ? undefined : on;
    const given = new Value(this.begin());
    const words = this.#list(')', given);
    this.#around = around;
    const text = this.text.original.slice(own.start, this.end());
    const meaning = this.vocabulary.meaningOf({
      path,
      text,
      words,
      lists: given.lists ?? NONE,
      named: given.named ?? new Map(),
      ...(chain !== null && { receiver: on }),
      patternOf: ({ value }) => (value.startsWith('/') ? value : (this.patterns.get(value.slice(1)) ?? '')),
    });
    const command = this.emitted(path, text, words, given, meaning);
    const event = this.eventIn(path, words, given);
    if (event !== undefined) {
      own.clear();
      own.value = '';
      own.path = event;
      return;
    }
    if (/^\w+$/.test(path)) this.calls.push({ name: path, words });
    if (chain !== null && CHANGES.test(path) && /^\w+$/.test(chain[1] ?? ''))
      for (const word of words) this.set(chain[1] ?? '', word, text);
    this.#becomes(own, path, receiver, command, meaning, words[0]);
  }

  /** What the value of a call is made of. */
  #becomes(
    own: Value,
    path: string,
    receiver: Value,
    command: ShellCommand,
    { plain, gives }: Meaning,
    first: ShellWord | undefined,
  ): void {
    const isModule =
      (path === 'require' || path === 'import') && first !== undefined && first.variables.length === 0;
    own.clear();
    own.path = isModule ? this.vocabulary.moduleOf(first.value) : `${path}()`.slice(-MAX_PATH);
    if (isModule || plain === true) {
      own.value = '';
      return;
    }
    if (gives !== undefined) {
      own.variables.push(...gives);
      own.value = `$${gives.at(-1) ?? ''}`;
      return;
    }
    own.value = receiver.value;
    own.takeParts(receiver);
    if (/^\w+$/.test(path)) own.variables.push(`${this.prefix}${path}()`);
    own.made.push(command);
  }
}
