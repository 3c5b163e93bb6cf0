/** Where a value stands in a document: keys and positions from its root. */
export type YamlPath = readonly (string | number)[];

export type PlainValue =
  | string
  | number
  | boolean
  | null
  | readonly PlainValue[]
  | { readonly [key: string]: PlainValue };

/** A stretch of a text, in its own characters, that becomes another. */
export interface Piece {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** What a change means, apart from how it is written. */
export type Operation =
  /** The value is there afterwards: in the place of another, or as a new key, behind the first of `after` that there is. */
  | {
      readonly kind: 'set';
      readonly path: YamlPath;
      readonly value: PlainValue;
      readonly after?: readonly string[];
    }
  /** The key is gone, and with it each mapping around it that would be empty. */
  | { readonly kind: 'remove'; readonly path: YamlPath }
  /** Parts of a text are other text; offsets are those of the value. */
  | { readonly kind: 'rewrite'; readonly path: YamlPath; readonly pieces: readonly Piece[] }
  /** A comment behind a text, where its line has room for one, or in the place of words of the one there. It changes no value. */
  | { readonly kind: 'comment'; readonly path: YamlPath; readonly text: string; readonly replaces?: string };

/** The value that a document has after an operation; undefined when the operation cannot be done on it. */
export function resultOf(value: PlainValue, operation: Operation): PlainValue | undefined {
  switch (operation.kind) {
    case 'comment':
      return valueAt(value, operation.path) === undefined ? undefined : value;
    case 'set':
      return replaced(value, operation.path, operation.value);
    case 'remove': {
      const path = lastingPath(value, operation.path);
      return path === undefined ? undefined : replaced(value, path, undefined);
    }
    case 'rewrite': {
      const old = valueAt(value, operation.path);
      return typeof old === 'string'
        ? replaced(value, operation.path, pieced(old, operation.pieces))
        : undefined;
    }
  }
}

/** A text with its pieces replaced; they must be in order and apart. */
export function pieced(text: string, pieces: readonly Piece[]): string {
  let from = 0;
  const parts: string[] = [];
  for (const { start, end, text: put } of pieces) {
    parts.push(text.slice(from, start), put);
    from = end;
  }
  return parts.join('') + text.slice(from);
}

export function valueAt(value: PlainValue, path: YamlPath): PlainValue | undefined {
  let at: PlainValue | undefined = value;
  for (const key of path) {
    if (at === null || typeof at !== 'object') return undefined;
    at = isList(at) ? (typeof key === 'number' ? at[key] : undefined) : own(at, key);
  }
  return at;
}

/** The path of what a removal takes out: the outermost mapping that would be empty, or the key itself. */
export function lastingPath(value: PlainValue, path: YamlPath): YamlPath | undefined {
  if (valueAt(value, path) === undefined) return undefined;
  let out = path;
  while (out.length > 1 && typeof out.at(-2) === 'string') {
    const around = valueAt(value, out.slice(0, -1));
    if (around === null || typeof around !== 'object' || Object.keys(around).length !== 1) break;
    out = out.slice(0, -1);
  }
  return typeof out.at(-1) === 'string' ? out : undefined;
}

function replaced(
  value: PlainValue,
  [key, ...rest]: YamlPath,
  put: PlainValue | undefined,
): PlainValue | undefined {
  if (key === undefined) return put;
  if (isList(value)) {
    const old = typeof key === 'number' ? value[key] : undefined;
    const inner = old === undefined ? undefined : replaced(old, rest, put);
    return inner === undefined ? undefined : value.map((item, index) => (index === key ? inner : item));
  }
  if (value !== null && typeof value !== 'object') return undefined;
  const mapping = value ?? {};
  const name = String(key);
  if (rest.length === 0 && put === undefined)
    return Object.fromEntries(Object.entries(mapping).filter(([one]) => one !== name));
  const inner = rest.length === 0 ? put : replaced(own(mapping, name) ?? null, rest, put);
  return inner === undefined
    ? undefined
    : Object.fromEntries([...Object.entries(mapping).filter(([one]) => one !== name), [name, inner]]);
}

function own(mapping: { readonly [key: string]: PlainValue }, key: string | number): PlainValue | undefined {
  return Object.hasOwn(mapping, String(key)) ? mapping[String(key)] : undefined;
}

function isList(value: PlainValue): value is readonly PlainValue[] {
  return Array.isArray(value);
}

/** Whether two documents say the same; the order of keys says nothing. */
export function sameValue(a: PlainValue, b: PlainValue): boolean {
  if (a === b) return true;
  if (a === null || b === null || typeof a !== 'object' || typeof b !== 'object') return false;
  if (isList(a) || isList(b))
    return (
      isList(a) &&
      isList(b) &&
      a.length === b.length &&
      a.every((item, index) => sameValue(item, b[index] ?? null))
    );
  const keys = Object.keys(a);
  return (
    keys.length === Object.keys(b).length &&
    keys.every((key) => Object.hasOwn(b, key) && sameValue(a[key] ?? null, b[key] ?? null))
  );
}
