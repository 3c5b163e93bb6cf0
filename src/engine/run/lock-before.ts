import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import { ok, type Refusal, refusal, type Result } from '../../base/index.ts';
import type { GatheredFile } from '../../gate/index.ts';
import type { RunEvent } from '../event/event.ts';
import { automationAt } from '../repository/automation-files.ts';
import { git } from '../repository/git.ts';
import type { LocalRepository } from '../repository/local-repository.ts';

/** As in `src/gate/lock/model.ts`; here so that a run without a lock does not load the gate. A test holds them together. */
export const LOCK_FILES: readonly string[] = [
  '.github/workflows/actions.lock',
  '.github/workflows/cofferdam.lock',
];

interface LockedRun {
  readonly repository: LocalRepository;
  readonly event: RunEvent;
  readonly workflowPath: string;
}

/**
 * Why a run is refused by the repository\u2019s lock: something that its workflow uses is not in it, or differs from it, or the lock cannot be
 * read. Undefined when there is no lock, or all agrees. The lock is read from where the workflow is: the commit, or the work tree.
 */
export async function refusedByLock({
  repository,
  event,
  workflowPath,
}: LockedRun): Promise<Refusal | undefined> {
  const committed = repository.git && !event.workTree;
  const names = committed
    ? await lockedNames(repository.directory, event.sha)
    : ok(await lyingNames(repository.directory));
  if (!names.ok) return names.error;
  if (names.value.length === 0) return undefined;
  const { ACTIONS_LOCK, disagreements, gatherFiles, OWN_LOCK, readRepository, Subject } = await import(
    '../../gate/index.ts'
  );
  const files: Result<readonly GatheredFile[], Refusal> = committed
    ? await automationAt(repository.directory, event.sha)
    : ok(await gatherFiles(repository.directory));
  if (!files.ok) return files.error;
  const model = await readRepository(files.value);
  const read = new Set([
    ...model.unread.map(({ path }) => path),
    ...(model.locks.actions === undefined ? [] : [ACTIONS_LOCK]),
    ...(model.locks.own === undefined ? [] : [OWN_LOCK]),
  ]);
  // A link or a folder of that name is not among the files; it is no reason to go without.
  const odd = names.value.find((path) => !read.has(path));
  if (odd !== undefined)
    return refusal('policy', 'lock/unreadable', `${odd} is no plain file`, 'write it anew: cofferdam lock', {
      file: odd,
    });
  const subject = new Subject(model);
  // What is about another workflow is told by `lock --check`.
  const found = disagreements(subject).find(
    ({ workflow }) => workflow === undefined || workflow === workflowPath,
  );
  if (found === undefined) return undefined;
  const { file, line, column } = found.at;
  return refusal(
    'policy',
    'lock/disagrees',
    `the run is not what was locked: ${found.why}`,
    'look at what changed, then write the lock anew: cofferdam lock',
    { file, line, column },
  );
}

async function lockedNames(directory: string, commit: string): Promise<Result<readonly string[], Refusal>> {
  const listed = await git(directory, [
    '--literal-pathspecs',
    'ls-tree',
    '-z',
    '--name-only',
    '--full-tree',
    commit,
    '--',
    ...LOCK_FILES,
  ]);
  return listed.ok
    ? ok(
        listed.value
          .toString('utf8')
          .split('\0')
          .filter((name) => name !== ''),
      )
    : listed;
}

/** Whatever lies there by one of the names, also a link: the gate says what is wrong with it. */
async function lyingNames(directory: string): Promise<readonly string[]> {
  const found = await Promise.all(
    LOCK_FILES.map((name) => lstat(join(directory, name)).catch(() => undefined)),
  );
  return LOCK_FILES.filter((_, at) => found[at] !== undefined);
}
