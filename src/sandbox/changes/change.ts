/** What stands at a path. */
export type EntryType = 'file' | 'folder' | 'link' | 'other';

/** One difference between a folder and what a command made of its copy. */
export interface Change {
  readonly kind: 'added' | 'modified' | 'deleted';
  /** From the folder; any bytes but NUL, since the job chose them. */
  readonly path: Buffer;
  /** What it is now; for what was deleted, what it was. */
  readonly type: EntryType;
  /** Absent when there was nothing. A modified entry of another type takes the place of what was there. */
  readonly before?: EntryType;
  /** Only the executable bit of a file counts, as in git: other permissions are the folder's own. */
  readonly executable: boolean;
  readonly executableBefore: boolean;
  readonly sizeBytes: number;
  /** A link's target. */
  readonly target?: Buffer;
}

/** The order in which a person reads paths: by bytes, a folder before what it holds. */
export function byPath(a: Change, b: Change): number {
  return Buffer.compare(a.path, b.path);
}
