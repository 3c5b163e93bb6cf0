import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  readdirSync,
  readlinkSync,
  readSync,
  type Stats,
} from 'node:fs';
import { err, ok, type Refusal, refusal, type Result } from '../../base/index.ts';
import { errnoName, inFolder, openBeneath, openFolder, pathNames } from '../workspace/open-beneath.ts';
import { MOST_ENTRIES } from '../workspace/open-workspace.ts';
import { byPath, type Change, type EntryType } from './change.ts';
import { type LayerEntry, listLayer } from './layer-list.ts';

const CHUNK = 1 << 16;

export function typeOf(status: Stats): EntryType {
  if (status.isFile()) return 'file';
  if (status.isDirectory()) return 'folder';
  return status.isSymbolicLink() ? 'link' : 'other';
}

/** What stands at a path below a folder, without following a link anywhere on the way; undefined when nothing does. */
export function statBeneath(root: string | number, path: Buffer): Stats | undefined {
  const names = pathNames(path);
  const last = names.ok ? names.value.at(-1) : undefined;
  if (!names.ok || last === undefined) return undefined;
  const folder = openFolder(root, names.value.slice(0, -1));
  if (!folder.ok) return undefined;
  try {
    return lstatSync(inFolder(folder.value, last));
  } catch {
    return undefined;
  } finally {
    closeSync(folder.value);
  }
}

/**
 * Compares a folder with the upper layer that a job left over it (`upper`, kept or still mounted). Everything that was
 * deleted is listed by itself, also what a deleted folder held. What was touched and is as it was is not listed. Neither
 * side's links are followed. Fails when either has more than a million entries to look at.
 */
export async function listChanges(
  folder: string,
  upper: string,
): Promise<Result<readonly Change[], Refusal>> {
  const layer = await listLayer(upper);
  if (!layer.ok) return layer;
  const lister = new Lister(folder, upper, layer.value);
  try {
    for (const entry of layer.value) lister.take(entry);
  } catch (error) {
    if (error instanceof TooMany) return err(tooMany());
    throw error;
  }
  return ok(lister.changes.toSorted(byPath));
}

class TooMany extends Error {}

class Lister {
  readonly changes: Change[] = [];
  readonly #folder: string;
  readonly #upper: string;
  /** Paths of the layer, so that what an opaque folder hides can be told from what it holds. */
  readonly #present: ReadonlySet<string>;
  /** Where the source has nothing (any more) that could show through. */
  readonly #hidden = new Set<string>();

  constructor(folder: string, upper: string, entries: readonly LayerEntry[]) {
    this.#folder = folder;
    this.#upper = upper;
    this.#present = new Set(entries.map((entry) => entry.path.toString('latin1')));
  }

  take(entry: LayerEntry): void {
    const status = statBeneath(this.#folder, entry.path);
    const before = status === undefined ? undefined : typeOf(status);
    if (entry.type === 'whiteout') {
      if (status !== undefined && before !== undefined) this.#deleted(entry.path, status, before);
      return;
    }
    const executableBefore = before === 'file' && ((status?.mode ?? 0) & 0o100) !== 0;
    const base = {
      path: entry.path,
      executable: entry.executable,
      executableBefore,
      sizeBytes: entry.sizeBytes,
    };
    const target = entry.target === undefined ? {} : { target: entry.target };
    if (before === undefined || status === undefined) {
      this.#add({ ...base, ...target, kind: 'added', type: entry.type });
      return;
    }
    if (before === 'folder' && (entry.opaque || entry.type !== 'folder')) this.#below(entry.path);
    if (before === entry.type && this.#same(entry, status)) return;
    this.#add({ ...base, ...target, kind: 'modified', type: entry.type, before });
  }

  #add(change: Change): void {
    if (this.changes.length >= MOST_ENTRIES) throw new TooMany();
    this.changes.push(change);
  }

  #deleted(path: Buffer, status: Stats, before: EntryType): void {
    if (before === 'folder') this.#below(path);
    const executableBefore = before === 'file' && (status.mode & 0o100) !== 0;
    const sizeBytes = before === 'file' ? status.size : 0;
    this.#add({
      kind: 'deleted',
      path,
      type: before,
      before,
      executable: false,
      executableBefore,
      sizeBytes,
    });
  }

  /** Everything that the source has below a folder, and the layer does not, is gone. */
  #below(path: Buffer): void {
    const key = path.toString('latin1');
    if (this.#hidden.has(key)) return;
    this.#hidden.add(key);
    const names = pathNames(path);
    const opened = names.ok ? openFolder(this.#folder, names.value) : names;
    if (!opened.ok) return;
    try {
      for (const name of readdirSync(`/proc/self/fd/${opened.value}/.`, { encoding: 'buffer' })) {
        const inner = Buffer.concat([path, Buffer.from('/'), name]);
        const status = statBeneath(opened.value, name);
        if (status === undefined) continue;
        const type = typeOf(status);
        if (!this.#present.has(inner.toString('latin1'))) this.#deleted(inner, status, type);
        else if (type === 'folder') this.#below(inner);
      }
    } finally {
      closeSync(opened.value);
    }
  }

  #same(entry: LayerEntry, status: Stats): boolean {
    switch (entry.type) {
      case 'folder':
        return true;
      case 'link':
        return entry.target?.equals(linkTarget(this.#folder, entry.path)) ?? false;
      case 'file':
        return (
          status.size === entry.sizeBytes &&
          ((status.mode & 0o100) !== 0) === entry.executable &&
          sameBytes(this.#folder, this.#upper, entry.path)
        );
      default:
        return false;
    }
  }
}

function linkTarget(root: string, path: Buffer): Buffer {
  const names = pathNames(path);
  const last = names.ok ? names.value.at(-1) : undefined;
  const folder = names.ok ? openFolder(root, names.value.slice(0, -1)) : names;
  if (!folder.ok || last === undefined) return Buffer.of();
  try {
    return readlinkSync(inFolder(folder.value, last), { encoding: 'buffer' });
  } catch (error) {
    errnoName(error);
    return Buffer.of();
  } finally {
    closeSync(folder.value);
  }
}

/** True when both folders have a plain file of these very bytes at the path. */
export function sameBytes(one: string | number, other: string | number, path: Buffer): boolean {
  const flags = constants.O_RDONLY | constants.O_NONBLOCK;
  const a = openBeneath(one, path, flags);
  if (!a.ok) return false;
  const b = openBeneath(other, path, flags);
  try {
    if (!b.ok || !fstatSync(a.value).isFile() || !fstatSync(b.value).isFile()) return false;
    const left = Buffer.alloc(CHUNK);
    const right = Buffer.alloc(CHUNK);
    for (let at = 0; ; ) {
      const got = readSync(a.value, left, 0, CHUNK, at);
      const had = readSync(b.value, right, 0, CHUNK, at);
      if (got !== had || left.compare(right, 0, had, 0, got) !== 0) return false;
      if (got === 0) return true;
      at += got;
    }
  } finally {
    closeSync(a.value);
    if (b.ok) closeSync(b.value);
  }
}

function tooMany(): Refusal {
  return refusal(
    'limit',
    'workspace/too-many-changes',
    `more than ${MOST_ENTRIES} files and folders were changed`,
    'lower zones.ZONE.limits.workspaceInodes in your cofferdam.yaml, or work in a smaller folder',
  );
}
