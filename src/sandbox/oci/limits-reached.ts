import { setTimeout as sleep } from 'node:timers/promises';
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

type End = Promise<{ readonly why: string }>;
/** By then both are heard of, when the kernel has ended and with it all of the job. */
const TOGETHER_MS = 200;

/**
 * What ended first. With a kernel of its own, whose end is its telemetry's too, that of process 1 when both end together: on a
 * busy machine either is heard of first.
 */
export function firstEnd(session: End, telemetry: End | undefined, ownKernel: boolean): End {
  const seen = telemetry ?? new Promise<never>(() => undefined);
  const together = ownKernel
    ? seen.then((end) => Promise.race([session, sleep(TOGETHER_MS, end, { ref: false })]))
    : seen;
  return Promise.race([session, together]);
}

/** A kernel that is a process ends as a whole when it gets no more memory or processes, and so the job. */
export function endedBy(why: string, group: JobGroup): string {
  const { oomKills = 0, pidsRefused = 0 } = group.usage();
  if (oomKills > 0) return `${why}: its kernel had no more memory than the limit memoryBytes`;
  return pidsRefused > 0 ? `${why}: its kernel had no more processes than the limit pids` : why;
}
