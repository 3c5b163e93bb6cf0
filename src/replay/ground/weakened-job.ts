import type { Cgroup, ContainerRuntime } from '../../sandbox/index.ts';
import type { JobRequest } from './job-request.ts';
import type { WallName } from './walls.ts';
import { openWeakened } from './weakened-sandbox.ts';

/** A job that has no time limit is still ended some time. */
export const ENDLESS_MS = 60_000;

/** Runs the job's program in a sandbox that lacks the walls that are named. */
export async function weakenedJob(
  request: JobRequest,
  without: readonly WallName[],
  home: string,
  runtime: ContainerRuntime,
  watch: (cgroup: Cgroup) => () => void,
): Promise<void> {
  const sandbox = await openWeakened(request, without, home, runtime);
  const stop = watch(sandbox.cgroup);
  await sandbox.run(
    { argv: request.argv, environment: request.environment, workingDirectory: request.workFolder },
    without.includes('time-limit') ? ENDLESS_MS : request.timeoutMs,
  );
  stop();
  if (!without.includes('ending')) await sandbox.close();
}
