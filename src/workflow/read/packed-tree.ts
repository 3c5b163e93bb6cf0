import { toText } from '../expressions/values.ts';
import { knownKey } from './quick/known-keys.ts';
import type { Entry, Tree } from './yaml-tree.ts';

/** A tree in few characters of JSON: kind, line, column (0: none), and what it holds; of a mapping key, line, column, value in turn. */
export type Packed = readonly [kind: 0 | 1 | 2, line: number, column: number, value: unknown];

/** As deep as `readYaml` gives trees, and some more. */
const MAX_DEPTH = 70;

/** A tree to be kept; undefined for one with a number that JSON does not have. */
export function packedTree(tree: Tree): Packed | undefined {
  const { line = 0, column = 0 } = tree.at;
  if (tree.kind === 'scalar') {
    const { value } = tree;
    if (typeof value === 'number' && (!Number.isFinite(value) || Object.is(value, -0))) return undefined;
    return [0, line, column, value];
  }
  const held: unknown[] = [];
  if (tree.kind === 'sequence') {
    for (const item of tree.items) {
      const packed = packedTree(item);
      if (packed === undefined) return undefined;
      held.push(packed);
    }
    return [1, line, column, held];
  }
  for (const { key, keyAt, value } of tree.entries) {
    const packed = packedTree(value);
    if (packed === undefined) return undefined;
    held.push(key, keyAt.line ?? 0, keyAt.column ?? 0, packed);
  }
  return [2, line, column, held];
}

/** The tree that was packed, as of this file; undefined for what no tree was packed to. */
export function unpackedTree(file: string, packed: unknown, depth = 0): Tree | undefined {
  if (!Array.isArray(packed) || packed.length !== 4 || depth > MAX_DEPTH) return undefined;
  const [kind, line, column, held] = packed as readonly unknown[];
  const at = placeOf(file, line, column);
  if (at === undefined) return undefined;
  if (kind === 0) {
    if (held !== null && typeof held !== 'string' && typeof held !== 'number' && typeof held !== 'boolean')
      return undefined;
    return { kind: 'scalar', value: held, text: toText(held), at };
  }
  if (!Array.isArray(held)) return undefined;
  const values = held as readonly unknown[];
  if (kind === 1) {
    // Copied at the end, to its own size: a list that grew has room for many more than most nodes hold.
    const items: Tree[] = [];
    for (const one of values) {
      const item = unpackedTree(file, one, depth + 1);
      if (item === undefined) return undefined;
      items.push(item);
    }
    return { kind: 'sequence', items: items.slice(), at };
  }
  if (kind !== 2 || values.length % 4 !== 0) return undefined;
  const entries: Entry[] = [];
  for (let index = 0; index < values.length; index += 4) {
    const key = values[index];
    const keyAt = placeOf(file, values[index + 1], values[index + 2]);
    const value = unpackedTree(file, values[index + 3], depth + 1);
    if (typeof key !== 'string' || keyAt === undefined || value === undefined) return undefined;
    entries.push({ key: knownKey(key), keyAt, value });
  }
  return { kind: 'mapping', entries: entries.slice(), at };
}

function placeOf(file: string, line: unknown, column: unknown): Tree['at'] | undefined {
  if (typeof line !== 'number' || typeof column !== 'number') return undefined;
  return line === 0 ? { file } : { file, line, column };
}
