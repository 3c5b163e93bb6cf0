import { type Dirent, constants } from 'node:fs';
import { lstat, open, readdir, realpath } from 'node:fs/promises';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { git } from './git.ts';

const MAX_POINTER_BYTES = 8_192;

/**
 * Why what git reads for a folder is not the folder's own, or undefined when it is. A `.git` that came with a stranger's
 * archive can be a file or a link, or borrow objects and refs, so that the folder seems to be a clone of any repository of
 * this machine, and a job would be shown that one. A work tree and a submodule are their repository's by its own word:
 * it points back.
 */
export async function notItsOwn(directory: string): Promise<string | undefined> {
  const dotGit = join(directory, '.git');
  const found = await lstat(dotGit).catch(() => undefined);
  if (found === undefined) return 'it has no .git';
  const [gitFolder, common] = await Promise.all([
    folderOf(directory, '--absolute-git-dir'),
    folderOf(directory, '--git-common-dir'),
  ]);
  if (gitFolder === undefined || common === undefined) return 'git does not say where its data is';
  if (found.isDirectory()) {
    if (gitFolder !== dotGit || common !== dotGit) return `git's data is in ${common}`;
  } else if (!found.isFile()) {
    return 'its .git is a link';
  } else if (!(await pointsBack(gitFolder, common, dotGit))) {
    return `its .git is a file that names ${gitFolder}, and that does not point back`;
  }
  return borrowed(common);
}

async function folderOf(directory: string, option: string): Promise<string | undefined> {
  const answer = await git(directory, ['rev-parse', '--path-format=absolute', option]);
  return answer.ok ? answer.value.toString('utf8').replace(/\n$/, '') : undefined;
}

/** A work tree's folder names its `.git` file in `gitdir`; a submodule's names the work tree as `core.worktree`. */
async function pointsBack(gitFolder: string, common: string, dotGit: string): Promise<boolean> {
  if (common !== gitFolder) {
    const back = await pointer(join(gitFolder, 'gitdir'));
    return (
      dirname(gitFolder) === join(common, 'worktrees') &&
      back !== undefined &&
      (await isSame(resolve(gitFolder, back), dotGit))
    );
  }
  const asked = await git('/', ['config', '--file', join(gitFolder, 'config'), '--get', 'core.worktree']);
  const tree = asked.ok ? asked.value.toString('utf8').trim() : '';
  return tree !== '' && (await isSame(resolve(gitFolder, tree), dirname(dotGit)));
}

async function isSame(one: string, other: string): Promise<boolean> {
  const [a, b] = await Promise.all([one, other].map((path) => realpath(path).catch(() => undefined)));
  return a !== undefined && a === b;
}

async function pointer(path: string): Promise<string | undefined> {
  try {
    const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(MAX_POINTER_BYTES), 0, MAX_POINTER_BYTES, 0);
      return buffer.toString('utf8', 0, bytesRead).trim();
    } finally {
      await file.close();
    }
  } catch {
    return undefined;
  }
}

/** Whether objects or refs lie elsewhere: by git's own list of other stores, or by links. */
async function borrowed(common: string): Promise<string | undefined> {
  const objects = join(common, 'objects');
  const alternates = await pointer(join(objects, 'info/alternates'));
  const elsewhere = (alternates ?? '')
    .split('\n')
    .find((line) => line !== '' && !line.startsWith('#') && !isWithin(line, objects, common));
  if (elsewhere !== undefined) return `it borrows objects from ${elsewhere}`;
  for (const folder of [common, objects, join(objects, 'pack'), join(objects, 'info')]) {
    const entries: readonly Dirent[] = await readdir(folder, { withFileTypes: true }).catch(() => []);
    const link = entries.find((entry) => entry.isSymbolicLink() && entry.name !== 'hooks');
    if (link !== undefined) return `${join(folder, link.name)} is a link`;
  }
  return undefined;
}

function isWithin(line: string, objects: string, common: string): boolean {
  const path = isAbsolute(line) ? line : resolve(objects, line);
  return resolve(path).startsWith(`${common}/`);
}
