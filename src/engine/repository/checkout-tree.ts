import { constants } from 'node:fs';
import { chmod, copyFile, lstat, mkdir, readlink, readdir, rm, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Refusal, type Result, err, formatSize, ok, refusal } from '../../base/index.ts';
import { git } from './git.ts';
import { isGitName } from '../../sandbox/index.ts';
import type { LocalRepository } from './local-repository.ts';
import { refuseLargeTree, type TreeBounds, treeTooLarge } from './tree-size.ts';

/** What `actions/checkout` was asked for, after its inputs were evaluated. */
export interface CheckoutRequest {
  /** A commit; absent: the work tree as it lies there, with what is not committed yet. */
  readonly commit?: string;
  /** What the checked-out commit is called: `refs/heads/main`, `refs/tags/v1`, `refs/pull/1/merge`. */
  readonly ref: string;
  /** Commits of history; 0 is all of it. */
  readonly depth: number;
  readonly tags: boolean;
  /** Shown as the remote `origin`; it carries no credential. */
  readonly remoteUrl: string;
}

/** A fixed identity and time, so that the same folder gives the same commit everywhere. */
const SNAPSHOT_IDENTITY = {
  GIT_AUTHOR_NAME: 'snapshot',
  GIT_AUTHOR_EMAIL: 'snapshot@localhost',
  GIT_AUTHOR_DATE: '2000-01-01T00:00:00Z',
  GIT_COMMITTER_NAME: 'snapshot',
  GIT_COMMITTER_EMAIL: 'snapshot@localhost',
  GIT_COMMITTER_DATE: '2000-01-01T00:00:00Z',
};

/**
 * Makes at `target` (which must not exist) what a fresh `actions/checkout` leaves: the files and a `.git` of its own,
 * with the asked depth, and without the original's configuration, hooks, credentials, other branches, stashes or reflogs.
 * Nothing that the repository names is run. Gives the commit that stands at HEAD.
 */
export async function prepareCheckout(
  repository: LocalRepository,
  request: CheckoutRequest,
  target: string,
  bounds: TreeBounds,
): Promise<Result<{ readonly commit: string; readonly uncommitted: boolean }, Refusal>> {
  await mkdir(target, { recursive: true, mode: 0o755 });
  const started = await git(target, ['init', '--quiet', '--template=']);
  if (!started.ok) return started;
  const commit = request.commit ?? repository.head?.sha;
  if (repository.git && commit !== undefined) {
    const fetched = await fetchHistory(repository, request, commit, target);
    if (!fetched.ok) return fetched;
    const fits = await refuseLargeTree(target, commit, bounds, `${request.ref} of ${repository.directory}`);
    if (!fits.ok) return fits;
  }
  if (request.commit === undefined) {
    const copied = await copyWorkTree(repository, target, bounds);
    if (!copied.ok) return copied;
  }
  const remote = await git(target, ['config', 'remote.origin.url', request.remoteUrl]);
  if (!remote.ok) return remote;
  return repository.git && commit !== undefined
    ? finish(target, request, commit)
    : commitSnapshot(target, request);
}

async function fetchHistory(
  repository: LocalRepository,
  request: CheckoutRequest,
  commit: string,
  target: string,
): Promise<Result<Buffer, Refusal>> {
  const whole = await refusePartialClone(repository);
  if (!whole.ok) return whole;
  const args = [
    'fetch',
    '--quiet',
    '--no-write-fetch-head',
    '--no-recurse-submodules',
    request.tags ? '--tags' : '--no-tags',
    ...(request.depth > 0 ? [`--depth=${request.depth}`] : []),
    // Encoded: git decodes what follows `file://`, and a folder may be called `a%2f..%2fother`.
    pathToFileURL(repository.directory).href,
    `+${commit}:refs/cofferdam/fetched`,
    ...(request.depth === 0 ? ['+refs/heads/*:refs/remotes/origin/*'] : []),
  ];
  return git(target, args, { GIT_ALLOW_PROTOCOL: 'file' });
}

/**
 * A partial clone has objects missing, and the other side of a fetch would get them by running what the repository's
 * `remote.NAME.uploadpack` names. It is the one place where git is let speak to a repository at all.
 */
async function refusePartialClone(repository: LocalRepository): Promise<Result<undefined, Refusal>> {
  const promised = await git(repository.directory, ['config', '--includes', '--name-only', '--list']);
  if (!promised.ok) return promised;
  const found = promised.value
    .toString('utf8')
    .split('\n')
    .find((key) => /^(?:remote\..*\.(?:promisor|partialclonefilter)|extensions\.partialclone)$/i.test(key));
  if (found === undefined) return ok(undefined);
  return err(
    refusal(
      'usage',
      'repository/partial-clone',
      `${repository.directory} is a partial clone (${found}), of which objects may be missing`,
      'make a whole clone: git clone without --filter',
    ),
  );
}

async function finish(
  target: string,
  request: CheckoutRequest,
  commit: string,
): Promise<Result<{ readonly commit: string; readonly uncommitted: boolean }, Refusal>> {
  const branch = /^refs\/heads\/(.{1,200})$/.exec(request.ref)?.[1];
  const steps: readonly (readonly string[])[] = [
    ...(branch === undefined
      ? [['update-ref', '--no-deref', 'HEAD', commit]]
      : [
          ['update-ref', `refs/remotes/origin/${branch}`, commit],
          ['update-ref', `refs/heads/${branch}`, commit],
          ['symbolic-ref', 'HEAD', `refs/heads/${branch}`],
        ]),
    ...(request.ref.startsWith('refs/pull/')
      ? [['update-ref', request.ref.replace('refs/', 'refs/remotes/'), commit]]
      : request.ref.startsWith('refs/tags/')
        ? [['update-ref', request.ref, commit]]
        : []),
    ['update-ref', '-d', 'refs/cofferdam/fetched'],
    request.commit === undefined ? ['read-tree', 'HEAD'] : ['read-tree', '--reset', '-u', 'HEAD'],
  ];
  for (const step of steps) {
    const done = await git(target, step);
    if (!done.ok) return done;
  }
  if (request.commit !== undefined) return ok({ commit, uncommitted: false });
  const status = await git(target, ['status', '--porcelain', '-z', '--untracked-files=normal']);
  if (!status.ok) return status;
  return ok({ commit, uncommitted: status.value.length > 0 });
}

