import { createHash, randomBytes } from 'node:crypto';
import { constants, type Stats } from 'node:fs';
import { lstat, mkdir, open, readdir, readFile, rename, unlink } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import { sha256 } from '../../base/index.ts';
import type { GatheredFile } from '../../gate/index.ts';

/** What earlier checks found out, by names that say what it follows from. */
export interface Kept {
  /** The folder of the repository that this is of. */
  readonly root: string;
  /** What was kept by this name, by this build; undefined when nothing was, or when it is not as it was written. */
  take(name: string): Promise<unknown>;
  /** Keeps a value that JSON can hold. What cannot be kept is not: a check does not fail for it. */
  keep(name: string, value: unknown): Promise<void>;
}

/** Where more is kept of an answer: its key names the files and facts that all of it follows from. */
export interface KeptBy {
  readonly kept: Kept;
  readonly key: string;
  readonly files: readonly GatheredFile[];
}

type Environment = Readonly<Record<string, string | undefined>>;

const MAX_BYTES = 33_554_432;
const MAX_FILES = 64;
const MAX_ALL_BYTES = 134_217_728;
const NAME = /^[a-z]+-[0-9a-f]{64}$/;

/**
 * Opens the user\u2019s folder of what checks found out: `cofferdam/checked` in their cache. None where others could write to it, where
 * it cannot be made, in CI (what a job restores there, another may have filled), and when this is no build, which has no identity.
 */
export async function openKept(
  environment: Environment,
  root: string,
  buildFolder: string = import.meta.dirname,
): Promise<Kept | undefined> {
  const { HOME: home, CI: ci = '', XDG_CACHE_HOME: given } = environment;
  const cache = given ?? (home === undefined ? undefined : join(home, '.cache'));
  if (cache === undefined || !isAbsolute(cache) || ci !== '') return undefined;
  const identity = await readFile(join(buildFolder, 'identity'), 'utf8').catch(() => undefined);
  if (identity === undefined || !/^[0-9a-f]{64}\n$/.test(identity)) return undefined;
  const folder = join(cache, 'cofferdam', 'checked');
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    if (!isOwn(await lstat(folder), 'folder')) return undefined;
  } catch {
    return undefined;
  }
  // Another Node.js may read text in another way.
  return new KeptFiles(folder, root, sha256(`${identity}${process.version}`));
}

class KeptFiles implements Kept {
  readonly root: string;
  readonly #folder: string;
  readonly #of: string;

  constructor(folder: string, root: string, of: string) {
    this.root = root;
    this.#folder = folder;
    this.#of = of;
  }

  async take(name: string): Promise<unknown> {
    const path = this.#path(name);
    try {
      const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
      try {
        const status = await file.stat();
        if (!isOwn(status, 'file') || status.size > MAX_BYTES) return undefined;
        const bytes = await file.readFile();
        const end = bytes.indexOf('\n');
        const body = bytes.subarray(end + 1);
        if (end === -1 || bytes.toString('latin1', 0, end) !== this.#seal(name, body)) return undefined;
        const now = new Date();
        await file.utimes(now, now);
        return JSON.parse(body.toString()) as unknown;
      } finally {
        await file.close();
      }
    } catch {
      return undefined;
    }
  }

  async keep(name: string, value: unknown): Promise<void> {
    const body = Buffer.from(JSON.stringify(value));
    const seal = Buffer.from(`${this.#seal(name, body)}\n`);
    if (seal.length + body.length > MAX_BYTES) return;
    const fresh = join(this.#folder, `.${randomBytes(8).toString('hex')}`);
    try {
      const file = await open(fresh, 'wx', 0o600);
      try {
        await file.writeFile(seal);
        await file.writeFile(body);
      } finally {
        await file.close();
      }
      await rename(fresh, this.#path(name));
      await this.#dropOldest();
    } catch {
      await unlink(fresh).catch(() => undefined);
    }
  }

  #path(name: string): string {
    if (!NAME.test(name)) throw new Error(`${name} is no name of what is kept`);
    return join(this.#folder, name);
  }

  /** Holds the content to its name and to the build: what was cut off, changed or moved is not taken. */
  #seal(name: string, body: Uint8Array): string {
    return `sha256:${createHash('sha256').update(`${this.#of}\n${name}\n`).update(body).digest('hex')}`;
  }

  async #dropOldest(): Promise<void> {
    const all: { path: string; size: number; time: number }[] = [];
    for (const name of await readdir(this.#folder)) {
      const path = join(this.#folder, name);
      const { size, mtimeMs } = await lstat(path);
      all.push({ path, size, time: mtimeMs });
    }
    let bytes = 0;
    for (const [index, { path, size }] of all.toSorted((a, b) => b.time - a.time).entries()) {
      bytes += size;
      if (index >= MAX_FILES || bytes > MAX_ALL_BYTES) await unlink(path);
    }
  }
}

function isOwn(status: Stats, kind: 'file' | 'folder'): boolean {
  const isKind = kind === 'file' ? status.isFile() && status.nlink === 1 : status.isDirectory();
  return isKind && status.uid === process.geteuid?.() && (status.mode & 0o077) === 0;
}
