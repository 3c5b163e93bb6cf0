import { realpath, stat } from 'node:fs/promises';
import { type Refusal, type Result, err, ok, refusal } from '../../base/index.ts';
import type { BoundPath } from '../../sandbox/index.ts';

/** Folders of the sandbox's own, which a host folder of the same name would hide or be hidden by. */
const OWN = ['/proc', '/sys', '/dev', '/run', '/etc', '/usr', '/bin', '/sbin', '/lib', '/lib64', '/boot'];

/**
 * The folder that a command works in, as its real path. Refused: the root, a home folder (its keys and histories would be
 * shown to the command), a folder of the system's, and one that holds or lies in the state folder.
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
  return ok(directory);
}

/** `--read` and `--write` paths, as their real paths. */
export async function boundPaths(
  option: 'read' | 'write',
  paths: readonly string[],
  stateFolder: string,
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
    const inState = `${found}/`.startsWith(`${stateFolder}/`) || `${stateFolder}/`.startsWith(`${found}/`);
    if (
      found === '/' ||
      inState ||
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
