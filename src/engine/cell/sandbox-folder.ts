import { lstatSync, mkdirSync, statfsSync } from 'node:fs';
import { join } from 'node:path';
import { readRootless, sandboxName } from '../../sandbox/index.ts';

const USUAL = '/run/cofferdam';
/** On a machine whose `/run` lies on a disk: what is made for a sandbox is small and many, and a disk makes each wait. */
const SHARED_MEMORY = '/dev/shm/cofferdam';
/** TMPFS_MAGIC and RAMFS_MAGIC (statfs(2)). */
const IN_MEMORY = [0x01021994, 0x858458f6];
const STICKY = 0o1000;
const OTHERS_WRITE = 0o022;

/**
 * Where sandboxes keep what only lives with them. In memory where the machine has a place for it, and passable by every user:
 * the runtime enters a sandbox's folder as the job's own root. What must not be seen lies in folders of mode 0700 below.
 */
export function sandboxes(usual: string = USUAL, shared: string = SHARED_MEMORY): string {
  const rootless = readRootless();
  if (rootless !== undefined) return rootless.folder;
  return !isInMemory(join(usual, '..')) && isOurs(shared) ? shared : usual;
}

/** Everywhere where a sandbox of an earlier run may be, whatever the machine was like then. */
export function everySandboxes(): readonly string[] {
  const rootless = readRootless();
  return rootless === undefined ? [USUAL, SHARED_MEMORY] : [rootless.folder];
}

export function sandboxFolder(runId: string, jobId: string): string {
  return join(sandboxes(), sandboxName(runId, jobId));
}

function isInMemory(folder: string): boolean {
  try {
    return IN_MEMORY.includes(statfsSync(folder).type);
  } catch {
    return false;
  }
}

/**
 * Makes the folder where everyone may make one. Whose it is must be seen afterwards: somebody else may have been first, and
 * only in a sticky folder of root's can nobody replace what is root's.
 */
function isOurs(folder: string): boolean {
  const above = join(folder, '..');
  try {
    const place = lstatSync(above);
    if (!isInMemory(above) || !place.isDirectory() || place.uid !== 0) return false;
    if ((place.mode & OTHERS_WRITE) !== 0 && (place.mode & STICKY) === 0) return false;
    mkdirSync(folder, { recursive: true, mode: 0o711 });
    const found = lstatSync(folder);
    return found.isDirectory() && found.uid === 0 && (found.mode & OTHERS_WRITE) === 0;
  } catch {
    return false;
  }
}
