import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ProbeCheck } from '../contract.ts';

export type SeLinux = 'none' | 'complains' | 'enforces' | 'hidden';

/** Why there is no wall of SELinux around a sandbox. */
export type SeLinuxLack = Exclude<SeLinux, 'enforces'> | 'own kernel' | 'rootless' | 'profile' | 'not loaded';

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
 * That there is no wall of SELinux around a sandbox, for the receipt: with the reason, and on a machine that enforces it with the
 * contexts that process 1 has, which are the runtime's and not of our making. Held, as the lack is no fault of the sandbox's;
 * `isolation.secondWalls: [selinux]` refuses it.
 */
export function seLinuxAbsent(lack: SeLinuxLack, contexts: readonly string[]): ProbeCheck {
  return { id: 'selinux', kind: 'state', held: true, seen: `absent: ${why(lack, contexts)}`.slice(0, 200) };
}

/** What its word begins with where the one thing that is missing is that the module is loaded. */
export const NOT_LOADED = 'absent: SELinux is enforced here, the module cofferdam is not loaded';

function why(lack: SeLinuxLack, contexts: readonly string[]): string {
  const having = [...new Set(contexts)].map((one) => one.replace(/[^ -~]/gu, '?')).join(', ') || 'none';
  switch (lack) {
    case 'own kernel':
      return 'the job has a kernel of its own';
    case 'none':
      return 'this kernel has none, or it is turned off';
    case 'complains':
      return 'SELinux is here and only complains';
    case 'hidden':
      return `whether SELinux is enforced is hidden here, and process 1 is in ${having}`;
    case 'rootless':
      return `SELinux is enforced here and used for root of the machine only, and process 1 is in ${having}`;
    case 'profile':
      return `the job’s profile opens what the module cofferdam refuses, and process 1 is in ${having}`;
    case 'not loaded':
      return `${NOT_LOADED.slice('absent: '.length)}, and process 1 is in ${having}`;
  }
}

/** The context of each thread of a process, as the kernel says it outside of the sandbox. */
export function threadContexts(pid: number): readonly string[] {
  try {
    return readdirSync(`/proc/${pid}/task`).map((thread) => contextAt(`/proc/${pid}/task/${thread}`));
  } catch {
    return [];
  }
}

/** The context of a process, by its folder in `/proc`; empty when it cannot be read. */
export function contextAt(folder: string): string {
  return read(`${folder}/attr/current`) ?? '';
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').replaceAll('\0', '').trim();
  } catch {
    return undefined;
  }
}
