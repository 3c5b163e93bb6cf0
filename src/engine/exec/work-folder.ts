import { existsSync } from 'node:fs';
import { realpath, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { type Refusal, type Result, err, ok, refusal } from '../../base/index.ts';
import type { BoundPath } from '../../sandbox/index.ts';

/** Folders of the sandbox's own, which a host folder of the same name would hide or be hidden by. */
const OWN = ['/proc', '/sys', '/dev', '/run', '/etc', '/usr', '/bin', '/sbin', '/lib', '/lib64', '/boot'];

/**
 * The folder that a command works in, as its real path. Refused: the root, a home folder (its keys and histories would be
 * shown to the command), a folder of the system's, one that holds or lies in the state folder, and a place in a repository
 * whose links lead out of that.
 */
export async function workFolder(
  path: string,
  home: string | undefined,
  stateFolder: string,
): Promise<Result<string, Refusal>> {
  let directory: string;
  try {
    directory = await realpath(path);
    if (!(await stat(directory)).isDirectory()) throw new Error('not a folder');
  } catch {
    return err(
      refusal(
        'usage',
        'exec/workdir',
        `${path} is not a folder that can be read`,
        'name a folder with --workdir',
      ),
    );
  }
  const refuse = (why: string): Result<string, Refusal> =>
    err(
      refusal(
        'usage',
        'exec/workdir',
        `${directory} ${why}`,
        'change into the project, or name it with --workdir',
      ),
    );
  if (directory === '/') return refuse('is the whole machine');
  if (home !== undefined && (directory === home || home.startsWith(`${directory}/`))) {
    return refuse('holds your home folder: everything in it would be shown to the command');
  }
  if (OWN.some((own) => directory === own || directory.startsWith(`${own}/`))) {
    return refuse('is a folder of the system');
  }
  if (`${stateFolder}/`.startsWith(`${directory}/`) || `${directory}/`.startsWith(`${stateFolder}/`)) {
    return refuse('holds the records of other runs, or lies among them');
  }
  const repository = repositoryAround(dirname(resolve(path)));
  if (repository !== undefined && (await leadsOut(path, directory, await realpath(repository))))
    return refuse(`is where a link of ${repository} leads`);
  return ok(directory);
}

function repositoryAround(path: string): string | undefined {
  if (existsSync(join(path, '.git'))) return path;
  return dirname(path) === path ? undefined : repositoryAround(dirname(path));
}

/**
 * Whether a path that goes through a folder ends outside of it: then it is not whoever named the path that chose where it
 * ends, but whoever put a link into the folder, which is the author of what is under test.
 */
async function leadsOut(path: string, found: string, folder: string): Promise<boolean> {
  if (isWithin(found, folder)) return false;
  for (let part = dirname(resolve(path)); dirname(part) !== part; part = dirname(part)) {
    const real = await realpath(part).catch(() => undefined);
    if (real !== undefined && isWithin(real, folder)) return true;
  }
  return false;
}

function isWithin(path: string, folder: string): boolean {
  return path === folder || path.startsWith(`${folder}/`);
}

/**
 * `--read` and `--write` paths, as their real paths. Refused: what would give the command the machine, the records of other runs,
 * or a place in which `kept` stands or could be put: the operator's files decide about it. A link of the
 * work folder leads to none outside of it.
 */
export async function boundPaths(
  option: 'read' | 'write',
  paths: readonly string[],
  stateFolder: string,
  folder: string,
  kept: readonly string[] = [],
): Promise<Result<readonly BoundPath[], Refusal>> {
  const bound: BoundPath[] = [];
  for (const path of paths) {
    const found = await realpath(path).catch(() => undefined);
    if (found === undefined) {
      return err(
        refusal(
          'usage',
          `exec/${option}`,
          `${path} does not exist`,
          `name a path that exists with --${option}`,
        ),
      );
    }
    if (await leadsOut(path, found, folder)) {
      return err(
        refusal(
          'policy',
          `exec/${option}`,
          `${path} is where a link of the folder under test leads out of it, to ${found}`,
          `if that is meant, name it: --${option} ${found}`,
        ),
      );
    }
    const decides = option === 'write' && (await holds(found, kept));
    const inState = `${found}/`.startsWith(`${stateFolder}/`) || `${stateFolder}/`.startsWith(`${found}/`);
    if (
      found === '/' ||
      inState ||
      decides ||
      (option === 'write' && OWN.some((own) => found === own || found.startsWith(`${own}/`)))
    ) {
      return err(
        refusal(
          'policy',
          `exec/${option}`,
          `${found} may not be given to a sandboxed command`,
          `name a narrower path with --${option}`,
        ),
      );
    }
    if (['/proc', '/sys', '/dev', '/run'].some((own) => found === own || found.startsWith(`${own}/`))) {
      return err(
        refusal(
          'policy',
          `exec/${option}`,
          `${found} reaches the kernel or the machine's services`,
          'copy what is needed into the project',
        ),
      );
    }
    const file = !(await stat(found)).isDirectory();
    bound.push({ hostPath: found, path: found, ...(file && { file }) });
  }
  return ok(bound);
}

/** Whether one of the files stands there, or would if it were made: by the nearest folder above it that exists. */
async function holds(folder: string, files: readonly string[]): Promise<boolean> {
  for (const file of files) {
    let at = file;
    let below = '';
    let real = await realpath(at).catch(() => undefined);
    while (real === undefined && at !== dirname(at)) {
      below = join(basename(at), below);
      at = dirname(at);
      real = await realpath(at).catch(() => undefined);
    }
    if (`${join(real ?? '/', below)}/`.startsWith(`${folder}/`)) return true;
  }
  return false;
}
