/** A file or a folder of an archive; folders come before what they hold. */
export interface ArchiveEntry {
  /** Without a leading slash. */
  readonly path: string;
  readonly mode: number;
  readonly content?: Uint8Array;
}

const FOLDER = 0o040_000;
const FILE = 0o100_000;
const END = 'TRAILER!!!';

export function folder(path: string): ArchiveEntry {
  return { path, mode: FOLDER | 0o755 };
}

export function file(path: string, content: Uint8Array, permissions: number): ArchiveEntry {
  return { path, mode: FILE | permissions, content };
}

/** The archive that a kernel takes as its first root (cpio's "newc", initramfs buffer format of the kernel), not compressed. */
export function initramfs(entries: readonly ArchiveEntry[]): Buffer {
  const parts = [...entries, { path: END, mode: 0 }].flatMap((entry, at) => member(entry, at + 1));
  return Buffer.concat(parts);
}

function member({ path, mode, content = new Uint8Array() }: ArchiveEntry, inode: number): readonly Buffer[] {
  const name = Buffer.from(`${path}\0`);
  const fields = [inode, mode, 0, 0, 1, 0, content.length, 0, 0, 0, 0, name.length, 0];
  const head = `070701${fields.map((value) => value.toString(16).padStart(8, '0')).join('')}`;
  return [padded(Buffer.concat([Buffer.from(head), name])), padded(Buffer.from(content))];
}

function padded(bytes: Buffer): Buffer {
  return Buffer.concat([bytes, Buffer.alloc((4 - (bytes.length % 4)) % 4)]);
}
