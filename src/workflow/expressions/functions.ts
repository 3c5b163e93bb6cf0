import type { ContextValue } from '../model.ts';
import type { Budget } from './budget.ts';
import { ExpressionFailure } from './failure.ts';
import { fromJson, toJson } from './json.ts';
import type { Arity } from './parse.ts';
import { fold, isArray, isComposite, isEqual, toText } from './values.ts';

/** A function of the language: what it takes and what it gives. Arguments are evaluated unless it is lazy (`case`). */
export interface ExpressionFunction extends Arity {
  readonly call: (values: readonly ContextValue[], budget: Budget) => ContextValue;
}

const MANY = 255;

function text(value: ContextValue | undefined): string {
  return toText(value ?? null);
}

function contains(values: readonly ContextValue[], budget: Budget): boolean {
  const [search = null, item = null] = values;
  if (isArray(search)) {
    return search.some((member) => {
      budget.spend(4);
      for (const side of [member, item]) if (typeof side === 'string') budget.read(side);
      return isEqual(member, item);
    });
  }
  if (isComposite(search) || isComposite(item)) return false;
  return foldText(search, budget).includes(foldText(item, budget));
}

function foldText(value: ContextValue | undefined, budget: Budget): string {
  const from = text(value);
  budget.read(from);
  return fold(from);
}

function ends(values: readonly ContextValue[], budget: Budget, which: 'startsWith' | 'endsWith'): boolean {
  const [search = null, item = null] = values;
  if (isComposite(search) || isComposite(item)) return false;
  return foldText(search, budget)[which](foldText(item, budget));
}

function join(values: readonly ContextValue[], budget: Budget): string {
  const [items = null, separator = ','] = values;
  const between = isComposite(separator) ? ',' : toText(separator);
  if (!isArray(items)) return isComposite(items) ? '' : toText(items);
  const parts = items.map((item) => budget.textOf(item));
  budget.make(parts.reduce((sum, part) => sum + part.length + between.length, 0));
  return parts.join(between);
}

function format(values: readonly ContextValue[], budget: Budget): string {
  const pattern = text(values[0]);
  const parts: string[] = [];
  let index = 0;
  const invalid = (): ExpressionFailure =>
    new ExpressionFailure(`The following format string is invalid: ${pattern}`);
  const add = (part: string): void => {
    budget.make(part.length);
    parts.push(part);
  };
  while (index < pattern.length) {
    const brace = pattern.slice(index).search(/[{}]/);
    if (brace < 0) {
      add(pattern.slice(index));
      break;
    }
    budget.spend((pattern.length - index) / 1_024);
    add(pattern.slice(index, index + brace));
    index += brace;
    const character = pattern.charAt(index);
    if (pattern.charAt(index + 1) === character) {
      add(character);
      index += 2;
      continue;
    }
    const placeholder = /^\{(\d{1,3})\}/.exec(pattern.slice(index, index + 5));
    if (placeholder === null) throw invalid();
    const value = values[Number(placeholder[1]) + 1];
    if (value === undefined) {
      throw new ExpressionFailure(
        `The following format string references more arguments than were supplied: ${pattern}`,
      );
    }
    add(toText(value));
    index += placeholder[0].length;
  }
  return parts.join('');
}

/** The functions that exist everywhere, by their name in lower case. `case` is the evaluator's own: it is lazy. */
export const FUNCTIONS: ReadonlyMap<string, ExpressionFunction> = new Map<string, ExpressionFunction>([
  ['contains', { least: 2, most: 2, call: contains }],
  ['startswith', { least: 2, most: 2, call: (values, budget) => ends(values, budget, 'startsWith') }],
  ['endswith', { least: 2, most: 2, call: (values, budget) => ends(values, budget, 'endsWith') }],
  ['format', { least: 1, most: MANY, call: format }],
  ['join', { least: 1, most: 2, call: join }],
  ['tojson', { least: 1, most: 1, call: ([value = null], budget) => toJson(value, budget) }],
  ['fromjson', { least: 1, most: 1, call: ([value = null], budget) => fromJson(toText(value), budget) }],
]);

export const CASE: Arity = { least: 3, most: MANY, odd: true };
