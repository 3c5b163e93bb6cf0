import {
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fstatSync,
  mkdirSync,
  openSync,
  readSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { type Refusal, type Result, err, ok, refusal } from '../../base/index.ts';
import { errnoName, inFolder, openBeneath, openFolder, pathNames } from './open-beneath.ts';
import { shownPath } from './shown-path.ts';

const PERMISSIONS = 0o777;

function shown(path: string | Uint8Array): string {
  return `"${shownPath(typeof path === 'string' ? Buffer.from(path) : path)}"`;
}

function unsafe(path: string | Uint8Array, why: string): Refusal {
  return refusal(
    'policy',
    'workspace/unsafe-file',
    `${shown(path)} ${why}`,
    'leave a regular file in its place, reached through no link',
  );
}

function opening(path: string | Uint8Array, code: string): Refusal {
  if (code === 'ELOOP' || code === 'ENOTDIR') return unsafe(path, 'is a link or is reached through one');
  if (code === 'EINVAL') return unsafe(path, 'is not a path below the folder');
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return refusal(
      'limit',
      'workspace/full',
      `${shown(path)} cannot be written: there is no room left`,
      'let the job leave fewer files',
    );
  }
  return unsafe(path, `cannot be opened (${code})`);
}

/**
 * Reads a file that a job could have replaced by anything, from outside the sandbox. Gives `undefined` when there is
 * none. Refused: a link on the way or at the end, a pipe, socket, device or folder (opening never blocks), and more than
 * `maxBytes` (4 GB or a growing file cost no more than that). A hard link is read as what it is: the job can only have
 * made one to a file of its own storage.
 *
 * `root` is a folder of the control side (`Sandbox.exchange.hostPath`, a workspace's `mergedHostPath`).
 */
export async function readJobFile(
  root: string,
  path: string | Uint8Array,
  options: { readonly maxBytes: number },
): Promise<Result<Uint8Array | undefined, Refusal>> {
  const flags = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY;
  const opened = openBeneath(root, path, flags);
  if (!opened.ok) return opened.error === 'ENOENT' ? ok(undefined) : err(opening(path, opened.error));
  try {
    const status = fstatSync(opened.value);
    if (!status.isFile()) return err(unsafe(path, 'is not a regular file'));
    const bytes =
      status.size > options.maxBytes ? undefined : readAtMost(opened.value, options.maxBytes, status.size);
    if (bytes !== undefined) return ok(bytes);
    return err(
      refusal(
        'limit',
        'workspace/file-too-large',
        `${shown(path)} holds more than ${options.maxBytes} bytes`,
        'write less into it',
      ),
    );
  } catch (error) {
    return err(opening(path, errnoName(error)));
  } finally {
    closeSync(opened.value);
  }
}

/** All bytes of an open file, or `undefined` when there are more than `maxBytes`. */
function readAtMost(fd: number, maxBytes: number, expected: number): Uint8Array | undefined {
  let bytes = Buffer.alloc(Math.min(maxBytes, expected) + 1);
  let length = 0;
  for (;;) {
    const had = readSync(fd, bytes, length, bytes.length - length, length);
    length += had;
    if (length > maxBytes) return undefined;
    if (had === 0) return bytes.subarray(0, length);
    if (length === bytes.length) {
      const larger = Buffer.alloc(Math.min(maxBytes + 1, bytes.length * 2));
      bytes.copy(larger);
      bytes = larger;
    }
  }
}

/**
 * Makes a new file where a job can write, with the folders on its way. It belongs to whom the root belongs to (the job),
 * with `mode` whatever the umask. Refused when something is there already, or when a folder on the way is a link.
 */
export async function writeJobFile(
  root: string,
  path: string | Uint8Array,
  bytes: Uint8Array,
  options: { readonly mode: number },
): Promise<Result<undefined, Refusal>> {
  const names = pathNames(path);
  const last = names.ok ? names.value.at(-1) : undefined;
  if (!names.ok || last === undefined) return err(opening(path, 'EINVAL'));
  let folder: Result<number, string> = openFolder(root, []);
  if (!folder.ok) return err(opening(path, folder.error));
  const owner = fstatSync(folder.value);
  for (const name of names.value.slice(0, -1)) {
    const inner = makeFolder(folder.value, name, owner);
    closeSync(folder.value);
    if (!inner.ok) return err(opening(path, inner.error));
    folder = inner;
  }
  try {
    writeNew(folder.value, last, bytes, options.mode, owner);
    return ok(undefined);
  } catch (error) {
    const code = errnoName(error);
    return err(code === 'EEXIST' ? unsafe(path, 'exists already') : opening(path, code));
  } finally {
    closeSync(folder.value);
  }
}

interface Owner {
  readonly uid: number;
  readonly gid: number;
}

function makeFolder(folder: number, name: Uint8Array, owner: Owner): Result<number, string> {
  let made = true;
  try {
    mkdirSync(inFolder(folder, name), 0o700);
  } catch (error) {
    if (errnoName(error) !== 'EEXIST') return err(errnoName(error));
    made = false;
  }
  try {
    if (!made) return openFolder(folder, [name]);
    // A folder is only readable, and so changeable by its descriptor, when it is opened for reading.
    const flags = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;
    const fd = openSync(inFolder(folder, name), flags);
    fchownSync(fd, owner.uid, owner.gid);
    fchmodSync(fd, 0o755);
    return ok(fd);
  } catch (error) {
    return err(errnoName(error));
  }
}

function writeNew(folder: number, name: Uint8Array, bytes: Uint8Array, mode: number, owner: Owner): void {
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
  const fd = openSync(inFolder(folder, name), flags, 0o600);
  try {
    for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at, bytes.length - at);
    fchownSync(fd, owner.uid, owner.gid);
    fchmodSync(fd, mode & PERMISSIONS);
  } catch (error) {
    unlinkSync(inFolder(folder, name));
    throw error;
  } finally {
    closeSync(fd);
  }
}
