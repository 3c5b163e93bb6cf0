import type { Leg } from '../schedule/job-graph.ts';
import type { JobZone } from '../trust/job-zones.ts';
import type { RunGround } from './run-ground.ts';

/** Says which of the kernel's limits the job met, from what its cgroup counted. */
export async function jobLimitEvents(
  ground: RunGround,
  leg: Leg,
  granted: JobZone,
  usage: { readonly oomKills?: number; readonly pidsRefused?: number },
): Promise<void> {
  const { limits } = granted.controls;
  if ((usage.oomKills ?? 0) > 0)
    await ground.journal.write({
      type: 'limit.hit',
      job: leg.id,
      step: 'job',
      limit: 'memoryBytes',
      value: limits.memoryBytes,
    });
  if ((usage.pidsRefused ?? 0) > 0)
    await ground.journal.write({
      type: 'limit.hit',
      job: leg.id,
      step: 'job',
      limit: 'pids',
      value: limits.pids,
    });
}
