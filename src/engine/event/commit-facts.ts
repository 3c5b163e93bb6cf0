import { git } from '../repository/git.ts';
import type { LocalRepository } from '../repository/local-repository.ts';

export interface Person {
  readonly name: string;
  readonly email: string;
}

/** What git knows of a commit. Names and messages are whatever its author wrote. */
export interface CommitFacts {
  readonly sha: string;
  readonly tree: string;
  readonly parents: readonly string[];
  readonly author: Person;
  readonly authoredAt: string;
  readonly committer: Person;
  readonly committedAt: string;
  readonly message: string;
}

/** As many as GitHub's own `push` payload holds. */
const MAX_COMMITS = 20;
const MAX_MESSAGE = 65_536;
const FIELDS = ['%H', '%T', '%P', '%an', '%ae', '%aI', '%cn', '%ce', '%cI', '%B'];

/** The commits that `sha` has and `before` has not, oldest first and at most 20, `sha` the last; `sha` alone without `before`. */
export async function commitsUpTo(
  repository: LocalRepository,
  sha: string,
  before?: string,
): Promise<readonly CommitFacts[]> {
  if (!repository.git) return [];
  const answer = await git(repository.directory, [
    'log',
    '-z',
    '--no-color',
    '--no-show-signature',
    `--max-count=${before === undefined ? 1 : MAX_COMMITS}`,
    `--format=${FIELDS.join('%x1f')}`,
    '--end-of-options',
    sha,
    ...(before === undefined ? [] : [`^${before}`]),
    '--',
  ]);
  if (!answer.ok) return [];
  const lines = answer.value.toString('utf8').split('\0');
  return lines
    .flatMap((line) => commit(line))
    .toReversed()
    .slice(-MAX_COMMITS);
}

function commit(line: string): readonly CommitFacts[] {
  const [sha, tree, parents, name, email, authoredAt, committer, committerEmail, committedAt, ...message] =
    line.split('\x1f');
  if (
    sha === undefined ||
    tree === undefined ||
    parents === undefined ||
    name === undefined ||
    email === undefined ||
    authoredAt === undefined ||
    committer === undefined ||
    committerEmail === undefined ||
    committedAt === undefined
  )
    return [];
  return [
    {
      sha,
      tree,
      parents: parents.split(' ').filter(Boolean),
      author: { name, email },
      authoredAt,
      committer: { name: committer, email: committerEmail },
      committedAt,
      message: message.join('\x1f').trimEnd().slice(0, MAX_MESSAGE),
    },
  ];
}
