import { readFileSync, readlinkSync, realpathSync } from 'node:fs';
import type { ProbeCheck } from '../contract.ts';

/**
 * Looks from outside at a kernel that is a process (gVisor): every process in the sandbox's control group is that kernel's
 * program and none is the job's own, and root of the host is nobody in it.
 */
export function ownKernelChecks(
  kernelPid: number,
  program: string,
  processes: readonly number[],
): readonly ProbeCheck[] {
  const expected = realpathSync(program);
  const others = processes.filter((pid) => executableOf(pid) !== expected);
  const map = read(`/proc/${kernelPid}/uid_map`)?.trim().split('\n') ?? [];
  const hostRoot = map.some((row) => {
    const [, host = 0, size = 0] = row.trim().split(/\s+/).map(Number);
    return host === 0 && size > 0;
  });
  return [
    {
      id: 'own-kernel',
      kind: 'state',
      held: processes.length > 0 && others.length === 0,
      seen: `${processes.length} processes, ${others.length} of another program`,
    },
    {
      id: 'host-root-not-mapped-outside',
      kind: 'state',
      held: map.length > 0 && !hostRoot,
      seen: `${map.length} rows${hostRoot ? ' with host root' : ''}`,
    },
  ];
}

/** Undefined for a process that has ended. */
function executableOf(pid: number): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/exe`);
  } catch {
    return undefined;
  }
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
