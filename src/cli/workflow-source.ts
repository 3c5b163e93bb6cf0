import { constants } from 'node:fs';
import { open, readdir, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { err, ok, type Refusal, refusal, type Result } from '../base/index.ts';

export interface WorkflowFile {
  /** Path within the repository. */
  readonly path: string;
  readonly bytes: Buffer;
}

export interface WorkflowSource {
  readonly repository: string;
  readonly files: readonly WorkflowFile[];
  /** True when the repository was named and not a file: all its workflows are meant. */
  readonly all: boolean;
}

/** A little more than any workflow may have: the reader says what is too large. */
export const MAX_WORKFLOW_BYTES = 1_048_577;
const MAX_FILES = 100;
const FOLDERS = ['.github/workflows', '.forgejo/workflows', '.gitea/workflows'];

/**
 * Finds the workflows that a person means: a file, the name of one in the current repository, a repository's folder, or
 * nothing for all of the current one. Files are read without following a link at their end.
 */
export async function workflowSource(
  asked: string | undefined,
  directory: string,
): Promise<Result<WorkflowSource, Refusal>> {
  const target = resolve(directory, asked ?? '.');
  const found = await stat(target).catch(() => undefined);
  if (found?.isDirectory() === true) return fromRepository(await realpath(target));
  if (found?.isFile() === true) {
    const folder = await realpath(dirname(target));
    const known = FOLDERS.find((candidate) => folder.endsWith(`/${candidate}`));
    const repository = known === undefined ? folder : folder.slice(0, -known.length - 1);
    return withFiles(repository, [join(folder, basename(target)).slice(repository.length + 1)], false);
  }
  for (const folder of FOLDERS) {
    const path = join(folder, asked ?? '');
    if (
      asked !== undefined &&
      !asked.includes('/') &&
      (await stat(join(directory, path)).catch(() => undefined))?.isFile() === true
    ) {
      return withFiles(await realpath(directory), [path], false);
    }
  }
  return err(
    refusal(
      'usage',
      'run/no-workflow',
      `${JSON.stringify(asked)} is no workflow file and no folder`,
      'name a file below .github/workflows, or a repository',
    ),
  );
}

async function fromRepository(repository: string): Promise<Result<WorkflowSource, Refusal>> {
  for (const folder of FOLDERS) {
    const names = (await readdir(join(repository, folder)).catch(() => []))
      .filter((name) => /\.ya?ml$/.test(name))
      .toSorted();
    if (names.length > 0)
      return withFiles(
        repository,
        names.slice(0, MAX_FILES).map((name) => join(folder, name)),
        true,
      );
  }
  return err(
    refusal('usage', 'run/no-workflow', `${repository} has no workflows`, 'put one below .github/workflows'),
  );
}

async function withFiles(
  repository: string,
  paths: readonly string[],
  all: boolean,
): Promise<Result<WorkflowSource, Refusal>> {
  const files: WorkflowFile[] = [];
  for (const path of paths) {
    const read = await readBounded(join(repository, path));
    if (!read.ok) return read;
    files.push({ path, bytes: read.value });
  }
  return ok({ repository, files, all });
}

/** A plain file, at most a little more than any workflow may have; the reader says what is too large. */
export async function readBounded(path: string): Promise<Result<Buffer, Refusal>> {
  try {
    const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      if (!(await file.stat()).isFile()) throw new Error('it is no plain file');
      const bytes = Buffer.alloc(MAX_WORKFLOW_BYTES);
      let size = 0;
      for (;;) {
        const { bytesRead } = await file.read(bytes, size, bytes.length - size, null);
        size += bytesRead;
        if (bytesRead === 0) return ok(bytes.subarray(0, size));
      }
    } finally {
      await file.close();
    }
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return err(
      refusal(
        'usage',
        'run/unreadable',
        `${path} cannot be read: ${why}`,
        'name a plain file that you can read',
      ),
    );
  }
}
