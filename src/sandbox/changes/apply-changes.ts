import { randomBytes } from 'node:crypto';
import {
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fstatSync,
  lchownSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  readlinkSync,
  renameSync,
  rmdirSync,
  type Stats,
  symlinkSync,
  unlinkSync,
} from 'node:fs';
import { errnoName, inFolder, openBeneath, openFolder, pathNames } from '../workspace/open-beneath.ts';
import type { Change } from './change.ts';
import { leadsOut } from './link-target.ts';
import { sameBytes, statBeneath, typeOf } from './list-changes.ts';
import { ContentCopier } from './copy-content.ts';
import { sensitiveAmong } from './sensitive.ts';

export interface ApplyRequest {
  /** The folder to change, as its real path; the job's copy stood at the same path. */
  readonly folder: string;
  /** The kept layer. */
  readonly upper: string;
  readonly changes: readonly Change[];
  /** Paths, and everything below them, that are applied although they are sensitive: the person named them. */
  readonly include: readonly string[];
  /** When the job's copy was made. What changed in the folder since then is somebody else's work, and left alone. */
  readonly since: Date;
}

export interface LeftOut {
  readonly path: Buffer;
  /** `rule`: never or not without being named. `conflict`: changed since. `failed`: the system said no. */
  readonly because: 'rule' | 'conflict' | 'failed';
  readonly why: string;
}

export interface Applied {
  readonly applied: readonly Change[];
  /** Were so already: applied before, or done by somebody else alike. */
  readonly already: readonly Change[];
  readonly leftOut: readonly LeftOut[];
}

/**
 * Makes a folder what the job made of its copy, as far as that is harmless. Each change stands by itself: what cannot or
 * may not be applied is left out with its reason, and the rest is done. Every path is walked name by name without
 * following a link, whatever the job or another process puts there meanwhile; new content is written beside and moved
 * into place whole. Set-id bits, devices, pipes and sockets never come along; files belong to the folder's owner.
 */
export function applyChanges(request: ApplyRequest): Applied {
  const applier = new Applier(request);
  // What is deleted goes first and from the inside out, so that a folder is empty when its turn comes.
  const gone = request.changes.filter((change) => change.kind === 'deleted').toReversed();
  for (const change of gone) applier.take(change);
  for (const change of request.changes) if (change.kind !== 'deleted') applier.take(change);
  return applier;
}

type Existing = Stats | undefined;

class Applier implements Applied {
  readonly applied: Change[] = [];
  readonly already: Change[] = [];
  readonly leftOut: LeftOut[] = [];
  readonly #request: ApplyRequest;
  readonly #owner: Stats;
  readonly #include: readonly string[];
  readonly #made: ReadonlyMap<string, Change>;
  readonly #sensitive: (path: Buffer) => string | undefined;
  readonly #content = new ContentCopier();

  constructor(request: ApplyRequest) {
    this.#request = request;
    this.#owner = lstatSync(request.folder);
    this.#made = new Map(request.changes.map((change) => [change.path.toString('latin1'), change]));
    this.#sensitive = sensitiveAmong(request.changes, request.folder);
    this.#include = request.include.map((path) => path.replace(/^(?:\.\/)+/, '').replace(/\/+$/, ''));
  }

  take(change: Change): void {
    const never = this.#never(change);
    if (never !== undefined) {
      this.leftOut.push({ path: change.path, because: 'rule', why: never });
      return;
    }
    const names = pathNames(change.path);
    const name = names.ok ? names.value.at(-1) : undefined;
    const folder = names.ok ? openFolder(this.#request.folder, names.value.slice(0, -1)) : names;
    if (!folder.ok || name === undefined) {
      const why = folder.ok ? 'EINVAL' : folder.error;
      const gone = change.kind === 'deleted' && why === 'ENOENT';
      if (gone) this.already.push(change);
      else
        this.leftOut.push({ path: change.path, because: 'failed', why: `its folder is not there (${why})` });
      return;
    }
    try {
      this.#at(change, folder.value, name);
    } catch (error) {
      const code = errnoName(error);
      const because = code === 'EEXIST' || code === 'ENOTEMPTY' ? 'conflict' : 'failed';
      this.leftOut.push({ path: change.path, because, why: WHY[code] ?? code });
    } finally {
      closeSync(folder.value);
    }
  }

  #never(change: Change): string | undefined {
    if (change.type === 'other' && change.kind !== 'deleted')
      return 'a device, pipe or socket is never applied';
    const sensitive = this.#sensitive(change.path);
    if (sensitive !== undefined && !this.#named(change.path) && !this.#leadsToNamed(change)) return sensitive;
    if (change.type !== 'link' || change.kind === 'deleted') return undefined;
    const isLink = (path: Buffer): boolean => this.#isLink(path);
    const target = change.target ?? Buffer.of();
    if (!leadsOut(change.path, target, this.#request.folder, isLink)) return undefined;
    return this.#named(change.path)
      ? undefined
      : 'a link that leads out of the folder, or through another link';
  }

  #isLink(path: Buffer): boolean {
    const made = this.#made.get(path.toString('latin1'));
    if (made !== undefined && made.kind !== 'deleted') return made.type === 'link';
    return statBeneath(this.#request.folder, path)?.isSymbolicLink() === true;
  }

  #named(path: Buffer): boolean {
    const text = path.toString('utf8');
    return this.#include.some((named) => text === named || text.startsWith(`${named}/`));
  }

  /** A new folder on the way to what was named is made with it. */
  #leadsToNamed(change: Change): boolean {
    if (change.type !== 'folder' || change.kind !== 'added') return false;
    const text = `${change.path.toString('utf8')}/`;
    return this.#include.some((named) => named.startsWith(text));
  }

  #at(change: Change, folder: number, name: Buffer): void {
    const at = inFolder(folder, name);
    const there = existing(at);
    if (this.#isDone(change, there, at)) {
      this.already.push(change);
      return;
    }
    const conflict = this.#conflict(change, there);
    if (conflict !== undefined) {
      this.leftOut.push({ path: change.path, because: 'conflict', why: conflict });
      return;
    }
    if (change.kind === 'deleted') {
      if (change.type === 'folder') rmdirSync(at);
      else unlinkSync(at);
    } else {
      this.#write(change, folder, at, there);
    }
    this.applied.push(change);
  }

