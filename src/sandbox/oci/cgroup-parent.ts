import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ASIDE } from '../plan/cgroup-place.ts';
import type { HostFacts } from '../plan/host-facts.ts';

const WANTED = ['memory', 'cpu', 'pids'] as const;
/** A process may start another between our reading and our writing; a group that fills faster is not to be emptied. */
const ROUNDS = 20;

/**
 * Makes the group in which those of sandboxes are made, and hands the controllers on to it: what the machine does not give
 * is absent from the facts that come back, with the kernel's reason. Whoever is in the way of that, because a group with
 * processes hands nothing on, is moved into a group of its own beside ours: that is so in a container, whose root is not
 * the machine's, and in a service whose subtree is delegated to it. First hierarchy: nothing to do.
 */
export function prepareParent(host: HostFacts, root = '/sys/fs/cgroup'): HostFacts {
  if (host.cgroup !== 'v2') return host;
  const parent = join(root, host.cgroupParent);
  const above = dirname(parent);
  const lacking: Partial<Record<(typeof WANTED)[number], string>> = {};
  let fix = host.controllersFix;
  for (const group of [above, parent]) {
    // Below the machine's root no group with processes may hand these on. Some kernels let it, and what is below it is then
    // no group to use.
    const made = attempt(() => mkdirSync(group, { recursive: true }));
    const failed: Stays | undefined =
      made === undefined
        ? existsSync(join(group, 'cgroup.type'))
          ? moveAside(group)
          : undefined
        : { why: `${group} cannot be made (${made})` };
    fix ??= failed?.fix;
    for (const name of WANTED) {
      const why = failed?.why ?? handOn(group, name);
      if (why !== undefined) lacking[name] ??= why;
    }
  }
  return {
    ...host,
    controllers: host.controllers.filter((name) => lacking[name] === undefined),
    controllersLacking: { ...host.controllersLacking, ...lacking },
    ...(fix !== undefined && { controllersFix: fix }),
    // Of the root group there is none; in ours the file is there whenever the kernel accounts swap by groups.
    swapLimit: existsSync(join(parent, 'memory.swap.max')),
  };
}

/** Gives the reason why not. */
function handOn(group: string, name: string): string | undefined {
  const control = join(group, 'cgroup.subtree_control');
  if (words(control).includes(name)) return undefined;
  if (!words(join(group, 'cgroup.controllers')).includes(name)) return `${group} is not given it`;
  return told(
    group,
    attempt(() => writeFileSync(control, `+${name}`)),
  );
}

function told(group: string, why: string | undefined): string | undefined {
  return why === undefined ? undefined : `${group} does not hand it on (${why})`;
}

/** Why processes stay where they are in the way, and what would mend it. */
interface Stays {
  readonly why: string;
  readonly fix?: string;
}

function moveAside(group: string): Stays | undefined {
  if (words(join(group, 'cgroup.procs')).length === 0) return undefined;
  const aside = join(group, ASIDE);
  const made = attempt(() => mkdirSync(aside, { recursive: true }));
  if (made !== undefined) return { why: `${aside} cannot be made for the processes of ${group} (${made})` };
  for (let round = 0; round < ROUNDS; round += 1) {
    const processes = words(join(group, 'cgroup.procs'));
    if (processes.length === 0) return undefined;
    for (const pid of processes) {
      // 0 stands for one of another process namespace, which we cannot name.
      if (pid === '0')
        return { why: `${group} has processes of another process namespace, which cannot be moved` };
      const why = attempt(() => writeFileSync(join(aside, 'cgroup.procs'), pid));
      if (why !== undefined && why !== 'ESRCH') return stays(group, pid, why);
    }
  }
  return { why: `processes start in ${group} faster than they can be moved out of it` };
}

/** A group with processes that hands controllers on is the root of threads (cgroups(7)): what is below it takes no process. */
function stays(group: string, pid: string, code: string): Stays {
  if (code !== 'ENOTSUP' && code !== 'EOPNOTSUPP')
    return { why: `process ${pid} cannot be moved out of ${group} (${code})` };
  const handed = words(join(group, 'cgroup.subtree_control'));
  const does =
    handed.length > 0 ? `hands ${handed.join(' and ')} on already` : 'has threaded groups below it';
  return {
    why: `${group} has processes and ${does}, and below such a group none can be made for a sandbox (${code})`,
    fix: `start it in a group that hands nothing on (systemd-run --pipe --wait -p Delegate=yes, or a new folder beside ${group}), or end what made ${group} so`,
  };
}

function words(path: string): readonly string[] {
  try {
    return readFileSync(path, 'utf8').split(/\s+/).filter(Boolean);
  } catch {
    return [];
  }
}

function attempt(act: () => unknown): string | undefined {
  try {
    act();
    return undefined;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? 'failed';
  }
}
