import { ExpressionFailure, MAX_SOURCE } from './failure.ts';
import { parseNumber } from './values.ts';

export type Token =
  | { readonly kind: 'symbol'; readonly text: string; readonly position: number }
  | ({ readonly kind: 'literal'; readonly value: null | boolean | number | string } & Located)
  | ({ readonly kind: 'property' | 'function' | 'name' } & Located);

interface Located {
  readonly text: string;
  readonly position: number;
}

const BOUNDARY = /[()[\],.!<>=&|\s]/;
const KEYWORD = /^[A-Za-z_][A-Za-z0-9_-]*$/;
/** After these (or at the start) a dot begins a number; after anything else it dereferences. */
const BEFORE_NUMBER = new Set(['(', '[', ',', '!', '&&', '||', '==', '!=', '<', '<=', '>', '>=']);
const CONSTANTS: ReadonlyMap<string, null | boolean | number> = new Map<string, null | boolean | number>([
  ['null', null],
  ['true', true],
  ['false', false],
  ['NaN', Number.NaN],
  ['Infinity', Number.POSITIVE_INFINITY],
]);

/**
 * Cuts an expression into tokens, by the rules of GitHub's lexer (actions/runner, `LexicalAnalyzer`): what a dot, a sign
 * or a word means depends on the token before it. Throws `ExpressionFailure`. Time is linear in the source.
 */
export function tokenize(source: string): readonly Token[] {
  if (source.length > MAX_SOURCE) {
    throw new ExpressionFailure(`Exceeded max expression length ${String(MAX_SOURCE)}`);
  }
  const tokens: Token[] = [];
  let index = 0;
  while (index < source.length) {
    const character = source.charAt(index);
    if (/\s/.test(character)) {
      index += 1;
      continue;
    }
    const token = tokenAt(source, index, tokens.at(-1));
    tokens.push(token);
    index += token.text.length;
  }
  return tokens;
}

function tokenAt(source: string, start: number, before: Token | undefined): Token {
  const character = source.charAt(start);
  const position = start + 1;
  if ('()[],*'.includes(character)) return { kind: 'symbol', text: character, position };
  if (character === "'") return stringAt(source, start);
  if ('!<>=&|'.includes(character)) return operatorAt(source, start);
  if (character === '.') {
    const begins = before === undefined || (before.kind === 'symbol' && BEFORE_NUMBER.has(before.text));
    return begins ? numberAt(source, start) : { kind: 'symbol', text: '.', position };
  }
  if (/[-+0-9]/.test(character)) return numberAt(source, start);
  return wordAt(source, start, before);
}

function stringAt(source: string, start: number): Token {
  let value = '';
  let index = start + 1;
  for (;;) {
    const end = source.indexOf("'", index);
    if (end < 0) throw unexpected(source.slice(start), start + 1, source);
    value += source.slice(index, end);
    index = end + 1;
    if (source.charAt(index) !== "'") break;
    value += "'";
    index += 1;
  }
  return { kind: 'literal', value, text: source.slice(start, index), position: start + 1 };
}

function operatorAt(source: string, start: number): Token {
  const two = source.slice(start, start + 2);
  if (['!=', '<=', '>=', '==', '&&', '||'].includes(two)) {
    return { kind: 'symbol', text: two, position: start + 1 };
  }
  const one = source.charAt(start);
  if ('!<>'.includes(one)) return { kind: 'symbol', text: one, position: start + 1 };
  throw unexpected(rawAt(source, start, false), start + 1, source);
}

function numberAt(source: string, start: number): Token {
  const text = rawAt(source, start, true);
  const value = parseNumber(text);
  if (Number.isNaN(value)) throw unexpected(text, start + 1, source);
  return { kind: 'literal', value, text, position: start + 1 };
}

function wordAt(source: string, start: number, before: Token | undefined): Token {
  const text = rawAt(source, start, false);
  const position = start + 1;
  if (!KEYWORD.test(text)) throw unexpected(text, position, source);
  if (before?.kind === 'symbol' && before.text === '.') return { kind: 'property', text, position };
  const constant = CONSTANTS.get(text);
  if (constant !== undefined) return { kind: 'literal', value: constant, text, position };
  let after = start + text.length;
  while (/\s/.test(source.charAt(after))) after += 1;
  return { kind: source.charAt(after) === '(' ? 'function' : 'name', text, position };
}

function rawAt(source: string, start: number, dots: boolean): string {
  let end = start + 1;
  while (end < source.length) {
    const character = source.charAt(end);
    if (BOUNDARY.test(character) && !(dots && character === '.')) break;
    end += 1;
  }
  return source.slice(start, end);
}

export function unexpected(text: string, position: number, source: string): ExpressionFailure {
  return new ExpressionFailure(
    `Unexpected symbol: '${text}'. Located at position ${String(position)} within expression: ${source}`,
  );
}
