import { mkdirSync, statfsSync } from 'node:fs';
import { mkdir, readdir, rm, rmdir, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { type Refusal, type Result, err, ok, refusal } from '../../base/index.ts';
import { giveFolder, labelled, runProgram } from './program.ts';

export interface WorkspaceRequest {
  /** An existing private folder (mode 0700) of the control side; all mounts are made below it, in `workspace/`. */
  readonly directory: string;
  /** The real path of the folder to copy on write; absent: the workspace begins empty. */
  readonly source?: string;
  /** What the job may write, in memory: the kernel refuses more with ENOSPC. */
  readonly sizeBytes: number;
  readonly inodes: number;
  /** The host's ids behind the job's own: whatever belongs to the source's owner belongs to them inside. Never 0. */
  readonly hostUid: number;
  readonly hostGid: number;
  /**
   * For an ordinary user, who may not show files as another's: the source is shown as it is, so that what belongs to
   * `hostUid`, which then may be 0 of a user namespace, is the job's. `given`: it is made to belong to the job first.
   */
  readonly unmapped?: 'as it is' | 'given';
  readonly exchangeBytes: number;
  readonly exchangeInodes: number;
  /** SELinux's, of every file that the job sees of it; the source's own labels stay as they are. */
  readonly label?: string | undefined;
}

export interface Workspace {
  /** What the job sees: the source with its changes. */
  readonly mergedHostPath: string;
  /** The changes alone (see `changes`). */
  readonly upperHostPath: string;
  /** A small folder that both sides write; nosuid, nodev, noexec, and links in it are never followed from outside. */
  readonly exchangeHostPath: string;
  /** What the kernel lets the job write, read back where the job writes; a few of the files are our own. */
  readonly room: { readonly bytes: number; readonly inodes: number };
  /** What the job's changes take; bytes are whole pages. */
  usage(): Promise<{ readonly bytes: number; readonly inodes: number }>;
  /** Whether there is room for nothing more at this moment. */
  full(): Promise<{ readonly bytes: boolean; readonly inodes: boolean }>;
  /**
   * Removes every mount and folder; safe to call twice. With `keepUpperAt`, a path that does not exist yet in an existing
   * private folder, the changes are first copied there: all of them, or nothing when they take more than `keepBytes` (by
   * default the size of the workspace). What could not be removed or kept is named.
   */
  close(options?: { readonly keepUpperAt?: string; readonly keepBytes?: number }): Promise<WorkspaceClosed>;
}

interface Keep {
  readonly at: string;
  readonly bytes: number;
}

export interface WorkspaceClosed {
  readonly leftBehind: readonly string[];
  /** Why the changes were not kept, when they were to be. */
  readonly notKept?: Refusal;
}

/** How many files and folders of a workspace are looked at when it is kept or compared. */
export const MOST_ENTRIES = 1_000_000;

/**
 * Mounts a job's workspace: the source as its owner's files, shown as the job's (an idmapped mount), under an overlay
 * whose upper layer is a tmpfs of the size allowed. The source is never written. Needs root; about 5 ms.
 *
 * Files of other owners than the source's are shown as nobody's: the job may read them where their mode lets everyone,
 * and may remove them from its own folders. Mounts below the source are not taken. Refused, with nothing left mounted,
 * when any step fails: a link in the source's path, a kernel too old. On a file system without idmapped mounts (an
 * overlay, memory before Linux 6.3, a network's) the source is copied into memory first, which takes as long as it is large.
 */
export async function openWorkspace(request: WorkspaceRequest): Promise<Result<Workspace, Refusal>> {
  const root = join(request.directory, 'workspace');
  try {
    // At once: the program that starts after it takes longest.
    mkdirSync(root, { mode: 0o700 });
  } catch (error) {
    return err(cannotMake(root, error));
  }
  const values = [
    request.sizeBytes,
    request.inodes,
    request.hostUid,
    request.hostGid,
    request.exchangeBytes,
    request.exchangeInodes,
  ].map(String);
  if (request.unmapped === 'given' && request.source !== undefined) {
    const given = await giveFolder(request.source, request.hostUid, request.hostGid);
    if (!given.ok) {
      await rmdir(root).catch(() => undefined);
      return given;
    }
  }
  const opened = await runProgram([
    ...labelled(request.label),
    request.unmapped === undefined ? 'open' : 'open-unmapped',
    root,
    ...values,
    ...(request.source === undefined ? [] : [request.source]),
  ]);
  if (!opened.ok) {
    await rmdir(root).catch(() => undefined);
    return opened;
  }
  return ok(assemble(root, request));
}

function assemble(root: string, request: WorkspaceRequest): Workspace {
  const used = (): { bytes: number; inodes: number } => {
    const { blocks, bfree, bsize, files, ffree } = statfsSync(root);
    return { bytes: (blocks - bfree) * bsize, inodes: files - ffree };
  };
  const atFirst = used();
  const shown = statfsSync(join(root, 'merged'));
  const upperHostPath = join(root, 'upper');
  let closing: Promise<WorkspaceClosed> | undefined;
  return {
    mergedHostPath: join(root, 'merged'),
    upperHostPath,
    exchangeHostPath: join(root, 'exchange'),
    room: { bytes: shown.blocks * shown.bsize, inodes: shown.files - atFirst.inodes },
    usage: () => {
      const now = used();
      return Promise.resolve({
        bytes: Math.max(0, now.bytes - atFirst.bytes),
        inodes: Math.max(0, now.inodes - atFirst.inodes),
      });
    },
    full: () => isFull(root),
    close: (options) => {
      const at = options?.keepUpperAt;
      const bytes = options?.keepBytes ?? request.sizeBytes;
      closing ??= closeWorkspace(root, upperHostPath, at === undefined ? undefined : { at, bytes });
      return closing;
    },
  };
}

/** A file system is full when not even a small file has room. */
export async function isFull(path: string): Promise<{ readonly bytes: boolean; readonly inodes: boolean }> {
  const { bfree, bsize, ffree } = await statfs(path);
  return { bytes: bfree * bsize < SMALL_FILE_BYTES, inodes: ffree === 0 };
}

const SMALL_FILE_BYTES = 65_536;

async function closeWorkspace(root: string, upper: string, keep: Keep | undefined): Promise<WorkspaceClosed> {
  const kept = keep === undefined ? ok(undefined) : await keepUpper(upper, keep);
  const gone = await unmountBelow(root);
  const removed = await rmdir(root).then(
    () => true,
    () => false,
  );
  const leftBehind = gone.ok && removed ? [] : [root];
  return kept.ok ? { leftBehind } : { leftBehind, notKept: kept.error };
}

/** Copies the changes, most of which is nothing at all for a workspace that nobody changed. */
async function keepUpper(upper: string, { at, bytes }: Keep): Promise<Result<undefined, Refusal>> {
  try {
    await mkdir(at, { mode: 0o700 });
    if ((await readdir(upper)).length === 0) return ok(undefined);
  } catch (error) {
    return err(cannotMake(at, error));
  }
  const kept = await runProgram(['keep', upper, at, String(bytes), String(MOST_ENTRIES)]);
  if (kept.ok) return ok(undefined);
  // A part is not what the command left, and must not be taken for it.
  await rm(at, { recursive: true, force: true });
  const { why, fix } = kept.error;
  if (!why.endsWith(TOO_LARGE))
    return err({ ...kept.error, why: why.replace(/^.*?: /, 'what the job changed was not kept: ') });
  return err(
    refusal(
      'limit',
      KEPT_TOO_LARGE,
      `what the job changed takes more than ${bytes} bytes, and was not kept`,
      `raise limits.artifacts of its zone (docs/configuration.md), or ${fix}`,
    ),
  );
}

/** The rule of that refusal. */
export const KEPT_TOO_LARGE = 'workspace/kept-too-large';
/** How the native program ends what it says when its bound was met. */
const TOO_LARGE = 'there is more than is allowed';

/**
 * Unmounts whatever is mounted at or below a folder of the control side, the deepest first: what a run left behind that
 * was killed. A mount in use leaves the tree at once and is freed with its last user. `directory` is a real path of at
 * least two names.
 */
export async function unmountBelow(directory: string): Promise<Result<undefined, Refusal>> {
  const done = await runProgram(['unmount', directory]);
  return done.ok ? ok(undefined) : done;
}

function cannotMake(path: string, error: unknown): Refusal {
  const why = error instanceof Error ? error.message : String(error);
  return refusal(
    'machine',
    'workspace/folder',
    `the folder ${path} cannot be made: ${why}`,
    'see that the state folder exists, is private and has room',
  );
}
