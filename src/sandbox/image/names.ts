import { type ImageBounds, tooLarge, unusable } from './bounds.ts';

/**
 * The names of an entry's path, from the root down; none for the root itself. Refused rather than mended: an absolute path,
 * `..`, a NUL, and what is longer than the bounds. (`./` in front and doubled slashes are how ordinary tools write.)
 */
export function namesOf(path: string, bounds: ImageBounds): readonly string[] {
  if (path.length > bounds.pathBytes) throw tooLarge('the length of a path', bounds.pathBytes);
  if (path === '' || path.startsWith('/') || path.includes('\0')) throw outside(path);
  const names = path.split('/').filter((name) => name !== '' && name !== '.');
  if (names.includes('..')) throw outside(path);
  if (names.some((name) => name.length > bounds.nameBytes))
    throw tooLarge('the length of a name', bounds.nameBytes);
  return names;
}

function outside(path: string) {
  return unusable(
    'path',
    `a layer has an entry at ${JSON.stringify(path.slice(0, 200))}, which is not below its root`,
  );
}
