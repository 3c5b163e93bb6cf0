import { lstatSync, realpathSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { SandboxRoot } from './contract.ts';
import { resolveInside } from './oci/bound-places.ts';
import { PYTHON_LINK } from './plan/root-tree.ts';

const MOST_FOLDERS = 200;

/**
 * Whether a job finds a program before anything of its own ran: on the search path, or at its absolute path, in an image's tree,
 * or in what of the host is shown. A link that leads out of that leads nowhere inside.
 */
export function showsProgram(root: SandboxRoot, searchPath: string, program: string): boolean {
  const places = program.includes('/')
    ? [program]
    : searchPath
        .split(':')
        .filter((folder) => folder.startsWith('/'))
        .slice(0, MOST_FOLDERS)
        .map((folder) => join(folder, program));
  return places.some((place) => (root.kind === 'host' ? ofHost(place) : isFileIn(root.directory, place)));
}

/** Looked for within the tree alone: a link that leads out of it leads to its root. */
export function isFileIn(tree: string, path: string): boolean {
  return lstatSync(join(tree, resolveInside(tree, path)), { throwIfNoEntry: false })?.isFile() === true;
}

function ofHost(place: string): boolean {
  try {
    const real = realpathSync(place === PYTHON_LINK.path ? PYTHON_LINK.target : place);
    const found = statSync(real);
    return real.startsWith('/usr/') && found.isFile() && (found.mode & 0o111) !== 0;
  } catch {
    return false;
  }
}
