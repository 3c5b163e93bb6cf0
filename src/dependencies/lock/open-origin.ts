import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ok, type Refusal, type Result } from '../../base/index.ts';
import { git } from './git.ts';
import type { Origin } from './mirrors.ts';

/** Bytes that one repository may bring onto this machine. */
const MAX_BYTES = 1_073_741_824;

/** A repository that can be read. */
export interface OpenOrigin {
  /** Where its branches, tags and history are. */
  readonly directory: string;
  /** Where the whole of a commit is. */
  readonly whole: (commit: string) => Promise<Result<string, Refusal>>;
  readonly close: () => void;
}

/**
 * Opens a repository. A folder is read where it lies. Of a server only the branches and tags are fetched, into a folder of ours that goes
 * afterwards, and then the one commit that is asked for: what the server would give by a number alone (a fork\u2019s commits) is not among
 * the first.
 */
export async function openOrigin(
  origin: Origin,
  outside: Readonly<Record<string, string>>,
): Promise<Result<OpenOrigin, Refusal>> {
  if (origin.kind === 'folder') {
    const found = await git({ directory: origin.folder, args: ['rev-parse', '--git-dir'] });
    if (!found.ok) return found;
    return ok({
      directory: origin.folder,
      whole: () => Promise.resolve(ok(origin.folder)),
      close: () => undefined,
    });
  }
  const top = mkdtempSync(join(tmpdir(), 'cofferdam-lock-'));
  const close = (): void => rmSync(top, { recursive: true, force: true });
  const fetched = async (name: string, what: readonly string[]): Promise<Result<string, Refusal>> => {
    const directory = join(top, name);
    const made = await git({
      directory: top,
      args: ['init', '--quiet', '--bare', '--template=', '--end-of-options', directory],
    });
    if (!made.ok) return made;
    const [options, refs] = [
      what.filter((one) => one.startsWith('--')),
      what.filter((one) => !one.startsWith('--')),
    ];
    const done = await git({
      directory,
      protocol: 'https',
      outside,
      fits: () => bytesBelow(top) <= MAX_BYTES,
      args: [
        'fetch',
        '--quiet',
        '--no-tags',
        '--no-write-fetch-head',
        '--no-recurse-submodules',
        ...options,
        '--end-of-options',
        origin.url,
        ...refs,
      ],
    });
    return done.ok ? ok(directory) : done;
  };
  const history = await fetched('history', [
    '--filter=blob:none',
    '+refs/heads/*:refs/heads/*',
    '+refs/tags/*:refs/tags/*',
  ]);
  if (!history.ok) {
    close();
    return history;
  }
  return ok({ directory: history.value, close, whole: (commit) => fetched(commit, ['--depth=1', commit]) });
}

function bytesBelow(folder: string): number {
  let bytes = 0;
  try {
    for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true }))
      if (entry.isFile())
        bytes += statSync(join(entry.parentPath, entry.name), { throwIfNoEntry: false })?.size ?? 0;
  } catch {
    // Git renames and removes its own while we look; the next look is a quarter of a second away.
  }
  return bytes;
}
