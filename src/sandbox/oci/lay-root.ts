import { mkdirSync } from 'node:fs';
import { err, ok, type Refusal, refusal, type Result } from '../../base/index.ts';
import type { SandboxRequest } from '../contract.ts';
import { isOwnFolder, type RootTree } from '../plan/root-tree.ts';
import { mountRoot } from '../workspace/program.ts';
import { readLink, resolveInside } from './bound-places.ts';
import { writeRootTree } from './root-files.ts';

/** The job's root file system; of an image, below what the plan puts over it. */
export async function layRoot(
  { root, workspace, readPaths, writePaths }: SandboxRequest,
  tree: RootTree,
  /** New folders: where it is to be, and for what lies over an image. */
  paths: { readonly root: string; readonly above: string },
  /** SELinux's, for what of it is mounted. */
  label?: string,
): Promise<Result<undefined, Refusal>> {
  if (root.kind === 'host') {
    writeRootTree(paths.root, tree);
    return ok(undefined);
  }
  for (const { path } of [workspace, ...readPaths, ...writePaths]) {
    const place = placeIn(root.directory, path);
    if (place !== path) return err(behindLink(path, place));
  }
  writeRootTree(paths.above, tree);
  mkdirSync(paths.root, { mode: 0o755 });
  return mountRoot(paths.root, paths.above, root.directory, label);
}

/** Where the image's own links lead that are still seen when our folders lie over it. */
function placeIn(image: string, path: string): string {
  return resolveInside(image, path, (at) => (isOwnFolder(at.slice(image.length)) ? undefined : readLink(at)));
}

/** What is mounted there would hide the image's own link, and everything behind it. */
function behindLink(path: string, place: string): Refusal {
  return refusal(
    'usage',
    'image/link',
    `nothing can be shown at ${path}: the image has a link on the way, to ${place}`,
    'use a folder whose path the image has no link in',
  );
}
