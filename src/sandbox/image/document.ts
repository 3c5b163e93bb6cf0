import { tooLarge, unusable } from './bounds.ts';

export type Fields = Readonly<Record<string, unknown>>;

const MOST_TEXT = 1_000;

/** An object, from a document's bytes or from a value in one. */
export function fields(from: unknown, name: string): Fields {
  const value = Buffer.isBuffer(from) ? parsed(from, name) : from;
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw unusable('document', `${name} is not an object`);
  return value as Fields;
}

function parsed(bytes: Buffer, name: string): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    throw unusable('document', `${name} is not JSON`);
  }
}

/** A list of objects. */
export function list(from: Fields, name: string, most: number): readonly Fields[] {
  const value = from[name];
  if (!Array.isArray(value)) throw unusable('document', `${name} is not a list`);
  if (value.length > most) throw tooLarge(`the length of ${name}`, most);
  return value.map((one) => fields(one, `an entry of ${name}`));
}

export function text(from: Fields, name: string): string {
  const value = from[name];
  if (typeof value !== 'string' || value.length > MOST_TEXT)
    throw unusable('document', `${name} is not a short text`);
  return value;
}

export function wholeNumber(from: Fields, name: string): number {
  const value = from[name];
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0)
    throw unusable('document', `${name} is not a whole number`);
  return value;
}
