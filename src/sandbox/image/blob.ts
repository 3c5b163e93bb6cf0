import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { tooLarge, unusable } from './bounds.ts';

/** What names a blob (OCI image specification, "Descriptor"). */
export interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

const CHUNK = 262_144;
const NO_LINK_NO_WAIT = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** Opens a plain file of the layout: never a link, a device or a pipe, which would block. */
async function openFile(path: string, name: string): Promise<FileHandle> {
  const file = await open(path, NO_LINK_NO_WAIT).catch((error: NodeJS.ErrnoException) => {
    throw unusable('missing', `${name} cannot be read (${error.code ?? error.message})`);
  });
  if ((await file.stat()).isFile()) return file;
  await file.close();
  throw unusable('missing', `${name} is not a file`);
}

/** A small file of the layout that has no digest. */
export async function readSmall(directory: string, name: string, most: number): Promise<Buffer> {
  const file = await openFile(join(directory, name), name);
  try {
    const { size } = await file.stat();
    if (size > most) throw tooLarge(`the size of ${name}`, most);
    const bytes = Buffer.alloc(size);
    const { bytesRead } = await file.read(bytes, 0, size, 0);
    return bytes.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

/**
 * A blob's bytes, in chunks. Its size is known to be the named one before the first, and its digest after the last: whoever
 * reads must not use anything of it before it has ended without an error.
 */
export async function* readBlob(directory: string, { digest, size }: Descriptor): AsyncGenerator<Buffer> {
  const hex = /^sha256:([0-9a-f]{64})$/.exec(digest)?.[1];
  if (hex === undefined)
    throw unusable('digest', `${JSON.stringify(digest.slice(0, 100))} is not a SHA-256 digest`);
  const file = await openFile(join(directory, 'blobs', 'sha256', hex), `blob ${digest}`);
  try {
    if ((await file.stat()).size !== size)
      throw unusable('size', `blob ${digest} has not the size of ${size} bytes`);
    const hash = createHash('sha256');
    for (let left = size; left > 0; ) {
      const chunk = Buffer.allocUnsafe(Math.min(left, CHUNK));
      const { bytesRead } = await file.read(chunk, 0, chunk.length, null);
      if (bytesRead === 0) throw unusable('size', `blob ${digest} ends early`);
      left -= bytesRead;
      hash.update(chunk.subarray(0, bytesRead));
      yield chunk.subarray(0, bytesRead);
    }
    if (hash.digest('hex') !== hex)
      throw unusable('digest', `blob ${digest} has another content than its digest says`);
  } finally {
    await file.close();
  }
}

/** A whole blob, verified. */
export async function readWhole(directory: string, descriptor: Descriptor, most: number): Promise<Buffer> {
  if (descriptor.size > most) throw tooLarge(`the size of ${descriptor.mediaType}`, most);
  const chunks: Buffer[] = [];
  for await (const chunk of readBlob(directory, descriptor)) chunks.push(chunk);
  return Buffer.concat(chunks);
}
