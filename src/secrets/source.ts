import { constants, type FileHandle, open } from 'node:fs/promises';
import { type Refusal, type Result, err, ok, refusal } from '../base/index.ts';
import { VALUE_MAX_BYTES } from './forms.ts';

/** Where the operator keeps a secret's value: `--secret NAME` and `--secret-file NAME=PATH`. */
export type SecretSource =
  | { readonly kind: 'env'; readonly name: string }
  | { readonly kind: 'file'; readonly name: string; readonly path: string };

/**
 * Reads a secret's value. An environment variable is taken as it is. A file must be a regular file that nobody but its
 * owner, us or root, may read (0600 or stricter), and not a symbolic link; its final line end is dropped when it has
 * but one line. Refuses (`usage`) what is missing, empty, longer than 64 KiB or not UTF-8 text.
 */
export async function readSecret(
  source: SecretSource,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<Result<string, Refusal>> {
  if (source.kind === 'file') return readFile(source.name, source.path);
  const value = environment[source.name];
  if (value === undefined || value === '')
    return refused(source.name, 'is not in the environment', `Set ${source.name}, or leave --secret out.`);
  return fits(source.name, Buffer.from(value, 'utf8'));
}

async function readFile(name: string, path: string): Promise<Result<string, Refusal>> {
  let file: FileHandle;
  try {
    // O_NONBLOCK: opening a FIFO must not wait for its writer.
    file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown error';
    return refused(
      name,
      `cannot be read from ${path} (${code})`,
      'Name a file that exists, not a link to it.',
    );
  }
  try {
    const found = await file.stat();
    if (!found.isFile()) return refused(name, `is not in a regular file: ${path}`, 'Name a regular file.');
    if ((found.mode & 0o077) !== 0)
      return refused(name, `is in a file that others may read`, `chmod 600 ${path}`);
    if (found.uid !== 0 && found.uid !== process.geteuid?.())
      return refused(name, `is in a file of another user`, `Name a file of your own instead of ${path}.`);
    const bytes = Buffer.alloc(VALUE_MAX_BYTES + 1);
    let length = 0;
    for (let got = 1; got > 0 && length < bytes.length; length += got)
      got = (await file.read(bytes, length, bytes.length - length, length)).bytesRead;
    return fits(name, withoutLineEnd(bytes.subarray(0, length)));
  } finally {
    await file.close();
  }
}

/** A key file of many lines needs its last line end; a token must not have one. */
function withoutLineEnd(bytes: Buffer): Buffer {
  const first = bytes.indexOf(10);
  if (first < 0 || first !== bytes.length - 1) return bytes;
  return bytes.subarray(0, bytes[first - 1] === 13 ? first - 1 : first);
}

function fits(name: string, bytes: Buffer): Result<string, Refusal> {
  if (bytes.length === 0) return refused(name, 'is empty', 'Give it a value.');
  if (bytes.length > VALUE_MAX_BYTES)
    return refused(name, `is longer than ${VALUE_MAX_BYTES} bytes`, 'Shorten it.');
  if (bytes.includes(0)) return refused(name, 'holds a NUL byte', 'Encode it, for example as base64.');
  try {
    return ok(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes));
  } catch {
    return refused(name, 'is not UTF-8 text', 'Encode it, for example as base64.');
  }
}

function refused(name: string, why: string, fix: string): Result<never, Refusal> {
  return err(refusal('usage', 'secrets/unreadable', `The secret ${name} ${why}.`, fix));
}
