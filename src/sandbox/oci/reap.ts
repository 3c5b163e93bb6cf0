import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { appArmorNames, removeProfiles } from '../apparmor/index.ts';
import { readHostFacts } from '../plan/host-facts.ts';
import { tryName } from '../plan/sandbox-name.ts';
import { unmountBelow } from '../workspace/index.ts';
import { Cgroup } from './cgroup.ts';

/** A mount or a runtime that a dead run had begun ends in milliseconds; on a busy machine, later. */
const GONE_WITHIN_MS = 10_000;

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
  const left: string[] = [];
  for (const name of names) {
    // What was being made when the run died is still made after that, so one look is not enough.
    let still = await reapOnce(folders, name);
    for (const until = Date.now() + GONE_WITHIN_MS; still.length > 0 && Date.now() < until; ) {
      await sleep(25);
      still = await reapOnce(folders, name);
    }
    left.push(...still);
  }
  return left;
}

async function reapOnce(folders: string, name: string): Promise<readonly string[]> {
  const directory = join(folders, name);
  const host = readHostFacts();
  // That of a try of KVM besides, which lies in the same folder.
  const names = [name, tryName(name)].map((one) => one.toLowerCase());
  const groups = names.map((one) => new Cgroup(host, `${host.cgroupParent}/${one}`));
  for (const pid of groups.flatMap((group) => group.processes())) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It has ended meanwhile.
    }
  }
  await Promise.all(groups.map((group) => group.empty(2_000)));
  const maker = makerOf(directory);
  if (maker !== undefined) return [maker];
  const gone = await unmountBelow(directory);
  const stays = names
    .flatMap((one) => removeProfiles(appArmorNames(one)))
    .map((profile) => `AppArmor profile ${profile}`);
  const left = [...groups.flatMap((group) => group.remove()), ...stays];
  if (!gone.ok) return [...left, directory];
  try {
    rmSync(directory, { recursive: true, force: true });
    return left;
  } catch {
    return [...left, directory];
  }
}

/** A program of the dead run's that is told of the folder and so may still mount there; it is waited for, never killed. */
function makerOf(directory: string): string | undefined {
  const pid = readdirSync('/proc').find((id) => {
    if (!/^\d+$/.test(id)) return false;
    try {
      return readFileSync(`/proc/${id}/cmdline`, 'latin1')
        .split('\0')
        .some((word) => word === directory || word.startsWith(`${directory}/`));
    } catch {
      return false;
    }
  });
  return pid === undefined ? undefined : `process ${pid}, which uses ${directory}`;
}
