import type { Cgroup } from '../../sandbox/index.ts';
import type { ReplayCase } from '../attack.ts';
import type { Scene } from './scene.ts';

const LOOK_MS = 20;
/** How many processors a job had is asked of a time that is long against the kernel's own periods. */
const WINDOW_MS = 400;

/** Looks every few milliseconds, until it is told to stop, at how much of the machine a job holds and at what it does. */
export function watchJob(cgroup: Cgroup, scene: Scene, one: ReplayCase): () => void {
  const began = performance.now();
  const samples: { readonly at: number; readonly cpuMs: number }[] = [];
  const measure = (): void => {
    const pids = cgroup.processes();
    const seen = scene.seen ?? look(one, scene, pids);
    if (seen !== undefined) scene.seen = seen;
    scene.longestMs = Math.max(scene.longestMs, performance.now() - began);
    scene.peak.pids = Math.max(scene.peak.pids, pids.length);
    const usage = cgroup.usage();
    scene.peak.memoryBytes = Math.max(scene.peak.memoryBytes, usage.memoryPeakBytes ?? 0);
    const now = { at: performance.now(), cpuMs: usage.cpuMs ?? 0 };
    const before = samples.findLast(({ at }) => now.at - at >= WINDOW_MS);
    if (before !== undefined)
      scene.peak.processors = Math.max(
        scene.peak.processors,
        (now.cpuMs - before.cpuMs) / (now.at - before.at),
      );
    samples.push(now);
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
