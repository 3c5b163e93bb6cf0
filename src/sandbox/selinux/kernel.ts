import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ProbeCheck } from '../contract.ts';

export type SeLinux = 'none' | 'complains' | 'enforces' | 'hidden';

/**
 * What SELinux does on this machine, as its own file system says. `hidden`: processes have contexts, and that file system is not
 * shown here, as in most containers, so that nobody can tell whether it enforces.
 */
export function seLinuxHere(root = '/'): SeLinux {
  const enforce = read(join(root, 'sys/fs/selinux/enforce'));
  if (enforce !== undefined) return enforce === '0' ? 'complains' : 'enforces';
  // AppArmor answers in the same file: its labels have no four parts.
  const own = read(join(root, 'proc/self/attr/current')) ?? '';
  if (
    !/^[^:]+:[^:]+:[^:]+(?::.*)?$/u.test(own) ||
    read(join(root, 'sys/module/apparmor/parameters/enabled')) === 'Y'
  )
    return 'none';
  return 'hidden';
}

/**
 * That this version makes no wall of SELinux, for the receipt: with the reason, and on a machine that enforces it with the
 * contexts that process 1 has, which are the runtime's and not of our making. Held, as the lack is no fault of the sandbox's;
 * `isolation.secondWalls: [selinux]` refuses it.
 */
export function seLinuxCheck(state: SeLinux | 'own kernel', contexts: readonly string[]): ProbeCheck {
  return { id: 'selinux', kind: 'state', held: true, seen: `absent: ${why(state, contexts)}`.slice(0, 200) };
}

function why(state: SeLinux | 'own kernel', contexts: readonly string[]): string {
  const having = [...new Set(contexts)].map((one) => one.replace(/[^ -~]/gu, '?')).join(', ') || 'none';
  if (state === 'own kernel') return 'the job has a kernel of its own';
  if (state === 'none') return 'this kernel has none, or it is turned off';
  if (state === 'complains') return 'SELinux is here and only complains; this version has no policy for it';
  const does =
    state === 'enforces' ? 'SELinux is enforced here' : 'whether SELinux is enforced is hidden here';
  return `${does}, this version has no policy for jobs, and process 1 is in ${having}`;
}

/** The context of each thread of a process, as the kernel says it outside of the sandbox. */
export function threadContexts(pid: number): readonly string[] {
  try {
    return readdirSync(`/proc/${pid}/task`).map(
      (thread) => read(`/proc/${pid}/task/${thread}/attr/current`) ?? '',
    );
  } catch {
    return [];
  }
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').replaceAll('\0', '').trim();
  } catch {
    return undefined;
  }
}
