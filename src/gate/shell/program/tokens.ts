export type ProgramLanguage = 'python' | 'javascript';

/** A part of a string that is code: what is put in there. */
export interface Inserted {
  readonly tokens: readonly Token[];
}

/** One word, string or mark of a program. `break` ends a statement. */
export interface Token {
  readonly kind: 'name' | 'number' | 'string' | 'regex' | 'mark' | 'break';
  readonly text: string;
  readonly start: number;
  readonly end: number;
  /** Of a string: its text, piece by piece, and what is put in between. */
  readonly parts?: readonly (string | Inserted)[];
}

/** Code within strings within code, and so on: what is deeper is text. */
const MAX_NESTED = 20;
const MAX_REGEX = 300;
const MARKS =
  /(?:>>>=|\*\*=|\/\/=|<<=|>>=|===|!==|&&=|\|\|=|\?\?=|\.\.\.|=>|==|!=|<=|>=|:=|&&|\|\||\?\?|\?\.(?!\d)|\+\+|--|\+=|-=|\*=|\/=|%=|@=|&=|\|=|\^=|\*\*|\/\/|<<|>>|->|[^\s\w])/y;
const NAME = /[A-Za-z_$\u00aa-\ud7ff][\w$\u00aa-\ud7ff]*|[\ue000-\uf8ff]+/y;
const NUMBER = /\d[\w.]*/y;
const KEYWORDS_BEFORE_REGEX = /^(?:return|typeof|case|in|of|await|void|delete|throw|else|do|yield)$/;
const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', '\n': '' };

/** The tokens of a program; `masked` has private characters in the place of expressions. Each character is read once, and nothing fails. */
export function tokensOf(masked: string, language: ProgramLanguage): readonly Token[] {
  return new Lexer(masked, language).tokens('');
}

class Lexer {
  readonly #text: string;
  readonly #language: ProgramLanguage;
  #at = 0;
  #nested = 0;

  constructor(text: string, language: ProgramLanguage) {
    this.#text = text;
    this.#language = language;
  }

  /** Up to the bracket that closes what is put into a string, or to the end. */
  tokens(close: '' | '}'): readonly Token[] {
    const found: Token[] = [];
    const open: string[] = [];
    while (this.#at < this.#text.length) {
      if (this.#blank(found, open)) continue;
      const next = this.#text.charAt(this.#at);
      if (close !== '' && open.length === 0 && next === close) break;
      const token = this.#token(found.at(-1));
      if (token.kind === 'mark') {
        if (/^[([{]$/.test(token.text)) open.push(token.text);
        else if (/^[)\]}]$/.test(token.text)) open.pop();
        // The format of a value is none of its code.
        else if (
          close !== '' &&
          this.#language === 'python' &&
          open.length === 0 &&
          /^[:!]$/.test(token.text)
        ) {
          this.#match(/[^}\n]*/y);
          continue;
        }
      }
      found.push(token);
    }
    return found;
  }

  #match(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0] ?? '';
    this.#at += found.length;
    return found;
  }

