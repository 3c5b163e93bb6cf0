import type { LimitName } from '../../zone/index.ts';
import { isFull, type Workspace } from '../workspace/index.ts';
import type { JobGroup } from './job-group.ts';

/** Which file systems of limited size are full at this moment. */
export async function fullOf(
  workspace: Workspace,
  temporary: readonly string[],
): Promise<readonly LimitName[]> {
  const nothing = { bytes: false, inodes: false };
  const [own, ...others] = await Promise.all([
    workspace.full().catch(() => nothing),
    ...temporary.map((path) => isFull(path).catch(() => nothing)),
  ]);
  return [
    ...(own.bytes ? (['workspaceBytes'] as const) : []),
    ...(own.inodes ? (['workspaceInodes'] as const) : []),
    ...(others.some((one) => one.bytes) ? (['tmpBytes'] as const) : []),
    ...(others.some((one) => one.inodes) ? (['tmpInodes'] as const) : []),
  ];
}

/** A kernel that is a process ends as a whole when it gets no more memory or processes, and so the job. */
export function endedBy(why: string, group: JobGroup): string {
  const { oomKills = 0, pidsRefused = 0 } = group.usage();
  if (oomKills > 0) return `${why}: its kernel had no more memory than the limit memoryBytes`;
  return pidsRefused > 0 ? `${why}: its kernel had no more processes than the limit pids` : why;
}
