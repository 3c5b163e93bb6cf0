import { randomBytes } from 'node:crypto';
import {
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fstatSync,
  fsyncSync,
  openSync,
  readSync,
  renameSync,
  type Stats,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { err, ok, type Refusal, refusal, type Result } from '../../base/index.ts';
import type { FixedFile } from '../../gate/index.ts';
import { errnoName, inFolder, openFolder, pathNames } from '../../sandbox/index.ts';

/**
 * Puts a mended file into the place of the one that was read: whole or not at all, with its mode and owner. Every name of the path
 * is walked without following a link, below the root. A file that is another than the one that was read is left alone.
 */
export function writeFixed(root: string, file: FixedFile): Result<undefined, Refusal> {
  const names = pathNames(file.path);
  const name = names.ok ? names.value.at(-1) : undefined;
  const folder = names.ok ? openFolder(root, names.value.slice(0, -1)) : names;
  if (!folder.ok || name === undefined)
    return refuse(file.path, `its folder cannot be entered (${folder.ok ? 'EINVAL' : folder.error})`);
  try {
    const status = unchanged(inFolder(folder.value, name), file.before);
    if (status === undefined) return refuse(file.path, 'it is no longer what was read');
    place(folder.value, name, file.after, status);
    return ok(undefined);
  } catch (error) {
    return refuse(file.path, errnoName(error));
  } finally {
    closeSync(folder.value);
  }
}

/** The status of a plain file that holds these bytes. */
function unchanged(path: Buffer, bytes: Uint8Array): Stats | undefined {
  const file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const status = fstatSync(file);
    if (!status.isFile() || status.size !== bytes.length) return undefined;
    const read = Buffer.alloc(bytes.length + 1);
    let length = 0;
    for (let got = 1; got > 0; length += got) got = readSync(file, read, length, read.length - length, null);
    return Buffer.from(bytes).equals(read.subarray(0, length)) ? status : undefined;
  } finally {
    closeSync(file);
  }
}

function place(folder: number, name: Buffer, bytes: Uint8Array, { mode, uid, gid }: Stats): void {
  const fresh = inFolder(folder, Buffer.from(`.cofferdam-${randomBytes(8).toString('hex')}`));
  const file = openSync(
    fresh,
    constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW,
    0o600,
  );
  try {
    try {
      for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at);
      const now = fstatSync(file);
      if (now.uid !== uid || now.gid !== gid) fchownSync(file, uid, gid);
      fchmodSync(file, mode & 0o7777);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(fresh, inFolder(folder, name));
  } catch (error) {
    unlinkSync(fresh);
    throw error;
  }
}

function refuse(path: string, how: string): Result<never, Refusal> {
  return err(
    refusal(
      'usage',
      'check/unwritten',
      `${path} was not written: ${how}`,
      'make it a plain file that you can write, and fix again',
      {
        file: path,
      },
    ),
  );
}
