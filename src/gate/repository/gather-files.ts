import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join, posix } from 'node:path';
import { err, ok, type Refusal, refusal, type Result } from '../../base/index.ts';
import { ACTIONS_LOCK, OWN_LOCK } from '../lock/model.ts';

export type FileKind = 'workflow' | 'action' | 'dependabot' | 'codeowners' | 'policy' | 'lock' | 'pre-commit';

export interface GatheredFile {
  /** Within the repository, with `/`. */
  readonly path: string;
  readonly kind: FileKind;
  readonly read: Result<Uint8Array, Refusal>;
}

/** What of a file is read: GitHub takes no larger workflow. */
export const MAX_BYTES = 1_048_576;
const MAX_FILES = 5_000;
/** Folders that are looked through for actions; a repository with more says that it was not looked at whole. */
const MAX_FOLDERS = 4_000;
const MAX_DEPTH = 8;
const WORKFLOWS = /^\.(?:github|forgejo|gitea)\/workflows\/[^/]+\.ya?ml$/;
/** Their folders of workflows, and those above. */
const FORGES = /^\.(?:github|forgejo|gitea)(?:\/workflows)?$/;
const NEVER = new Set(['.git', 'node_modules', '.venv', 'vendor', 'target']);

/** What kind of file a path within a repository is; undefined when the gate does not read it. */
export function kindOf(path: string): FileKind | undefined {
  if (WORKFLOWS.test(path)) return 'workflow';
  if (/(?:^|\/)action\.ya?ml$/.test(path)) return 'action';
  if (/^\.github\/dependabot\.ya?ml$/.test(path)) return 'dependabot';
  if (/^(?:\.github\/|docs\/)?CODEOWNERS$/.test(path)) return 'codeowners';
  if (/^\.pre-commit-config\.ya?ml$/.test(path)) return 'pre-commit';
  if (path === ACTIONS_LOCK || path === OWN_LOCK) return 'lock';
  return path === 'cofferdam.yaml' ? 'policy' : undefined;
}

/**
 * Reads what the gate looks at below a folder, which a stranger may have filled: no link is followed and nothing else than
 * a plain file is opened, and both are told; sizes, numbers and depths are bounded, and so is that.
 */
export async function gatherFiles(root: string): Promise<readonly GatheredFile[]> {
  const found: GatheredFile[] = [];
  const open_: { path: string; depth: number }[] = [{ path: '', depth: 0 }];
  let folders = 0;
  for (let folder = open_.shift(); folder !== undefined; folder = open_.shift()) {
    folders += 1;
    if (folders > MAX_FOLDERS || found.length > MAX_FILES) {
      const why = `the repository has more than ${MAX_FOLDERS} folders or ${MAX_FILES} files to look at`;
      found.push({
        path: folder.path,
        kind: 'action',
        read: unreadable(folder.path, why, 'check a part of it'),
      });
      break;
    }
    const entries = await readdir(join(root, folder.path), { withFileTypes: true }).catch(
      (error: NodeJS.ErrnoException) => error,
    );
    if (entries instanceof Error) {
      // What is gone by now is no part of it.
      if (entries.code !== 'ENOENT') found.push(closed(folder.path, entries.code));
      continue;
    }
    for (const entry of entries) {
      const path = posix.join(folder.path, entry.name);
      const kind = kindOf(path);
      if (entry.isDirectory()) {
        const next = { path, depth: folder.depth + 1 };
        // First, so that however many others there are, workflows are found.
        if (FORGES.test(path)) open_.unshift(next);
        else if (isShown(entry.name) && folder.depth < MAX_DEPTH) open_.push(next);
      } else if (kind !== undefined) found.push({ path, kind, read: await plainFile(root, path) });
      else if (entry.isSymbolicLink() && FORGES.test(path))
        found.push({ path, kind: 'workflow', read: link(path) });
    }
  }
  return found.toSorted((a, b) => (a.path < b.path ? -1 : 1));
}

function isShown(name: string): boolean {
  return (!name.startsWith('.') || ['.github', '.forgejo', '.gitea'].includes(name)) && !NEVER.has(name);
}

/** A folder that cannot be looked into may hold anything. */
function closed(path: string, code: string | undefined): GatheredFile {
  const why = `${path === '' ? 'the folder' : path} cannot be looked into (${code})`;
  return { path, kind: 'action', read: unreadable(path, why, 'make it readable') };
}

/**
 * One plain file of at most 1 MiB, no link at its end. Read without waiting for other threads, which for many small files takes
 * several times as long: what is opened is no pipe that could block.
 */
export async function plainFile(root: string, path: string): Promise<Result<Uint8Array, Refusal>> {
  try {
    const file = openSync(join(root, path), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      const status = fstatSync(file);
      if (!status.isFile())
        return unreadable(path, `${path} is no plain file`, 'make it a plain file, or remove it');
      // One more than may be: whoever reads it says that it is too large.
      const bytes = Buffer.alloc(Math.min(status.size, MAX_BYTES) + 1);
      let length = 0;
      for (let got = 1; got > 0 && length < bytes.length; length += got)
        got = readSync(file, bytes, length, bytes.length - length, null);
      return ok(bytes.subarray(0, length));
    } finally {
      closeSync(file);
    }
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ELOOP') return link(path);
    return code === 'ENOENT' && path.includes('\ufffd')
      ? unreadable(path, `the name of ${path} is not UTF-8 text`, 'rename it')
      : unreadable(path, `${path} cannot be read (${code})`, 'make it readable');
  }
}

function link(path: string): Result<never, Refusal> {
  return unreadable(path, `${path} is a link, which is not followed`, 'put the file itself there');
}

function unreadable(path: string, why: string, fix: string): Result<never, Refusal> {
  return err(refusal('usage', 'gate/unread', why, fix, { file: path, line: 1, column: 1 }));
}
