import type { ContextValue } from '../model.ts';
import type { Budget } from './budget.ts';
import { ExpressionFailure } from './failure.ts';
import { isArray, isComposite, isObject } from './values.ts';

/** How deep a value may be that `fromJSON` reads or `toJSON` writes. */
const MAX_JSON_DEPTH = 100;

/** `toJSON`: two spaces of indent, empty arrays and objects on one line, numbers as GitHub writes them. */
export function toJson(value: ContextValue, budget: Budget): string {
  const parts: string[] = [];
  write(value, '', parts, budget);
  return parts.join('');
}

function write(value: ContextValue, indent: string, parts: string[], budget: Budget): void {
  if (indent.length > 2 * MAX_JSON_DEPTH) throw new ExpressionFailure('The value is too deep for toJSON');
  const add = (part: string): void => {
    budget.make(part.length);
    budget.spend(4);
    parts.push(part);
  };
  if (typeof value === 'number') return add(budget.textOf(value));
  if (!isComposite(value)) return add(JSON.stringify(value));
  const [open, close] = isArray(value) ? ['[', ']'] : ['{', '}'];
  const keys: readonly (string | number)[] = isArray(value) ? [...value.keys()] : Object.keys(value);
  if (keys.length === 0) return add(`${open}${close}`);
  const inner = `${indent}  `;
  keys.forEach((key, index) => {
    add(`${index === 0 ? open : ','}\n${inner}`);
    if (typeof key === 'string') add(`${JSON.stringify(key)}: `);
    write(memberOf(value, key), inner, parts, budget);
  });
  add(`\n${indent}${close}`);
}

function memberOf(value: ContextValue, key: string | number): ContextValue {
  if (isArray(value)) return value[Number(key)] ?? null;
  return isObject(value) && typeof key === 'string' ? (value[key] ?? null) : null;
}

/** `fromJSON`: strict JSON. Members called `__proto__` stay ordinary members. */
export function fromJson(text: string, budget: Budget): ContextValue {
  budget.make(text.length);
  budget.spend(text.length / 4);
  let value: ContextValue;
  try {
    value = JSON.parse(text) as ContextValue;
  } catch {
    throw new ExpressionFailure(
      text.trim() === '' ? 'fromJSON was given an empty string' : 'fromJSON was given text that is not JSON',
    );
  }
  if (deeperThan(value, MAX_JSON_DEPTH)) throw new ExpressionFailure('The value is too deep for fromJSON');
  return value;
}

function deeperThan(value: ContextValue, depth: number): boolean {
  if (!isComposite(value)) return false;
  if (depth === 0) return true;
  const members = isArray(value) ? value : Object.values(value);
  return members.some((member) => deeperThan(member, depth - 1));
}
