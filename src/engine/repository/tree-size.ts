import { err, formatSize, ok, type Refusal, refusal, type Result } from '../../base/index.ts';
import { gitInto } from './git.ts';

export interface TreeBounds {
  readonly bytes: number;
  readonly files: number;
}

/**
 * Refuses a commit whose tree is larger than the bounds, before any of it is written: a tree that names itself ten times
 * over, ten levels deep, is a thousand bytes in the repository and ten thousand million files in a work tree. Read as a
 * stream, so that counting costs no memory; `whatOf` is the folder for the person who reads.
 */
export async function refuseLargeTree(
  directory: string,
  commit: string,
  bounds: TreeBounds,
  whatOf: string,
): Promise<Result<undefined, Refusal>> {
  const count = new EntryCount(bounds);
  const listed = await gitInto(directory, ['ls-tree', '-r', '-t', '-l', '-z', commit], (chunk) =>
    count.take(chunk),
  );
  if (!listed.ok) return listed;
  const over = count.over();
  return over === undefined ? ok(undefined) : err(treeTooLarge(whatOf, over));
}

/** Counts entries of `ls-tree -l -z`: `MODE TYPE OBJECT SIZE<tab>NAME`, NUL. */
class EntryCount {
  readonly #bounds: TreeBounds;
  #rest: Buffer = Buffer.alloc(0);
  #files = 0;
  #bytes = 0;

  constructor(bounds: TreeBounds) {
    this.#bounds = bounds;
  }

  /** False when there is more than may be. */
  take(chunk: Buffer): boolean {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    let from = 0;
    for (let end = bytes.indexOf(0); end >= 0; end = bytes.indexOf(0, from)) {
      const size = / (\d{1,15})\t/.exec(bytes.toString('latin1', from, Math.min(end, from + 120)))?.[1];
      this.#files += 1;
      this.#bytes += Number(size ?? 0);
      from = end + 1;
    }
    // A name may be long, and one without an end is none.
    this.#rest = bytes.subarray(from);
    return this.over() === undefined && this.#rest.length < 1_048_576;
  }

  over(): string | undefined {
    if (this.#files > this.#bounds.files) return `more than ${this.#bounds.files} files and folders`;
    return this.#bytes > this.#bounds.bytes ? `more than ${formatSize(this.#bounds.bytes)}` : undefined;
  }
}

export function treeTooLarge(whatOf: string, what: string): Refusal {
  return refusal(
    'limit',
    'repository/too-large',
    `${whatOf} holds ${what}, which is the job's workspace limit`,
    'raise zones.ZONE.limits in your cofferdam.yaml, or add what is not needed to .gitignore',
  );
}
