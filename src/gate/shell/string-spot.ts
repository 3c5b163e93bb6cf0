/** How an expression stands in a script of another language than Bash. */
export interface StringSpot {
  /** The quote of the string that it is in; `bare`: in none. */
  readonly quote: 'bare' | "'" | '"' | '`' | '@"';
  /** The string holds nothing else. */
  readonly whole: boolean;
  /** The string with its quotes, or the expression. */
  readonly start: number;
  readonly end: number;
}

export type StringLanguage = 'powershell' | 'javascript' | 'python';

const MAX_SCRIPT = 200_000;
/** After these a slash begins a regular expression of JavaScript. */
const BEFORE_REGEX = /[(,=:[!&|?{};+\-*%~^<>\n]/;

/** Where an expression from `start` to `end` stands; undefined in a comment, in a string of a kind that takes no variable, and where it cannot be said. */
export function stringSpot(
  text: string,
  start: number,
  end: number,
  language: StringLanguage,
): StringSpot | undefined {
  if (text.length > MAX_SCRIPT) return undefined;
  let before = '\n';
  for (let at = 0; at < start; ) {
    const stop = skipped(text, at, language, before);
    if (stop === undefined) return undefined;
    if (stop.to > start)
      return stop.quote === undefined
        ? undefined
        : inString(start, end, { from: at, to: stop.to, quote: stop.quote });
    const character = text.slice(stop.to - 1, stop.to);
    if (character.trim() !== '' || character === '\n') before = character;
    at = stop.to;
  }
  return { quote: 'bare', whole: true, start, end };
}

function inString(
  start: number,
  end: number,
  { from, to, quote }: { readonly from: number; readonly to: number; readonly quote: string },
): StringSpot | undefined {
  if (end > to) return undefined;
  const length = quote.length;
  const whole = from + length === start && to - length === end;
  return quote === "'" || quote === '"' || quote === '`' || quote === '@"'
    ? { quote, whole, start: from, end: to }
    : undefined;
}

/** Behind what begins at `at`: a string, a comment, an expression, or one character. */
function skipped(
  text: string,
  at: number,
  language: StringLanguage,
  before: string,
): { readonly to: number; readonly quote?: string } | undefined {
  if (text.startsWith('${{', at)) return { to: closed(text, at, '}}') };
  const two = text.slice(at, at + 2);
  const one = text.slice(at, at + 1);
  if (language === 'javascript') {
    if (two === '//') return { to: closed(text, at, '\n') };
    if (two === '/*') return { to: closed(text, at, '*/') };
    if (one === '/' && BEFORE_REGEX.test(before)) return { to: endOfString(text, at, '/', '\\') };
    if (one === '`') {
      const to = endOfString(text, at, '`', '\\');
      // Code within the string may hold strings of its own.
      return /\$\{(?!\{)/.test(text.slice(at, to)) ? undefined : { to, quote: one };
    }
  } else if (language === 'python') {
    if (one === '#') return { to: closed(text, at, '\n') };
    const three = text.slice(at, at + 3);
    if (three === '"""' || three === "'''") return { to: closed(text, at + 3, three) };
    if ((one === '"' || one === "'") && /[A-Za-z]/.test(text.slice(at - 1, at)) && at > 0)
      return { to: endOfString(text, at, one, '\\') };
  } else {
    if (two === '<#') return { to: closed(text, at, '#>') };
    if (one === '#' && /[\s;(){}]/.test(at === 0 ? '\n' : text.slice(at - 1, at)))
      return { to: closed(text, at, '\n') };
    if (two === "@'") return { to: closed(text, at, "\n'@") };
    if (two === '@"') return { to: closed(text, at, '\n"@'), quote: '@"' };
    if (one === '`') return { to: at + 2 };
    if (one === '"') {
      const to = endOfString(text, at, '"', '`');
      return text.slice(at, to).includes('$(') ? undefined : { to, quote: '"' };
    }
    if (one === "'") return { to: endOfString(text, at, "'", '') };
    return { to: at + 1 };
  }
  if (one === '"' || one === "'") return { to: endOfString(text, at, one, '\\'), quote: one };
  return { to: at + 1 };
}

function closed(text: string, at: number, by: string): number {
  const end = text.indexOf(by, at + 1);
  return end === -1 ? text.length : end + by.length;
}

function endOfString(text: string, at: number, quote: string, escape: string): number {
  for (let to = at + 1; to < text.length; to += 1) {
    if (text.startsWith('${{', to)) to = closed(text, to, '}}') - 1;
    else if (escape !== '' && text[to] === escape) to += 1;
    else if (text[to] === quote) return to + 1;
  }
  return text.length;
}
