import type { Cgroup } from '../../sandbox/index.ts';
import type { ReplayCase } from '../attack.ts';
import type { Scene } from './scene.ts';

const LOOK_MS = 20;

/** Looks every few milliseconds, until it is told to stop, at how much of the machine a job holds and at what it does. */
export function watchJob(cgroup: Cgroup, scene: Scene, one: ReplayCase): () => void {
  const began = performance.now();
  const before = { cpuMs: cgroup.usage().cpuMs ?? 0, periods: cgroup.quotaPeriods() ?? 0 };
  const measure = (): void => {
    const pids = cgroup.processes();
    const seen = scene.seen ?? look(one, scene, pids);
    if (seen !== undefined) scene.seen = seen;
    scene.longestMs = Math.max(scene.longestMs, performance.now() - began);
    scene.peak.pids = Math.max(scene.peak.pids, pids.length);
    const usage = cgroup.usage();
    scene.peak.memoryBytes = Math.max(scene.peak.memoryBytes, usage.memoryPeakBytes ?? 0);
    // The last of both: afterwards the group is gone.
    scene.processorTime = {
      cpuMs: Math.max(scene.processorTime.cpuMs, (usage.cpuMs ?? 0) - before.cpuMs),
      periods: Math.max(scene.processorTime.periods, (cgroup.quotaPeriods() ?? 0) - before.periods),
    };
  };
  const timer = setInterval(measure, LOOK_MS);
  return () => {
    measure();
    clearInterval(timer);
  };
}

/** A process may end while it is looked at. */
function look(one: ReplayCase, scene: Scene, pids: readonly number[]): string | undefined {
  try {
    return one.during?.(scene, pids);
  } catch {
    return undefined;
  }
}