  /** Blanks, comments and line breaks; of these, those that end a statement are told. */
  #blank(found: Token[], open: readonly string[]): boolean {
    const start = this.#at;
    if (this.#match(/[ \t\r\f\u00a0]+|\\\r?\n/y) !== '') return true;
    if (this.#language === 'python' ? this.#match(/#[^\n]*/y) !== '' : this.#match(/\/\/[^\n]*/y) !== '')
      return true;
    if (this.#language === 'javascript' && this.#text.startsWith('/*', start)) {
      const end = this.#text.indexOf('*/', start + 2);
      this.#at = end === -1 ? this.#text.length : end + 2;
      return true;
    }
    if (this.#text.charAt(start) !== '\n') return false;
    this.#at += 1;
    if (this.#ends(found.at(-1), open.at(-1)))
      found.push({ kind: 'break', text: '\n', start, end: start + 1 });
    return true;
  }

  #ends(before: Token | undefined, around: string | undefined): boolean {
    if (before === undefined || before.kind === 'break') return false;
    if (this.#language === 'python') return around === undefined;
    if (around !== undefined && around !== '{') return false;
    if (before.kind === 'mark' && !/^(?:[)\]}]|\+\+|--)$/.test(before.text)) return false;
    const ahead = /\s{0,200}(\S\S?)/y;
    ahead.lastIndex = this.#at;
    return !/^(?:[.?:+*%&|=,)\]<>]|-[^-]|\/[^/*])/.test(ahead.exec(this.#text)?.[1] ?? '');
  }

  #token(before: Token | undefined): Token {
    const start = this.#at;
    const next = this.#text.charAt(start);
    if (next === '"' || next === "'" || (next === '`' && this.#language === 'javascript'))
      return this.#string(start, '', next === '`');
    const name = this.#match(NAME);
    if (name !== '') {
      const quote = this.#text.charAt(this.#at);
      if (this.#language === 'python' && (quote === '"' || quote === "'") && /^[rbfut]{1,2}$/i.test(name))
        return this.#string(start, name.toLowerCase(), /f|t/i.test(name));
      return { kind: 'name', text: name, start, end: this.#at };
    }
    const number = this.#match(NUMBER);
    if (number !== '') return { kind: 'number', text: number, start, end: this.#at };
    if (next === '/' && this.#language === 'javascript' && mayBeRegex(before)) {
      const regex = this.#regex();
      if (regex !== undefined) return regex;
    }
    const mark = this.#match(MARKS) || next;
    this.#at = start + mark.length;
    return { kind: 'mark', text: mark, start, end: this.#at };
  }

  #regex(): Token | undefined {
    const start = this.#at;
    let inClass = false;
    for (let at = start + 1; at < this.#text.length && at - start < MAX_REGEX; at += 1) {
      const next = this.#text.charAt(at);
      if (next === '\n') return undefined;
      if (next === '\\') at += 1;
      else if (next === '[') inClass = true;
      else if (next === ']') inClass = false;
      else if (next === '/' && !inClass) {
        this.#at = at + 1;
        this.#match(/[a-z]*/y);
        return { kind: 'regex', text: this.#text.slice(start, this.#at), start, end: this.#at };
      }
    }
    return undefined;
  }

  #string(start: number, prefix: string, takesCode: boolean): Token {
    const one = this.#text.charAt(this.#at);
    const three = this.#language === 'python' && this.#text.startsWith(one.repeat(3), this.#at);
    const quote = three ? one.repeat(3) : one;
    const overLines = three || one === '`';
    const parts: (string | Inserted)[] = [];
    let plain = '';
    this.#at += quote.length;
    while (this.#at < this.#text.length) {
      const next = this.#text.charAt(this.#at);
      if (this.#text.startsWith(quote, this.#at)) {
        this.#at += quote.length;
        break;
      }
      // A string that nothing closes ends with its line.
      if (next === '\n' && !overLines) break;
      if (next === '\\' && !prefix.includes('r')) {
        const escaped = this.#text.charAt(this.#at + 1);
        plain += ESCAPES[escaped] ?? escaped;
        this.#at += 2;
        continue;
      }
      const opens = !takesCode
        ? 0
        : one === '`'
          ? this.#text.startsWith('${', this.#at)
            ? 2
            : 0
          : next === '{'
            ? 1
            : 0;
      if (opens === 1 && this.#text.charAt(this.#at + 1) === '{') {
        plain += '{';
        this.#at += 2;
      } else if (opens > 0 && this.#nested < MAX_NESTED) {
        parts.push(plain);
        plain = '';
        this.#at += opens;
        this.#nested += 1;
        parts.push({ tokens: this.tokens('}') });
        this.#nested -= 1;
        this.#at += 1;
      } else {
        const piece = this.#match(/[^"'`\\\n{$]+/y) || next;
        if (piece === next && !/[^"'`\\\n{$]/.test(next)) this.#at += 1;
        plain += piece;
      }
    }
    this.#at = Math.min(this.#at, this.#text.length);
    parts.push(plain);
    return { kind: 'string', text: quote, start, end: this.#at, parts };
  }
}

function mayBeRegex(before: Token | undefined): boolean {
  if (before === undefined || before.kind === 'break') return true;
  if (before.kind === 'name') return KEYWORDS_BEFORE_REGEX.test(before.text);
  return before.kind === 'mark' && !/^[)\]}]$/.test(before.text);
}
