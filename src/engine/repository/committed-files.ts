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
