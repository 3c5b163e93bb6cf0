/** What is known of a value before a run. An object without `rest` has the properties that are known, and no other. */
export type Type =
  | { readonly kind: 'any' | 'null' | 'bool' | 'number' | 'string' }
  /** `filtered`: made by `*`; a property of it is that of each member. */
  | { readonly kind: 'array'; readonly of: Type; readonly filtered?: true }
  | {
      readonly kind: 'object';
      readonly known: ReadonlyMap<string, Type>;
      readonly rest?: Type;
      /** Others than the known may be there, and yet what is nearly one of these is a mistake. */
      readonly guessed?: true;
    };

export const ANY: Type = { kind: 'any' };
export const NULL: Type = { kind: 'null' };
export const BOOL: Type = { kind: 'bool' };
export const NUMBER: Type = { kind: 'number' };
export const STRING: Type = { kind: 'string' };

/** Names of properties are compared whatever their case. */
export function object(known: Readonly<Record<string, Type>>, rest?: Type): Type {
  return objectFrom(Object.entries(known), rest);
}

export function objectFrom(known: Iterable<readonly [string, Type]>, rest?: Type): Type {
  const entries = [...known].map(([name, type]): [string, Type] => [name.toLowerCase(), type]);
  return { kind: 'object', known: new Map(entries), ...(rest !== undefined && { rest }) };
}

/** Anything by name, each of one type. */
export function mapOf(rest: Type): Type {
  return { kind: 'object', known: new Map(), rest };
}

export function arrayOf(of: Type): Type {
  return { kind: 'array', of };
}

/** What holds of both; objects join their properties, as one of them may be there. */
export function union(a: Type, b: Type): Type {
  if (a === b) return a;
  if (a.kind === 'array' && b.kind === 'array') return arrayOf(union(a.of, b.of));
  if (a.kind === 'object' && b.kind === 'object') {
    const known = new Map(a.known);
    for (const [name, type] of b.known) {
      const before = known.get(name);
      known.set(name, before === undefined ? type : union(before, type));
    }
    const rest = a.rest ?? b.rest;
    return { kind: 'object', known, ...(rest !== undefined && { rest }) };
  }
  return a.kind === b.kind ? a : ANY;
}

export function unionOf(types: Iterable<Type>): Type {
  let all: Type | undefined;
  for (const type of types) all = all === undefined ? type : union(all, type);
  return all ?? ANY;
}

const WORDS = {
  any: 'any value',
  null: 'null',
  bool: 'a truth value',
  number: 'a number',
  string: 'text',
  array: 'a list',
  object: 'a mapping',
} as const;

export function said(type: Type): string {
  return WORDS[type.kind];
}

/** What a plain value is, as it is written in YAML or JSON. */
export function typeOfValue(value: unknown, depth = 0): Type {
  if (depth > 20) return ANY;
  if (value === null) return NULL;
  if (typeof value === 'boolean') return BOOL;
  if (typeof value === 'number') return NUMBER;
  if (typeof value === 'string') return STRING;
  if (Array.isArray(value))
    return arrayOf(unionOf(value.slice(0, 1_000).map((one) => typeOfValue(one, depth + 1))));
  if (typeof value !== 'object') return ANY;
  return objectFrom(Object.entries(value).map(([name, one]) => [name, typeOfValue(one, depth + 1)]));
}
