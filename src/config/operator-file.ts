import { type Stats, constants } from 'node:fs';
import { open, realpath, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type Refusal, type Result, err, ok, refusal } from '../base/index.ts';
import { ownerOf } from './file-owner.ts';

/** Larger than any configuration that a person wrote. */
export const CONFIGURATION_BYTES = 256 * 1024;

/** Why others than root and we could change what lies there, or undefined. */
function writableByOthers(path: string, found: Stats, uid: number): string | undefined {
  const owner = ownerOf(path, found);
  if (owner !== 0 && owner !== uid) return `belongs to user ${owner}`;
  if ((found.mode & 0o002) !== 0 && !(found.isDirectory() && (found.mode & 0o1000) !== 0)) {
    return 'can be written by everyone';
  }
  // A group is refused too, as sshd's StrictModes does: who is in it changes without this file changing.
  if ((found.mode & 0o020) !== 0 && !(found.isDirectory() && (found.mode & 0o1000) !== 0)) {
    return 'can be written by its group';
  }
  return undefined;
}

/**
 * Why the path is not the operator's alone, or undefined when it is: it and every folder above must belong to root or
 * to us, and nobody else may write there (sticky folders such as /tmp may hold it). The path must be resolved.
 */
export async function notOperatorsOwn(
  path: string,
  uid = process.geteuid?.() ?? 0,
): Promise<string | undefined> {
  for (let at = path; ; at = dirname(at)) {
    const why = writableByOthers(at, await stat(at), uid);
    if (why !== undefined) return `${at} ${why}`;
    if (at === dirname(at)) return undefined;
  }
}

/** True when `path` is `folder` or lies in it; both must be resolved. */
export function liesIn(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder.endsWith('/') ? folder : `${folder}/`);
}

function notOwn(path: string, why: string, fix: string): Refusal {
  return refusal('usage', 'config/operator-file', why, fix, { file: path });
}

/**
 * Reads a file that decides what is granted: operator's configuration, allowed signers. Gives undefined when there is
 * none. Refuses one that somebody else could have written, one that lies in the repository under test, and one that is
 * too large or no plain file. What was checked is what is read: both go by the same descriptor.
 */
export async function readOperatorFile(
  path: string,
  options: { readonly notIn?: string; readonly maxBytes?: number } = {},
): Promise<Result<Buffer | undefined, Refusal>> {
  const maxBytes = options.maxBytes ?? CONFIGURATION_BYTES;
  let resolved: string;
  try {
    resolved = await realpath(path);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    return code === 'ENOENT' || code === 'ENOTDIR'
      ? ok(undefined)
      : err(notOwn(path, `${path} cannot be read: ${code}`, 'see that it can be read'));
  }
  if (options.notIn !== undefined && liesIn(resolved, options.notIn)) {
    return err(
      notOwn(
        path,
        `${path} lies in the repository under test, which may not decide what it is granted`,
        'keep the operator\u2019s file outside of it; a cofferdam.yaml in a repository can only narrow',
      ),
    );
  }
  try {
    const why = await notOperatorsOwn(resolved);
    if (why !== undefined) {
      return err(
        notOwn(path, `${why}, so it cannot be trusted as ${path}`, `chown and chmod go-w ${resolved}`),
      );
    }
    const file = await open(resolved, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      const found = await file.stat();
      const changed = writableByOthers(resolved, found, process.geteuid?.() ?? 0);
      if (!found.isFile() || changed !== undefined) {
        return err(
          notOwn(path, `${path} ${changed ?? 'is not a plain file'}`, 'use a plain file of your own'),
        );
      }
      const data = Buffer.alloc(maxBytes + 1);
      let size = 0;
      for (;;) {
        const { bytesRead } = await file.read(data, size, data.length - size, null);
        size += bytesRead;
        if (size > maxBytes)
          return err(notOwn(path, `${path} is larger than ${maxBytes} bytes`, 'make it smaller'));
        if (bytesRead === 0) return ok(data.subarray(0, size));
      }
    } finally {
      await file.close();
    }
  } catch (error) {
    return err(
      notOwn(
        path,
        `${path} cannot be read: ${(error as NodeJS.ErrnoException).code}`,
        'see that it can be read',
      ),
    );
  }
}
