import { readFileSync, statfsSync } from 'node:fs';
import type { Scene } from './scene.ts';

/** How much of the file system that a job has at a folder is in use; undefined when it cannot be seen at this moment. */
export function bytesIn(scene: Scene, pids: readonly number[], folder: string): number | undefined {
  const place = placeOf(scene, pids, folder);
  if (place === undefined) return undefined;
  const { blocks, bfree, bsize } = statfsSync(place);
  return (blocks - bfree) * bsize;
}

export function filesIn(scene: Scene, pids: readonly number[], folder: string): number | undefined {
  const place = placeOf(scene, pids, folder);
  if (place === undefined) return undefined;
  const { files, ffree } = statfsSync(place);
  return files - ffree;
}

const MIB = 2 ** 20;
/** Of a microVM beside the job's own: the guest's kernel, its monitor, and a part of what it holds for pages. */
const MACHINE_BYTES = 704 * MIB;

/** What a job may hold of the machine's memory, by a limit of its own, before it is far more than that. */
export function mostMemory({ side, runtime }: Pick<Scene, 'side' | 'runtime'>, limit: number): number {
  return limit * 1.07 + (side === 'on' && runtime === 'qemu' ? MACHINE_BYTES : 0);
}

/**
 * The folder as it can be reached from outside: by way of a process of the job, or, where the job's kernel is not the
 * machine's, where the machine's kernel holds it for that. What a guest holds in its own memory cannot be.
 */
function placeOf(scene: Scene, [pid]: readonly number[], folder: string): string | undefined {
  if (scene.side === 'off' || !['runsc', 'qemu'].includes(scene.runtime))
    return pid === undefined ? undefined : `/proc/${pid}/root${folder}`;
  const points = readFileSync('/proc/self/mountinfo', 'latin1')
    .split('\n')
    .map((line) => line.split(' ')[4] ?? '');
  const wanted = folder === scene.workFolder ? /\/private\/workspace\/merged$/ : /\/private\/memory\/1$/;
  return points.find((point) => wanted.test(point));
}
