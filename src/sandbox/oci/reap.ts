import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { readHostFacts } from '../plan/host-facts.ts';
import { unmountBelow } from '../workspace/index.ts';
import { Cgroup } from './cgroup.ts';

/**
 * Removes what the sandboxes of a dead run left: their processes end by themselves when their owner dies, their mounts,
 * control groups and folders do not. `folders` is where sandboxes are kept; `runId` is the dead run's. Gives what could
 * not be removed.
 */
export async function reapSandboxes(folders: string, runId: string): Promise<readonly string[]> {
  let names: readonly string[];
  try {
    names = readdirSync(folders).filter((name) => name.startsWith(`${runId}-`));
  } catch {
    return [];
  }
  const host = readHostFacts();
  const left: string[] = [];
  for (const name of names) {
    const directory = join(folders, name);
    const cgroup = new Cgroup(host, `/cofferdam/${name.toLowerCase()}`);
    for (const pid of cgroup.processes()) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // It has ended meanwhile.
      }
    }
    await cgroup.empty(2_000);
    const gone = await unmountBelow(directory);
    await sleep(0);
    left.push(...cgroup.remove());
    if (!gone.ok) left.push(directory);
    else rmSync(directory, { recursive: true, force: true });
  }
  return left;
}
