import { closeSync, constants, openSync } from 'node:fs';
import { type Result, err, ok } from '../../base/index.ts';

/** Linux: a descriptor that only names a place (open(2)). Node does not export it; it is the same on x86-64 and arm64. */
const O_PATH = 0o10000000;

/** Opens a folder to stand on: nothing can be read through the descriptor, so no permission of the job's matters. */
export const STAND = O_PATH | constants.O_DIRECTORY | constants.O_NOFOLLOW;

/** Why a path cannot be opened: an errno name, or `EINVAL` for a path that is never allowed. */
export type BeneathFailure = string;

/** Relative names, each a byte string: `.`, `..`, the empty name, NUL and absolute paths are never allowed. */
export function pathNames(path: string | Uint8Array): Result<readonly Buffer[], BeneathFailure> {
  const bytes = typeof path === 'string' ? Buffer.from(path, 'utf8') : Buffer.from(path);
  if (bytes.length === 0 || bytes.length > 4_095 || bytes.includes(0)) return err('EINVAL');
  const names: Buffer[] = [];
  for (let from = 0; from <= bytes.length; ) {
    const slash = bytes.indexOf(0x2f, from);
    const end = slash < 0 ? bytes.length : slash;
    const name = bytes.subarray(from, end);
    const text = name.toString('latin1');
    if (text === '' || text === '.' || text === '..') return err('EINVAL');
    names.push(name);
    from = end + 1;
  }
  return ok(names);
}

/** The path by which a system call reaches `name` in an open folder; `name` must be one name (see `pathNames`). */
export function inFolder(folder: number, name: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from(`/proc/self/fd/${folder}/`), name]);
}

/**
 * Opens a path below a folder, one name at a time, each from the descriptor of the one before and never through a link:
 * what a job swaps while we walk is refused or harmless, as with openat2(2) and RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS,
 * which Node does not have. The caller closes the descriptor.
 *
 * `root` is a path of the control side or an open folder. Fails with `ELOOP` or `ENOTDIR` where a link was met.
 */
export function openBeneath(
  root: string | number,
  path: string | Uint8Array,
  flags: number,
  mode = 0o600,
): Result<number, BeneathFailure> {
  const names = pathNames(path);
  if (!names.ok) return names;
  const last = names.value.at(-1);
  if (last === undefined) return err('EINVAL');
  const folder = openFolder(root, names.value.slice(0, -1));
  if (!folder.ok) return folder;
  try {
    return ok(openSync(inFolder(folder.value, last), flags | constants.O_NOFOLLOW, mode));
  } catch (error) {
    return err(errnoName(error));
  } finally {
    closeSync(folder.value);
  }
}

/** Opens a folder below a folder to stand on (no names: the root itself). The caller closes the descriptor. */
export function openFolder(
  root: string | number,
  names: readonly Uint8Array[],
): Result<number, BeneathFailure> {
  let folder: number;
  try {
    folder = openSync(typeof root === 'number' ? `/proc/self/fd/${root}/.` : root, STAND);
  } catch (error) {
    return err(errnoName(error));
  }
  for (const name of names) {
    try {
      const next = openSync(inFolder(folder, name), STAND);
      closeSync(folder);
      folder = next;
    } catch (error) {
      closeSync(folder);
      return err(errnoName(error));
    }
  }
  return ok(folder);
}

/** The errno name of a failed system call; anything else is a defect and is thrown again. */
export function errnoName(error: unknown): string {
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') return error.code;
  throw error;
}
