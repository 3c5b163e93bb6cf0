import type { Tree } from '../../workflow/index.ts';
import {
  ANY,
  arrayOf,
  BOOL,
  mapOf,
  NULL,
  NUMBER,
  object,
  objectFrom,
  STRING,
  type Type,
  union,
  unionOf,
} from './type.ts';

/** More than GitHub runs of a job; what is larger is not looked at. */
const MAX_ITEMS = 300;

/** What `matrix` holds in a job with this matrix, from its vectors and what `include` adds. */
export function matrixType(matrix: Tree | undefined): Type {
  if (matrix === undefined) return object({});
  // An expression makes a mapping, or nothing; what cannot be is told where it stands, and names nothing.
  if (matrix.kind !== 'mapping') return isMade(matrix) ? mapOf(ANY) : object({});
  const known = new Map<string, Type>();
  const add = (name: string, type: Type): void => {
    const before = known.get(name.toLowerCase());
    known.set(name.toLowerCase(), before === undefined ? type : union(before, type));
  };
  for (const { key, value } of matrix.entries) {
    if (key === 'exclude') continue;
    if (key !== 'include') {
      const items = value.kind === 'sequence' && value.items.length <= MAX_ITEMS ? value.items : undefined;
      add(key, items === undefined ? ANY : unionOf(items.map((item) => typeOfTree(item))));
      continue;
    }
    if (value.kind !== 'sequence' || value.items.length > MAX_ITEMS) {
      if (value.kind === 'sequence' || isMade(value)) return objectFrom(known, ANY);
      continue;
    }
    for (const item of value.items) {
      if (isMade(item)) return objectFrom(known, ANY);
      if (item.kind !== 'mapping') continue;
      for (const entry of item.entries) add(entry.key, typeOfTree(entry.value));
    }
  }
  return objectFrom(known);
}

function isMade(tree: Tree): boolean {
  return tree.kind === 'scalar' && tree.text.includes('${{');
}

/** What a YAML value is; an expression may make anything. */
export function typeOfTree(tree: Tree): Type {
  if (tree.kind === 'sequence')
    return tree.items.length > MAX_ITEMS
      ? arrayOf(ANY)
      : arrayOf(unionOf(tree.items.map((item) => typeOfTree(item))));
  if (tree.kind === 'mapping')
    return objectFrom(tree.entries.map(({ key, value }) => [key, typeOfTree(value)] as const));
  const { value } = tree;
  if (value === null) return NULL;
  if (typeof value === 'boolean') return BOOL;
  if (typeof value === 'number') return NUMBER;
  return value.includes('${{') ? ANY : STRING;
}
