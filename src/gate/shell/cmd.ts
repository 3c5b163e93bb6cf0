import type { ShellCommand, ShellWord } from './script.ts';
import { type MaskedText, WordParts } from './word.ts';

/** `%NAME%`, `%NAME:a=b%`, `!NAME!`. A variable of a loop (`%%i`) and an argument (`%1`) are none. */
const EXPANSION = /([%!])([A-Za-z_][\w.()#$-]{0,100})(?::[^%!\n]{0,200})?\1/g;

/**
 * The commands of a script of cmd. What `%NAME%` holds is put in before the line is read, quotes or not: whatever it holds is code of the
 * line. What `!NAME!` holds is put in afterwards, and is not. Line by line, as cmd does; never fails.
 */
export function cmdCommands(text: MaskedText, prefix = ''): readonly ShellCommand[] {
  const found: ShellCommand[] = [];
  for (let at = 0; at < text.masked.length; ) {
    const end = lineEnd(text.masked, at);
    if (!/^[\s@]*(?:rem\b|::)/i.test(text.masked.slice(at, at + 40)))
      lineCommands(text, prefix, at, end, found);
    at = end + 1;
  }
  return found;
}

/** Behind the line that begins at `at`, with those that a caret joins to it. */
function lineEnd(masked: string, at: number): number {
  for (let from = at; ; ) {
    const end = masked.indexOf('\n', from);
    if (end === -1) return masked.length;
    const before = masked.charAt(end - 1) === '\r' ? end - 2 : end - 1;
    if (masked.charAt(before) !== '^') return end;
    from = end + 1;
  }
}

function lineCommands(
  text: MaskedText,
  prefix: string,
  from: number,
  to: number,
  found: ShellCommand[],
): void {
  let words: ShellWord[] = [];
  let writesTo: ShellWord[] = [];
  let begin = from;
  let piped: ShellCommand | undefined;
  let before: ShellCommand | undefined;
  const finish = (end: number): void => {
    before = commandOf(text, begin, end, words, writesTo, piped);
    if (before !== undefined) found.push(before);
    piped = undefined;
    words = [];
    writesTo = [];
  };
  for (let at = from; at < to; ) {
    const next = text.masked.charAt(at);
    if (/[\s,;=]/.test(next) || (next === '@' && words.length === 0)) {
      at += 1;
      if (words.length === 0) begin = at;
    } else if (/[&|()]/.test(next)) {
      finish(at);
      if (next === '|' && text.masked.charAt(at + 1) !== '|') piped = before;
      at += 1;
      begin = at;
    } else {
      const redirect = redirectAt(text.masked, at, to);
      if (redirect === undefined) {
        const word = wordAt(text, prefix, at, to);
        words.push(word.word);
        at = word.end;
      } else {
        const target = wordAt(text, prefix, redirect.target, to);
        if (redirect.isOutput) writesTo.push(target.word);
        at = Math.max(at + 1, target.end);
      }
    }
  }
  finish(to);
}

function redirectAt(
  masked: string,
  at: number,
  to: number,
): { readonly target: number; readonly isOutput: boolean } | undefined {
  const operator = /^[0-9]?(?:>>?|<)(?:&[0-9])?/.exec(masked.slice(at, Math.min(to, at + 6)))?.[0];
  if (operator === undefined) return undefined;
  let target = at + operator.length;
  if (operator.includes('&')) return { target, isOutput: false };
  while (target < to && /[ \t]/.test(masked.charAt(target))) target += 1;
  return { target, isOutput: /^1?>/.test(operator) };
}

function wordAt(
  text: MaskedText,
  prefix: string,
  from: number,
  to: number,
): { readonly word: ShellWord; readonly end: number } {
  const parts = new WordParts(from);
  let quoted = false;
  let at = from;
  for (; at < to; at += 1) {
    const next = text.masked.charAt(at);
    if (next === '"') quoted = !quoted;
    else if (!quoted && next === '^') {
      at += 1;
      parts.value += text.masked.charAt(at).trim();
    } else if (!quoted && /[\s&|()<>,;]/.test(next)) break;
    else parts.value += next;
  }
  const end = Math.min(at, to);
  for (const [, , name = ''] of text.masked.slice(from, end).matchAll(EXPANSION))
    parts.variables.push(prefix + name.toUpperCase());
  return { word: parts.word(text, end), end };
}

function commandOf(
  text: MaskedText,
  begin: number,
  end: number,
  all: readonly ShellWord[],
  writesTo: readonly ShellWord[],
  piped: ShellCommand | undefined,
): ShellCommand | undefined {
  const leading = all.findIndex(({ value }) => !/^(?:call|do|else|@)$/i.test(value));
  const called = leading === -1 ? all : all.slice(leading);
  const [first, ...rest] = called;
  if (first === undefined && writesTo.length === 0) return undefined;
  const name = (first?.value ?? '')
    .toLowerCase()
    .replaceAll('\\', '/')
    .replace(/\.(?:exe|cmd|bat)$/, '');
  const set = name === 'set' ? assignment(rest) : undefined;
  return {
    text: text.original.slice(begin, end).trim(),
    name: name === 'type' ? 'cat' : name,
    words: set === undefined ? rest : [],
    assigned: set === undefined ? [] : [set],
    writesTo,
    readsFrom: [],
    fed: [],
    // Quotes keep nothing out.
    code: [...called, ...writesTo].filter(({ text: word }) => /%[A-Za-z_]/.test(word)),
    ...(piped !== undefined && { pipedFrom: piped }),
  };
}

/** `set NAME=value`, also as one word in quotes; with `/p` and `/a` nothing is told. */
function assignment(words: readonly ShellWord[]): ShellCommand['assigned'][number] | undefined {
  const [first, ...more] = words;
  if (first === undefined || first.value.startsWith('/')) return undefined;
  const at = first.value.indexOf('=');
  const name = (at === -1 ? first.value : first.value.slice(0, at)).toUpperCase();
  return {
    name,
    value: {
      text: first.text,
      value: at === -1 ? '' : first.value.slice(at + 1),
      variables: [first, ...more].flatMap(({ variables }) => variables),
      expressions: [first, ...more].flatMap(({ expressions }) => expressions),
      made: [],
    },
  };
}
