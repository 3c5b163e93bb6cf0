import {
  closeSync,
  fchmodSync,
  linkSync,
  mkdirSync,
  openSync,
  rmdirSync,
  symlinkSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import type { ArchiveEntry } from './archive.ts';
import { type ImageBounds, tooLarge, unusable } from './bounds.ts';
import { namesOf } from './names.ts';

interface Folder {
  readonly kind: 'folder';
  /** The number of the layer that named it last. */
  layer: number;
  readonly below: Map<string, Node>;
}

interface Leaf {
  readonly kind: 'file' | 'link';
  readonly layer: number;
  readonly target: string;
}

type Node = Folder | Leaf;

const WHITEOUT = '.wh.';
const OPAQUE = '.wh..wh..opq';

/**
 * A folder of ours in which layers are unpacked, one over the other (OCI image specification, "Applying Changesets").
 *
 * What was unpacked is known from our own list, never asked of the file system: no path is ever resolved through a link,
 * because an entry whose parent is not a folder of that list is refused. Everything is made anew (`O_EXCL`, after what stood
 * there was removed), so nothing is written through a link either. All files belong to us and are readable by everyone; of
 * their modes only "executable" is kept: no set-user-id, no owner, no extended attribute, no time.
 */
export class UnpackedTree {
  readonly #root: Buffer;
  readonly #bounds: ImageBounds;
  readonly #top: Folder = { kind: 'folder', layer: 0, below: new Map() };
  #layer = 0;
  #entries = 0;
  #writing: number | undefined;

  /** `root` is an existing empty folder that nobody else can write to. */
  constructor(root: string, bounds: ImageBounds) {
    this.#root = Buffer.from(`${root}/`);
    this.#bounds = bounds;
  }

  beginLayer(): void {
    this.#layer += 1;
  }

  /** Takes an entry; gives where a file's content goes, until `done`. */
  take(entry: ArchiveEntry): ((chunk: Buffer) => void) | undefined {
    this.#entries += 1;
    if (this.#entries > this.#bounds.entries) throw tooLarge('the number of entries', this.#bounds.entries);
    const names = namesOf(entry.path, this.#bounds);
    const name = names.at(-1);
    if (name === undefined) {
      if (entry.kind !== 'folder') throw unusable('path', 'the root of a layer is not a folder');
      return undefined;
    }
    // No image's own /dev is ever shown; anywhere else a device or a pipe has no place.
    if (entry.kind === 'special') {
      if (names[0] === 'dev' && names.length > 1) return undefined;
      throw unusable('entry', `a layer has a device or a pipe at ${shown(names)}`);
    }
    if (names.slice(0, -1).some((one) => one.startsWith(WHITEOUT))) throw reserved(names);
    const parents = names.slice(0, -1);
    if (name.startsWith(WHITEOUT)) {
      this.#whiteOut(entry, names, name);
      return undefined;
    }
    const parent = this.#parent(parents);
    const path = this.#path(names);
    if (entry.kind === 'folder') {
      const there = parent.below.get(name);
      if (there?.kind === 'folder') there.layer = this.#layer;
      else this.#makeFolder(parent, name, path);
      return undefined;
    }
    if (entry.kind === 'hard-link') {
      this.#link(parent, name, path, entry);
      return undefined;
    }
    this.#clear(parent, names, name);
    if (entry.kind === 'link') {
      const { target } = entry;
      if (target === '' || target.includes('\0'))
        throw unusable('entry', `the link ${shown(names)} has no target`);
      if (target.length > this.#bounds.linkTargetBytes)
        throw tooLarge("the length of a link's target", this.#bounds.linkTargetBytes);
      symlinkSync(Buffer.from(target, 'latin1'), path);
      parent.below.set(name, { kind: 'link', layer: this.#layer, target });
      return undefined;
    }
    const file = openSync(path, 'wx', 0o600);
    this.#writing = file;
    fchmodSync(file, entry.executable ? 0o555 : 0o444);
    parent.below.set(name, { kind: 'file', layer: this.#layer, target: '' });
    return (chunk) => {
      for (let at = 0; at < chunk.length; ) at += writeSync(file, chunk, at);
    };
  }

  /** Ends the entry that was taken last. */
  done(): void {
    if (this.#writing !== undefined) closeSync(this.#writing);
    this.#writing = undefined;
  }

  #path(names: readonly string[]): Buffer {
    return Buffer.concat([this.#root, Buffer.from(names.join('/'), 'latin1')]);
  }

  /** The folder of that path, made where nothing is. */
  #parent(names: readonly string[]): Folder {
    let at = this.#top;
    for (const [depth, name] of names.entries()) {
      const next = at.below.get(name);
      if (next === undefined) at = this.#makeFolder(at, name, this.#path(names.slice(0, depth + 1)));
      else if (next.kind === 'folder') at = next;
      else throw throughLink(names.slice(0, depth + 1));
    }
    return at;
  }

  #makeFolder(parent: Folder, name: string, path: Buffer): Folder {
    if (parent.below.has(name)) unlinkSync(path);
    mkdirSync(path, { mode: 0o755 });
    const made: Folder = { kind: 'folder', layer: this.#layer, below: new Map() };
    parent.below.set(name, made);
    return made;
  }

  /** What a path names, without going through anything but folders. */
  #find(names: readonly string[]): Node | undefined {
    let at: Node | undefined = this.#top;
    for (const [depth, name] of names.entries()) {
      if (at === undefined) return undefined;
      if (at.kind !== 'folder') throw throughLink(names.slice(0, depth));
      at = at.below.get(name);
    }
    return at;
  }

  #link(parent: Folder, name: string, path: Buffer, entry: ArchiveEntry): void {
    const targetNames = namesOf(entry.target, this.#bounds);
    const target = this.#find(targetNames);
    if (target === undefined || target.kind === 'folder')
      throw unusable('entry', `a hard link points to ${shown(targetNames)}, where no file is`);
    if (parent.below.get(name) === target) return;
    const names = namesOf(entry.path, this.#bounds);
    if (targetNames.join('/').startsWith(`${names.join('/')}/`))
      throw unusable('entry', `a hard link would replace the folder of its target`);
    this.#clear(parent, names, name);
    // link(2) makes another name of the link itself, never of what it points to.
    linkSync(this.#path(targetNames), path);
    parent.below.set(name, { ...target, layer: this.#layer });
  }

  /** Removes what stands at an entry's own place. */
  #clear(parent: Folder, names: readonly string[], name: string): void {
    const there = parent.below.get(name);
    if (there !== undefined) this.#remove(parent, names, name, there, Number.POSITIVE_INFINITY);
  }

  /** What a layer says is gone is gone only of the layers below it. */
  #whiteOut(entry: ArchiveEntry, names: readonly string[], name: string): void {
    if (entry.kind !== 'file' || entry.size !== 0) throw reserved(names);
    const parents = names.slice(0, -1);
    const folder = this.#find(parents);
    if (folder === undefined) return;
    if (folder.kind !== 'folder') throw throughLink(parents);
    if (name === OPAQUE) {
      for (const [child, node] of folder.below)
        this.#remove(folder, [...parents, child], child, node, this.#layer);
      return;
    }
    const gone = name.slice(WHITEOUT.length);
    if (gone === '' || gone === '.' || gone === '..' || gone.startsWith(WHITEOUT)) throw reserved(names);
    const node = folder.below.get(gone);
    if (node !== undefined) this.#remove(folder, [...parents, gone], gone, node, this.#layer);
  }

  /** Removes what layers before `before` put there, and the folders that this leaves empty. */
  #remove(parent: Folder, names: readonly string[], name: string, node: Node, before: number): void {
    if (node.kind === 'folder') {
      for (const [child, one] of node.below) this.#remove(node, [...names, child], child, one, before);
      if (node.below.size > 0 || node.layer >= before) return;
      rmdirSync(this.#path(names));
    } else {
      if (node.layer >= before) return;
      unlinkSync(this.#path(names));
    }
    parent.below.delete(name);
  }
}

function shown(names: readonly string[]): string {
  return JSON.stringify(names.join('/').slice(0, 200));
}

function throughLink(names: readonly string[]) {
  return unusable('path', `a layer has an entry below ${shown(names)}, which is not a folder`);
}

function reserved(names: readonly string[]) {
  return unusable('entry', `a layer has an entry with a reserved name at ${shown(names)}`);
}
