import { createHash, type Hash } from 'node:crypto';
import { err, ok, type Refusal, refusal, type Result } from '../../base/index.ts';
import { git } from './git.ts';

const MAX_FILES = 100_000;
const MAX_BYTES = 1_073_741_824;

interface TreeEntry {
  readonly mode: string;
  readonly object: string;
  readonly path: Buffer;
}

/**
 * The digest of a commit\u2019s content: SHA-256 over one record for each file, in the order of their paths\u2019 bytes:
 * `MODE SP SHA256-OF-THE-CONTENT SP PATH NUL`, mode and path as git has them, a submodule with its commit\u2019s number in the place of the
 * digest (docs/lock.md). It does not rest on SHA-1, so a second tree of the same commit number does not have it. Bounded: 100,000 files, 1 GiB.
 */
export async function contentDigest(directory: string, commit: string): Promise<Result<string, Refusal>> {
  const listed = await git({
    directory,
    args: ['ls-tree', '-r', '-z', '--full-tree', '--end-of-options', commit],
  });
  if (!listed.ok) return listed;
  const entries = entriesIn(listed.value);
  if (entries === undefined || entries.length > MAX_FILES) return tooLarge(commit);
  const blobs = entries.filter(({ mode }) => mode !== '160000');
  const reader = new BatchReader(blobs.length);
  const read = await git({
    directory,
    args: ['cat-file', '--batch', '--buffer'],
    input: blobs.map(({ object }) => `${object}\n`).join(''),
    take: (chunk) => reader.take(chunk),
  });
  if (reader.bytes > MAX_BYTES) return tooLarge(commit);
  if (reader.isLacking || reader.digests.length !== blobs.length)
    return read.ok || reader.isLacking ? missing(commit) : read;
  const whole = createHash('sha256');
  let at = 0;
  for (const { mode, object, path } of entries) {
    const digest = mode === '160000' ? object : reader.digests[at++];
    whole.update(`${mode} ${digest} `).update(path).update('\0');
  }
  return ok(`sha256-${whole.digest('hex')}`);
}

function entriesIn(listed: Buffer): readonly TreeEntry[] | undefined {
  const entries: TreeEntry[] = [];
  for (let from = 0; from < listed.length; ) {
    const end = listed.indexOf(0, from);
    const tab = listed.indexOf(9, from);
    if (end === -1 || tab === -1 || tab > end) return undefined;
    const [mode = '', , object = ''] = listed.toString('latin1', from, tab).split(' ');
    entries.push({ mode, object, path: listed.subarray(tab + 1, end) });
    from = end + 1;
  }
  return entries;
}

/** Reads what `cat-file --batch` writes: `OBJECT TYPE SIZE LF CONTENT LF`, content of any bytes. */
class BatchReader {
  readonly digests: string[] = [];
  bytes = 0;
  /** An object is not there, or is something else than it should be. */
  isLacking = false;
  readonly #wanted: number;
  #head = '';
  #left = 0;
  #hash: Hash | undefined;

  constructor(wanted: number) {
    this.#wanted = wanted;
  }

  /** False when it is more than may be, or an object is not there. */
  take(chunk: Buffer): boolean {
    this.bytes += chunk.length;
    if (this.bytes > MAX_BYTES) return false;
    let at = 0;
    while (at < chunk.length) {
      if (this.#hash === undefined) {
        const end = chunk.indexOf(10, at);
        this.#head += chunk.toString('latin1', at, end === -1 ? chunk.length : end);
        if (this.#head.length > 200) return false;
        if (end === -1) return true;
        const [, size] = /^[0-9a-f]{40,64} blob (\d{1,12})$/.exec(this.#head) ?? [];
        if (size === undefined || this.digests.length >= this.#wanted) {
          this.isLacking = true;
          return false;
        }
        this.#head = '';
        this.#left = Number(size);
        this.#hash = createHash('sha256');
        at = end + 1;
      }
      const part = chunk.subarray(at, at + this.#left);
      this.#hash.update(part);
      this.#left -= part.length;
      at += part.length;
      // The line feed behind the content may come with the next piece.
      if (this.#left > 0 || at >= chunk.length) continue;
      at += 1;
      this.digests.push(this.#hash.digest('hex'));
      this.#hash = undefined;
    }
    return true;
  }
}

function tooLarge(commit: string): Result<never, Refusal> {
  const why = `the tree of ${commit} is larger than ${MAX_FILES} files or ${MAX_BYTES} bytes`;
  return err(refusal('limit', 'lock/too-large', why, 'use another action'));
}

function missing(commit: string): Result<never, Refusal> {
  return err(
    refusal(
      'machine',
      'lock/missing',
      `the tree of ${commit} is not all there`,
      'make a whole clone of it, without --filter',
    ),
  );
}
