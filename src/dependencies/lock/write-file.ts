import { randomBytes } from 'node:crypto';
import { lstat, realpath, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { err, ok, type Refusal, refusal, type Result } from '../../base/index.ts';

/** Puts a file in the place of the one that is there, whole or not at all. A link is not followed: the repository may be a stranger\u2019s. */
export async function writeWhole(
  root: string,
  path: string,
  text: string,
): Promise<Result<undefined, Refusal>> {
  const target = join(root, path);
  const folder = dirname(target);
  try {
    const resolved = await realpath(folder);
    const found = await lstat(target).catch(() => undefined);
    if (resolved !== join(await realpath(root), dirname(path)) || found?.isSymbolicLink() === true)
      return refuse(path, 'is a link, or lies behind one');
    const fresh = join(folder, `.${basename(path)}.${randomBytes(6).toString('hex')}`);
    try {
      await writeFile(fresh, text, { flag: 'wx', mode: 0o644 });
      await rename(fresh, target);
    } finally {
      await rm(fresh, { force: true });
    }
    return ok(undefined);
  } catch (error) {
    return refuse(path, `cannot be written (${(error as NodeJS.ErrnoException).code})`);
  }
}

function refuse(path: string, how: string): Result<never, Refusal> {
  return err(
    refusal(
      'usage',
      'lock/unwritable',
      `${path} ${how}`,
      'make .github/workflows a folder that you can write to',
    ),
  );
}
