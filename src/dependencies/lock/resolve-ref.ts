import { err, ok, type Refusal, refusal, type Result } from '../../base/index.ts';
import type { OwnLockEntry, Pin } from '../../gate/index.ts';
import { isCommit, partsOf } from '../../gate/index.ts';
import { git } from './git.ts';

/** What a ref of a repository stands for. */
export interface ResolvedRef {
  readonly commit: string;
  readonly kind: OwnLockEntry['kind'];
  readonly tags: readonly string[];
  /** Branches that have the commit in their history; of a commit that is written out, at least one or a tag. */
  readonly branch?: string;
  readonly committed: string;
}

const MAX_REFS = 200_000;

/**
 * Finds the commit of a pin among the branches and tags of its repository. An annotated tag is peeled. Refused: a name that is a branch
 * and a tag at different commits, a commit in short, a commit that no branch and no tag has (another repository of the same network of
 * forks can be asked for by that number: an impostor), a ref that is not there, and a name that looks like another commit.
 */
export async function resolveRef(directory: string, pin: Pin): Promise<Result<ResolvedRef, Refusal>> {
  const { ref } = partsOf(pin);
  const names = await refsIn(directory);
  if (!names.ok) return names;
  const { tags, branches } = names.value;
  const bare = ref.replace(/^refs\/(?:heads|tags)\//, '');
  const tag = ref.startsWith('refs/heads/') ? undefined : tags.get(bare);
  const branch = ref.startsWith('refs/tags/') ? undefined : branches.get(bare);
  const named = tag ?? branch;
  if (isCommit(ref)) {
    if (named !== undefined && named !== ref)
      return refuse(
        'lock/ref-confusion',
        `${pin} is a commit, and the name of a ${tag === undefined ? 'branch' : 'tag'} at another`,
        'use another commit: somebody made that name to be taken for it',
      );
    return contained(directory, pin, ref, 'commit', tags);
  }
  if (tag !== undefined && branch !== undefined && tag !== branch)
    return refuse(
      'lock/ref-confusion',
      `${pin} is a tag at ${tag} and a branch at ${branch}`,
      `name the commit, or refs/tags/${bare}`,
    );
  if (named === undefined) {
    const short = /^[0-9a-f]{7,39}$/.test(ref);
    return short
      ? refuse(
          'lock/short-commit',
          `${pin} is a commit in short, which others can be made to begin with`,
          'name the whole commit',
        )
      : refuse(
          'lock/no-ref',
          `there is no branch and no tag ${ref} in ${partsOf(pin).repository}`,
          'name one that is there',
        );
  }
  const kind = tag === undefined ? 'branch' : branch === undefined ? 'tag' : 'tag and branch';
  return contained(directory, pin, named, kind, tags);
}

async function contained(
  directory: string,
  pin: Pin,
  commit: string,
  kind: ResolvedRef['kind'],
  tags: ReadonlyMap<string, string>,
): Promise<Result<ResolvedRef, Refusal>> {
  const date = await git({
    directory,
    args: [
      'show',
      '--no-patch',
      '--no-show-signature',
      '--format=%ct',
      '--end-of-options',
      `${commit}^{commit}`,
    ],
  });
  if (!date.ok)
    return refuse(
      'lock/no-commit',
      `${pin} is not in ${partsOf(pin).repository}`,
      'name a commit that is there',
    );
  const holders = await git({
    directory,
    args: [
      'for-each-ref',
      '--count=1',
      `--contains=${commit}`,
      '--format=%(refname)',
      'refs/heads',
      'refs/tags',
      'refs/remotes/origin',
    ],
  });
  if (!holders.ok) return holders;
  const holder = holders.value.toString('utf8').trim();
  if (holder === '')
    return refuse(
      'lock/impostor-commit',
      `${commit} is in no branch and no tag of ${partsOf(pin).repository}: whoever forks it can put such a commit there`,
      'name a commit of a release; if you did not write this one, look at who did',
    );
  const at = [...tags].filter(([, other]) => other === commit).map(([name]) => name);
  const seconds = Number(date.value.toString('latin1').trim());
  return ok({
    commit,
    kind,
    tags: at.toSorted(byExactness).slice(0, 20),
    committed: new Date(seconds * 1_000).toISOString().replace(/\.\d+Z$/, 'Z'),
    branch: holder.replace(/^refs\/(?:heads|tags|remotes\/origin)\//, ''),
  });
}

/** `v4.1.2` before `v4.1` before `v4` before other names. */
function byExactness(a: string, b: string): number {
  const weight = (name: string): number => (/^v?\d+(?:\.\d+)*$/.test(name) ? name.split('.').length : 0);
  return weight(b) - weight(a) || (a < b ? -1 : 1);
}

interface Refs {
  readonly tags: ReadonlyMap<string, string>;
  readonly branches: ReadonlyMap<string, string>;
}

/** Branches and tags with the commits that they stand for; of a clone also those of its origin. Others (`refs/pull`) are of strangers, and do not count. */
async function refsIn(directory: string): Promise<Result<Refs, Refusal>> {
  const listed = await git({
    directory,
    args: [
      'for-each-ref',
      `--count=${MAX_REFS}`,
      '--format=%(refname)%00%(objecttype)%00%(objectname)%00%(*objecttype)%00%(*objectname)',
      'refs/heads',
      'refs/tags',
      'refs/remotes/origin',
    ],
  });
  if (!listed.ok) return listed;
  const tags = new Map<string, string>();
  const branches = new Map<string, string>();
  for (const line of listed.value.toString('utf8').split('\n')) {
    const [name = '', type, object = '', peeledType, peeled = ''] = line.split('\0');
    const commit = type === 'commit' ? object : peeledType === 'commit' ? peeled : undefined;
    if (commit === undefined || !isCommit(commit)) continue;
    const [, kind, short = ''] = /^refs\/(heads|tags|remotes\/origin)\/(.+)$/.exec(name) ?? [];
    if (kind === 'tags') tags.set(short, commit);
    else if (kind === 'remotes/origin' && short !== 'HEAD') branches.set(short, commit);
    else if (kind === 'heads' && !branches.has(short)) branches.set(short, commit);
  }
  return ok({ tags, branches });
}

function refuse(rule: string, why: string, fix: string): Result<never, Refusal> {
  return err(refusal('policy', rule, why, fix));
}