async function commitSnapshot(
  target: string,
  request: CheckoutRequest,
): Promise<Result<{ readonly commit: string; readonly uncommitted: boolean }, Refusal>> {
  const branch = /^refs\/heads\/(.{1,200})$/.exec(request.ref)?.[1] ?? 'main';
  for (const step of [
    ['symbolic-ref', 'HEAD', `refs/heads/${branch}`],
    ['add', '--all', '--force', '.'],
    ['commit', '--quiet', '--allow-empty', '--no-verify', '--no-gpg-sign', '-m', 'The folder as it was'],
  ]) {
    const done = await git(target, step, SNAPSHOT_IDENTITY);
    if (!done.ok) return done;
  }
  const commit = await git(target, ['rev-parse', 'HEAD']);
  return commit.ok ? ok({ commit: commit.value.toString('utf8').trim(), uncommitted: false }) : commit;
}

/**
 * Names of the work tree's files. Refused: a name that is not UTF-8, since bytes would be lost in it, and one that leads
 * out of the tree or into git's own data. Git's index may hold any (git checks names when it writes one and not when it
 * reads one), and what is copied is our checkout's own configuration otherwise.
 */
async function listWorkTree(
  repository: LocalRepository,
  bounds: TreeBounds,
): Promise<Result<readonly string[], Refusal>> {
  if (repository.listed) {
    const listed = await git(repository.directory, [
      'ls-files',
      '-z',
      '--cached',
      '--others',
      '--exclude-standard',
      '--',
      '.',
    ]);
    if (!listed.ok) return listed;
    const names = listed.value
      .toString('utf8')
      .split('\0')
      .filter((name) => name !== '');
    if (Buffer.byteLength(names.join('\0')) + 1 < listed.value.length) {
      return err(unusableName(repository, 'is not UTF-8'));
    }
    if (!names.every(isPlainName)) {
      return err(unusableName(repository, 'leads out of it or into its git data'));
    }
    return ok([...new Set(names)]);
  }
  const names: string[] = [];
  for (const entry of await readdir(repository.directory, { recursive: true, withFileTypes: true })) {
    const name = join(entry.parentPath, entry.name).slice(repository.directory.length + 1);
    // The git data of repositories in it neither: it is their configuration, and ours would be asked to obey it.
    if (entry.isDirectory() || name.split('/').some(isGitName)) continue;
    names.push(name);
    if (names.length > bounds.files) break;
  }
  return ok(names);
}

async function copyWorkTree(
  repository: LocalRepository,
  target: string,
  bounds: TreeBounds,
): Promise<Result<undefined, Refusal>> {
  const names = await listWorkTree(repository, bounds);
  if (!names.ok) return names;
  if (names.value.length > bounds.files) {
    return err(tooLarge(repository, `more than ${bounds.files} files`));
  }
  let bytes = 0;
  const made = new Set<string>();
  for (const name of names.value) {
    const from = join(repository.directory, name);
    const to = join(target, name);
    const found = await lstat(from).catch(() => undefined);
    // Deleted in the work tree, a submodule's folder, a socket or a pipe: not part of a checkout.
    if (found === undefined || !(found.isFile() || found.isSymbolicLink())) continue;
    if (!(await plainParents(repository.directory, dirname(name)))) continue;
    bytes += found.size;
    if (bytes > bounds.bytes) return err(tooLarge(repository, `more than ${formatSize(bounds.bytes)}`));
    const parent = dirname(to);
    if (!made.has(parent)) {
      await mkdir(parent, { recursive: true, mode: 0o755 });
      made.add(parent);
    }
    await rm(to, { force: true });
    if (found.isSymbolicLink()) await symlink(await readlink(from), to);
    else {
      await copyFile(from, to, constants.COPYFILE_FICLONE | constants.COPYFILE_EXCL);
      await chmod(to, (found.mode & 0o111) === 0 ? 0o644 : 0o755);
    }
  }
  return ok(undefined);
}

/** False when a parent folder is a link: what lies behind it is not part of the tree. */
async function plainParents(root: string, relative: string): Promise<boolean> {
  let at = root;
  for (const part of relative === '.' ? [] : relative.split('/')) {
    at = join(at, part);
    const found = await lstat(at).catch(() => undefined);
    if (found === undefined || !found.isDirectory()) return false;
  }
  return true;
}

/** A submodule's or another repository's folder ends in a slash, and is not copied. */
function isPlainName(name: string): boolean {
  return name
    .replace(/\/$/, '')
    .split('/')
    .every((part) => part !== '' && part !== '.' && part !== '..' && !isGitName(part));
}

function tooLarge(repository: LocalRepository, what: string): Refusal {
  return treeTooLarge(`the work tree of ${repository.directory}`, what);
}

function unusableName(repository: LocalRepository, how: string): Refusal {
  return refusal(
    'usage',
    'repository/file-name',
    `${repository.directory} holds a file whose name ${how}`,
    'rename it; if you did not make it, do not trust the folder\u2019s .git',
  );
}
