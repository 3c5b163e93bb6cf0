import { err, ok, type Refusal, refusal, type Result } from '../../base/index.ts';
import { git } from './git.ts';

/**
 * A plain file as it stands in a commit, or undefined when there is none of that path. Refuses a link, a submodule and a
 * file larger than `maxBytes`. The path is taken literally.
 */
export async function committedFile(
  directory: string,
  commit: string,
  path: string,
  maxBytes: number,
): Promise<Result<Buffer | undefined, Refusal>> {
  const listed = await git(directory, ['--literal-pathspecs', 'ls-tree', '-z', '-l', commit, '--', path]);
  if (!listed.ok) return listed;
  const entry = listed.value.toString('latin1').split('\0')[0] ?? '';
  if (entry === '') return ok(undefined);
  const blob = /^100(?:644|755) blob ([0-9a-f]{40,64}) +(\d{1,12})\t/.exec(entry);
  if (blob?.[1] === undefined || Number(blob[2]) > maxBytes) {
    return err(
      refusal(
        'usage',
        'repository/unusable-file',
        `${path} in commit ${commit.slice(0, 12)} is not a plain file of at most ${maxBytes} bytes`,
        'make it a plain file, or remove it',
        { file: path },
      ),
    );
  }
  return git(directory, ['cat-file', 'blob', blob[1]]);
}

/** Names of the plain files that lie directly in a folder of a commit. */
export async function committedNames(
  directory: string,
  commit: string,
  folder: string,
): Promise<Result<readonly string[], Refusal>> {
  const listed = await git(directory, ['--literal-pathspecs', 'ls-tree', '-z', commit, '--', `${folder}/`]);
  if (!listed.ok) return listed;
  return ok(
    listed.value
      .toString('utf8')
      .split('\0')
      .flatMap((entry) => /^100(?:644|755) blob [0-9a-f]+\t(.+)$/s.exec(entry)?.[1] ?? []),
  );
}

/** Every path of a commit that holds a plain file, and the commit: `ref` is a name or a number of one, never an option. */
export async function committedTree(
  directory: string,
  ref: string,
): Promise<Result<{ readonly commit: string; readonly paths: readonly string[] }, Refusal>> {
  const found = await git(directory, [
    'rev-parse',
    '--verify',
    '--quiet',
    '--end-of-options',
    `${ref}^{commit}`,
  ]);
  const commit = found.ok ? found.value.toString('latin1').trim() : '';
  if (!/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(commit)) {
    const why = `${JSON.stringify(ref.slice(0, 200))} names no commit of ${directory}`;
    return err(
      refusal('usage', 'repository/no-commit', why, 'name a branch, a tag or a commit that is here'),
    );
  }
  const listed = await git(directory, ['ls-tree', '-r', '-z', commit]);
  if (!listed.ok) return listed;
  const paths = listed.value
    .toString('utf8')
    .split('\0')
    .flatMap((entry) => /^100(?:644|755) blob [0-9a-f]+\t(.+)$/s.exec(entry)?.[1] ?? []);
  return ok({ commit, paths });
}
