import type { Expression } from '../../workflow/index.ts';

/** The names of a path, as far as they are written out. */
export function pathOf(part: Expression): readonly string[] {
  if (part.kind === 'name') return [part.name];
  if (part.kind !== 'index') return [];
  const before = pathOf(part.of);
  if (part.key === '*') return [...before, '*'];
  return part.key.kind === 'literal' ? [...before, String(part.key.value)] : before;
}

/** How a part may be written, longest first. */
export function written(part: Expression): readonly string[] {
  const path = pathOf(part);
  const root = path[0];
  if (root === undefined) return [];
  const dotted = path.join('.');
  const last = path.at(-1) ?? '';
  return [dotted, `${path.slice(0, -1).join('.')}['${last}']`, root];
}
