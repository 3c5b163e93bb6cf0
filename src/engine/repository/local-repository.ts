import { realpath, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { type Refusal, type Result, err, ok, refusal, sha256 } from '../../base/index.ts';
import { git, NO_GIT } from './git.ts';
import { notItsOwn } from './own-git-folder.ts';

/** A folder on this machine as a repository: what an event is synthesised from and what a checkout copies. */
export interface LocalRepository {
  readonly directory: string;
  /** False for a folder that is no git work tree of its own: it is treated as a repository with one commit. */
  readonly git: boolean;
  /** True when an enclosing git work tree says which of its files are ignored. */
  readonly listed: boolean;
  /** `owner/name`, from the remote `origin`, else `local/FOLDER`. */
  readonly fullName: string;
  readonly head?: { readonly sha: string; readonly branch?: string; readonly parent?: string };
  readonly defaultBranch: string;
}

const REMOTE =
  /^(?:[a-z+]+:\/\/[^/]{1,200}\/|[^/@:]{1,100}@[^:/]{1,200}:)([\w.-]{1,100})\/([\w.-]{1,100}?)(?:\.git)?\/?$/;

async function text(directory: string, args: readonly string[]): Promise<string | undefined> {
  const answer = await git(directory, args);
  return answer.ok ? answer.value.toString('utf8').trim() || undefined : undefined;
}

/**
 * Reads what git knows of the folder; a folder without git is as good. Fails when there is no such folder, and when its
 * `.git` leads to what is not the folder's own.
 */
export async function openRepository(path: string): Promise<Result<LocalRepository, Refusal>> {
  let directory: string;
  try {
    directory = await realpath(path);
    if (!(await stat(directory)).isDirectory()) throw new Error('not a folder');
  } catch {
    return err(
      refusal('usage', 'repository/missing', `${path} is not a folder that can be read`, 'name a folder'),
    );
  }
  const asked = await git(directory, ['rev-parse', '--show-toplevel']);
  if (!asked.ok && asked.error.rule === NO_GIT) return asked;
  const top = asked.ok ? asked.value.toString('utf8').trim() : undefined;
  const own = top === directory;
  const folder = basename(directory).replaceAll(/[^\w.-]/g, '-') || 'repository';
  if (!own) {
    return ok({
      directory,
      git: false,
      listed: top !== undefined,
      fullName: `local/${folder}`,
      defaultBranch: 'main',
    });
  }
  const foreign = await notItsOwn(directory);
  if (foreign !== undefined) return err(notOwn(directory, foreign));
  const [sha, branch, parent, remote, remoteHead, known] = await Promise.all([
    text(directory, ['rev-parse', '--verify', '--quiet', 'HEAD^{commit}']),
    text(directory, ['symbolic-ref', '--short', '--quiet', 'HEAD']),
    text(directory, ['rev-parse', '--verify', '--quiet', 'HEAD^1^{commit}']),
    text(directory, ['config', '--local', '--get', 'remote.origin.url']),
    text(directory, ['symbolic-ref', '--short', '--quiet', 'refs/remotes/origin/HEAD']),
    text(directory, ['for-each-ref', '--format=%(refname:strip=2)', 'refs/heads/main', 'refs/heads/master']),
  ]);
  const branches = [branch, ...(known ?? '').split('\n')];
  const match = REMOTE.exec(remote ?? '');
  const guess = ['main', 'master'].find((name) => branches.includes(name)) ?? branch ?? 'main';
  return ok({
    directory,
    git: true,
    listed: true,
    fullName:
      match?.[1] !== undefined && match[2] !== undefined ? `${match[1]}/${match[2]}` : `local/${folder}`,
    ...(sha !== undefined && {
      head: { sha, ...(branch !== undefined && { branch }), ...(parent !== undefined && { parent }) },
    }),
    defaultBranch: remoteHead?.replace(/^origin\//, '') ?? guess,
  });
}

function notOwn(directory: string, why: string): Refusal {
  return refusal(
    'policy',
    'repository/not-its-own',
    `${directory} would show a job what is not its own: ${why}`,
    'make a whole clone of it: git clone --no-local --no-hardlinks',
  );
}

/** The commit that a name stands for in the local repository; a name may be a branch, a tag or a commit. */
export async function resolveCommit(
  repository: LocalRepository,
  name: string,
): Promise<Result<string, Refusal>> {
  const found = await resolveRef(repository, name);
  return found.ok ? ok(found.value.sha) : found;
}

/** The same with the full ref of the branch or tag; a commit has none. Of one name, the branch comes before the tag. */
export async function resolveRef(
  repository: LocalRepository,
  name: string,
): Promise<Result<{ readonly sha: string; readonly ref?: string }, Refusal>> {
  if (!repository.git)
    return ok({
      sha: snapshotCommit(repository),
      ref: name.startsWith('refs/') ? name : `refs/heads/${name}`,
    });
  const branch = `refs/heads/${name}`;
  const candidates: readonly (readonly [string, string | undefined])[] = name.startsWith('refs/')
    ? [[name, name]]
    : [
        [branch, branch],
        [`refs/tags/${name}`, `refs/tags/${name}`],
        [`refs/remotes/origin/${name}`, branch],
        ...(/^[0-9a-f]{7,40}$/.test(name) || name === 'HEAD' ? [[name, undefined] as const] : []),
      ];
  for (const [candidate, ref] of candidates) {
    const sha = await text(repository.directory, [
      'rev-parse',
      '--verify',
      '--quiet',
      '--end-of-options',
      `${candidate}^{commit}`,
    ]);
    if (sha !== undefined) return ok(ref === undefined ? { sha } : { sha, ref });
  }
  return err(
    refusal(
      'usage',
      'repository/unknown-ref',
      `${JSON.stringify(name)} is no branch, tag or commit of ${repository.directory}`,
      'fetch it first, or name another with --ref',
    ),
  );
}

/** Stands for the commit of a folder without git, until a checkout makes one. */
export function snapshotCommit(repository: LocalRepository): string {
  return sha256(repository.directory).slice('sha256:'.length, 'sha256:'.length + 40);
}