  #isDone(change: Change, there: Existing, at: Buffer): boolean {
    if (change.kind === 'deleted') return there === undefined;
    if (there === undefined || typeOf(there) !== change.type) return false;
    if (change.type === 'folder') return true;
    if (change.type === 'link') {
      return change.target?.equals(readlinkSync(at, { encoding: 'buffer' })) === true;
    }
    const executable = (there.mode & 0o100) !== 0;
    return (
      executable === change.executable && sameBytes(this.#request.folder, this.#request.upper, change.path)
    );
  }

  #conflict(change: Change, there: Existing): string | undefined {
    if (change.kind === 'added') return there === undefined ? undefined : 'something was made here since';
    if (there === undefined) return 'it was removed since';
    const type = typeOf(there);
    if (type !== change.before) return `it became a ${type} since`;
    // A folder's own time changes with every entry that we remove from it ourselves; it must be empty to go.
    if (type !== 'folder' && there.ctimeMs >= this.#request.since.getTime()) return 'it was changed since';
    return undefined;
  }

  #write(change: Change, folder: number, at: Buffer, there: Existing): void {
    if (there?.isDirectory() === true && change.type !== 'folder') rmdirSync(at);
    else if (there !== undefined && change.type === 'folder') unlinkSync(at);
    const isNew = there === undefined || typeOf(there) !== change.type;
    const beside = inFolder(folder, Buffer.from(`.cofferdam-${randomBytes(9).toString('hex')}`));
    if (change.type === 'folder') {
      mkdirSync(at, { mode: 0o755 });
      lchownSync(at, this.#owner.uid, this.#owner.gid);
      return;
    }
    try {
      if (change.type === 'link') {
        symlinkSync(change.target ?? Buffer.of(), beside);
        lchownSync(beside, this.#owner.uid, this.#owner.gid);
      } else this.#copy(change, beside, there);
      // A link to what is beside fails when something came to be there; a rename would hide it.
      if (isNew) linkSync(beside, at);
      else renameSync(beside, at);
    } finally {
      if (existing(beside) !== undefined) unlinkSync(beside);
    }
  }

  #copy(change: Change, beside: Buffer, there: Existing): void {
    const from = openBeneath(this.#request.upper, change.path, constants.O_RDONLY | constants.O_NONBLOCK);
    if (!from.ok) throw Object.assign(new Error(from.error), { code: from.error });
    try {
      const status = fstatSync(from.value);
      if (!status.isFile()) throw Object.assign(new Error('no file'), { code: 'EINVAL' });
      const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
      const to = openSync(beside, flags, 0o600);
      try {
        this.#content.copy(from.value, to, status);
        const plain = there?.isFile() === true ? there.mode & 0o666 : 0o644;
        fchownSync(to, this.#owner.uid, this.#owner.gid);
        fchmodSync(to, change.executable ? plain | ((plain & 0o444) >> 2) : plain);
      } finally {
        closeSync(to);
      }
    } finally {
      closeSync(from.value);
    }
  }
}

const WHY: Readonly<Record<string, string>> = {
  EEXIST: 'something was made here since',
  ENOTEMPTY: 'it holds what is not from the command',
  EACCES: 'it may not be written',
  EPERM: 'it may not be written',
  EROFS: 'it is on a read-only file system',
  ENOSPC: 'the disk is full',
  EFBIG: 'it claims far more bytes than it holds',
};

function existing(path: Buffer): Existing {
  try {
    return lstatSync(path);
  } catch (error) {
    if (errnoName(error) === 'ENOENT') return undefined;
    throw error;
  }
}
